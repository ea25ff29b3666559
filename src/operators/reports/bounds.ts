import { isObservable, type Observable } from 'rxjs'
import { mistyped } from '../../runtime/internal.js'
import { draw } from './graph.js'

/** A stage or source, and the items it holds at most. */
export interface StageBound {
  readonly name: string
  /** Items; Infinity where nothing bounds them. */
  readonly holds: number
  /** The overflow policy, unless a full stage pauses its source. */
  readonly policy?: string
}

/** The result of `bounds`. */
export interface Bounds {
  /** Items the whole pipeline holds at most; Infinity where a part has no bound. */
  readonly items: number
  /** From the sources downward. */
  readonly stages: readonly StageBound[]
  /** The parts that have no bound, or cannot be looked into. */
  readonly unknown: readonly string[]
  /** The report as text: a line for each stage, then the total. */
  toString(): string
}

/**
 * Returns the items that a pipeline holds at most, stage by stage, without subscribing to it. Operators of RxJS in
 * between count as holding nothing, which is true of operators that pass an item on at once; operators that hold items
 * back are detected when the pipeline runs. Named as unknown are a foreign source, an operator of RxJS with several
 * sources (`merge`, `zip`), and the groups of `groupByKey`, whose pipelines are built while it runs. Two things only a
 * run shows, and both are named as unknown from then on: workers that return observables, and inner sources of RxJS's
 * operators (`mergeMap`, `concatMap`) above a stage or straight under `run`. A result that an observable of a worker
 * emits beyond the bound is reported to `onUnpaced`. A part behind RxJS's `share` keeps its bound for the first
 * subscriber, which paces it; items that reach a full stage of another subscriber are beyond the bound, and are
 * reported. Throws TypeError for an argument that is no observable.
 *
 * @example
 * ```ts
 * String(bounds(fromReceiver(jobs).pipe(workerPool(5, work)))) // → holds at most 6 items: fromReceiver 1, workerPool 5
 * ```
 */
export function bounds(pipeline: Observable<unknown>): Bounds {
  if (!isObservable(pipeline)) throw mistyped('bounds(pipeline)', 'an Observable', pipeline)
  const { nodes } = draw(pipeline, true)
  const stages = nodes
    .filter(({ kind }) => kind !== 'foreign')
    .map(({ name, holds, policy }): StageBound => ({ name, holds, ...(policy === undefined ? {} : { policy }) }))
  const unknown = nodes
    .filter(({ holds, unseen }) => holds === Infinity || unseen !== undefined)
    .map(({ kind, name, unseen }) => {
      if (kind === 'foreign') return 'a foreign source, or several sources in one operator (merge, zip, concat)'
      return unseen === undefined ? `${name}: nothing bounds it` : `${name}: ${unseen} cannot be seen before they run`
    })
  const items = unknown.length > 0 ? Infinity : stages.reduce((sum, { holds }) => sum + holds, 0)
  return { items, stages, unknown, toString: () => textOf(items, stages, unknown) }
}

function textOf(items: number, stages: readonly StageBound[], unknown: readonly string[]): string {
  const all = stages.map(({ name, holds, policy }) => `${name} ${holds}${policy === undefined ? '' : ` (${policy})`}`).join(', ')
  return items === Infinity
    ? `cannot be bounded: ${unknown.join('; ')}; known: ${all}`
    : `holds at most ${items} ${items === 1 ? 'item' : 'items'}: ${all}`
}
