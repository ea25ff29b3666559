/** A race in words: both accesses, both goroutines, and what would have ordered them. */
import { Names, placeOf } from '../../runtime/internal.js'
import type { Stamp } from './frame.js'
import type { Access, Place, Where } from './places.js'
import { sites } from './sites.js'
import type { Strand } from './strand.js'

/** A race, as a rule finds it. */
export interface Race {
  readonly rule: 'stale' | 'order' | 'misuse'
  readonly place: Place
  /** The earlier access; null where it is missing. */
  readonly first: Access | null
  readonly second: Access
  /** The read that the second access goes by, of the rule `stale`. */
  readonly read: Stamp | null
  /** The wait between that read and the second access. */
  readonly wait: Where
  /** Whether the write of the first came in between in this run. */
  readonly isSeen: boolean
  readonly text: string
}

/** An access of a race. */
export interface RaceAccess {
  /** `read`, `write`, `close`, `send`, `add from zero`, `wait`, `done`. */
  readonly did: string
  /** `withdraw#3`. */
  readonly goroutine: string
  /** `withdraw (account.ts:9:3)`; null where it is not known. */
  readonly at: string | null
  /** The place where the goroutine was started; null where it is not known. */
  readonly startedAt: string | null
  /** The goroutine that started it; null for the host. */
  readonly startedBy: string | null
  /** The locks and permits held: `mutex 1`. */
  readonly held: readonly string[]
  /** The stack of the access; null where no stack was kept. Of the earlier access `explore` has one, by the replay of the schedule. */
  readonly stack: string | null
}

/**
 * Two accesses that nothing orders. The message names both, their goroutines, and what would have ordered them.
 *
 * - `stale`: a write goes by a read from before a wait, and another write came in between, or can.
 * - `order`: two accesses, one of them a write, and nothing orders them.
 * - `misuse`: a close beside a send, an `add` from zero beside a `wait`, a `done` that no `add` comes before.
 */
export class RaceError extends Error {
  override readonly name = 'RaceError'
  // eslint-disable-next-line max-params -- its properties
  constructor(
    readonly rule: 'stale' | 'order' | 'misuse',
    /** The place accessed: `balance`, `account.balance`, `channel`. */
    readonly place: string,
    /** In order of time; for `stale` the read that the last write goes by comes first. */
    readonly accesses: readonly RaceAccess[],
    message: string,
    /** The wait between the read and the write of `stale`: `withdraw (account.ts:8:3)`; null where it is not known. */
    readonly wait: string | null = null,
  ) {
    super(message)
  }
}

export function raceError(race: Race): RaceError {
  const names = new Names()
  const { rule, place, first, second, read } = race
  const accesses: RaceAccess[] = []
  if (read !== null) accesses.push(accessOf('read', read, names))
  if (first !== null) accesses.push(accessOf(first.did, first, names))
  accesses.push(accessOf(second.did, second, names))
  return new RaceError(rule, place.name, accesses, textOf(race, accesses, names), whereText(race.wait))
}

function accessOf(did: string, { where, task, held, stack }: Pick<Stamp, 'where' | 'task' | 'held' | 'stack'>, names: Names): RaceAccess {
  return {
    did,
    goroutine: task.name,
    at: whereText(where),
    startedAt: whereText(task.start),
    startedBy: task.by,
    held: held.map((lock) => names.of(lock)),
    stack: (typeof where === 'number' ? stack : where)?.stack ?? null,
  }
}

function whereText(where: Where): string | null {
  if (where === null) return null
  if (typeof where !== 'number') return placeOf(where)
  const site = sites[where]
  return `${site.fn} (${site.file}:${site.line}:${site.column})`
}

function textOf({ rule, first, second, read, wait, text }: Race, accesses: readonly RaceAccess[], names: Names): string {
  const lines = accesses.map(({ did, goroutine, at }, i) => {
    const goesBy = read !== null && i === accesses.length - 1 ? ', going by the read' : ''
    return `  ${goroutine} ${verbs[did] ?? did}${at === null ? '' : ` in ${at}`}${goesBy}${codeOf(i === 0 && read !== null ? read.where : i === accesses.length - 1 ? second.where : (first?.where ?? null))}`
  })
  const waitsAt = whereText(wait)
  if (waitsAt !== null) lines.splice(1, 0, `  ${accesses[0].goroutine} waits in ${waitsAt}${codeOf(wait)}`)
  const seen = new Set<string>()
  for (const { goroutine, startedAt, startedBy, held } of accesses) {
    if (seen.has(goroutine)) continue
    seen.add(goroutine)
    const start = startedBy === null ? '' : ` was started by ${startedBy}${startedAt === null ? '' : ` in ${startedAt}`},`
    lines.push(`  ${goroutine}${start} held ${held.length === 0 ? 'nothing' : held.join(', ')}`)
  }
  if (first !== null) lines.push(`  ${sharedText(first.strand, second.strand, names)}`)
  lines.push(`  One way out: ${waysOut[first === null ? 'done' : rule === 'misuse' ? second.did : rule] ?? waysOut.close}`)
  return `${text}\n${lines.join('\n')}`
}

function codeOf(where: Where): string {
  const code = typeof where === 'number' ? sites[where].code : undefined
  return code === undefined ? '' : `:  ${code.trim()}`
}

const verbs: Record<string, string> = { read: 'reads', write: 'writes', close: 'closes', send: 'sends', wait: 'waits', done: 'is done' }

function sharedText(first: Strand, second: Strand, names: Names): string {
  const common = [...(first.used ?? [])].filter((thing) => second.used?.has(thing) === true && thing.kind !== '')
  if (common.length === 0) return 'Nothing orders them: they have shared no lock, channel, group or join.'
  return `Both have used ${common.map((thing) => names.of(thing)).join(', ')}, which does not order these two.`
}

const waysOut: Record<string, string> = {
  stale: 'hold a mutex from the read to the write, or read again after the wait.',
  order: 'hold one mutex at both, or let the second begin after the first has ended: a join, a wait group, a channel.',
  close: 'close when the senders have ended (a join, a wait group), or in the only sender.',
  send: 'close when the senders have ended (a join, a wait group), or in the only sender.',
  wait: 'add before the goroutine is started that waits, or that is waited for.',
  'add from zero': 'add before the goroutine is started that waits, or that is waited for.',
  done: 'add before the goroutine is started that is done.',
}
