import { isObservable, Observable } from 'rxjs'
import { mistyped } from '../../runtime/internal.js'
import { descriptionOf } from '../engine/description.js'

/** One stage or source of ours, and what it holds at most. */
export interface StageBound {
  readonly name: string
  /** Items; Infinity where nothing bounds them. */
  readonly holds: number
  readonly policy?: string
}

export interface Bounds {
  /** Items the whole holds at most; Infinity where something cannot be bounded. */
  readonly items: number
  /** From the source downward. */
  readonly stages: readonly StageBound[]
  /** What cannot be bounded, or is not known. */
  readonly unknown: readonly string[]
  toString(): string
}

/**
 * What a pipeline holds at most, stage by stage, without subscribing to it. Operators of RxJS in between are counted as holding nothing, which is
 * true of those that pass an item on at once; those that hold items back are detected when it runs. A `concatMap` or
 * `mergeMap(f, n)` onto sources of ours holds an outer item more, which is not counted. What is not ours at the top, or hides its
 * sources (`merge`, `zip`), cannot be known and is named.
 *
 * @example
 * ```ts
 * String(bounds(fromReceiver(jobs).pipe(workerPool(5, work)))) // → holds at most 6 items: fromReceiver 1, workerPool 5
 * ```
 */
export function bounds(pipeline: Observable<unknown>): Bounds {
  if (!isObservable(pipeline)) throw mistyped('bounds(pipeline)', 'an Observable', pipeline)
  const stages: StageBound[] = []
  const unknown: string[] = []
  walk(pipeline, null, stages, unknown)
  const items = unknown.length > 0 ? Infinity : stages.reduce((sum, { holds }) => sum + holds, 0)
  for (const { name, holds } of stages) if (holds === Infinity) unknown.push(`${name}: nothing bounds it`)
  return { items, stages, unknown, toString: () => inWords(items, stages, unknown) }
}

/** From the bottom up to the source; `root` is where a branch begins, whose owner is counted elsewhere. */
function walk(from: Observable<unknown>, root: Observable<unknown> | null, stages: StageBound[], unknown: string[]): void {
  const below: StageBound[] = []
  for (let one: Observable<unknown> | undefined = from; one !== root;) {
    const description = descriptionOf(one)
    if (description === undefined) {
      const { source } = one as { source?: Observable<unknown> } // what RxJS's own operators have
      if (source === undefined) {
        unknown.push('a source that is not of millrace, or several in one (merge, zip, concat)')
        break
      }
      one = source
      continue
    }
    const { name, holds, policy, source, sources, branches, isPart } = description
    if (branches !== undefined) {
      const top = new Observable<never>()
      for (const branch of branches(top)) {
        const inBranch: StageBound[] = []
        walk(branch, top, inBranch, unknown)
        below.push(...inBranch.reverse())
      }
    }
    if (isPart !== true) below.push({ name, holds, ...(policy === undefined ? {} : { policy }) })
    if (sources !== undefined) for (const one of [...sources].reverse()) below.push(...ofSource(one, unknown))
    if (source === undefined) break
    one = source
  }
  stages.push(...below.reverse())
}

function ofSource(source: unknown, unknown: string[]): StageBound[] {
  const stages: StageBound[] = []
  if (isObservable(source)) walk(source, null, stages, unknown)
  else unknown.push('a source that is not of millrace')
  return stages.reverse()
}

function inWords(items: number, stages: readonly StageBound[], unknown: readonly string[]): string {
  const all = stages.map(({ name, holds, policy }) => `${name} ${holds}${policy === undefined ? '' : ` (${policy})`}`).join(', ')
  return items === Infinity
    ? `cannot be bounded: ${unknown.join('; ')}; known: ${all}`
    : `holds at most ${items} ${items === 1 ? 'item' : 'items'}: ${all}`
}
