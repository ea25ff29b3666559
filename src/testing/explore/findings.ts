/** Ways in which a run goes wrong. */
import type { Observed } from '../../runtime/index.js'
import { dumpOf, headOf, heldText, isWaiting, ringText, wakersOf, type Dump, type Spawned, type Tracker } from '../../runtime/internal.js'
import { channelRings } from './channel-rings.js'
import type { RaceConfirmation } from './confirm.js'
import { RaceError } from '../race/index.js'
import { nameOf, type Trace } from './trace.js'

/**
 * - `failed`: the program throws.
 * - `crash`: a goroutine fails, and no goroutine joins the failed goroutine.
 * - `deadlock`: the program waits, and nothing can continue.
 * - `leak`: the program has ended and left goroutines behind.
 * - `partial deadlock`: a leak of goroutines that wait for each other in a cycle of locks and joins.
 * - `step-limit`: the program has not ended at the step limit.
 * - `unperformed`: the run is well otherwise, but an operation was made and never performed.
 * - `foreign-unlock`: the run is well otherwise, but a goroutine unlocked a lock of another goroutine.
 * - `race`: two accesses that nothing orders, with `race`; `error` is a RaceError.
 * - `late-add`: the run is well otherwise, but a wait group was added to after the last wait on the group.
 */
export type FindingKind =
  'failed' | 'crash' | 'deadlock' | 'partial deadlock' | 'leak' | 'step-limit' | 'unperformed' | 'foreign-unlock' | 'late-add' | 'race'

/** The names of up to version 0.1: `steps`, `stranger`, `unwaited`; the other kinds have the same name. */
export type FormerFindingKind = Exclude<FindingKind, 'step-limit' | 'foreign-unlock' | 'late-add'> | 'steps' | 'stranger' | 'unwaited'

/** A way in which a run went wrong. */
export interface Finding {
  readonly kind: FindingKind
  /**
   * The kind under its name of up to version 0.1: `steps` for `step-limit`, `stranger` for `foreign-unlock`, `unwaited`
   * for `late-add`; the other kinds have the same name.
   * @deprecated Compare `kind`. This property goes with the next release.
   */
  readonly formerKind: FormerFindingKind
  /** The error thrown, of `failed` and `crash`; the RaceError of `race`. */
  readonly error?: unknown
  /** The goroutines that wait at the end, and for which operation: `worker#3 [chan receive]`. */
  readonly waiting: readonly string[]
  readonly message: string
  /** How the program ends where the two accesses come in the other order: of `race`, with `race: { confirm: true }`. */
  readonly confirmation?: RaceConfirmation
  /** All goroutines alive at the end, and which of them waits for which; null where they were not tracked. */
  readonly dump: Dump | null
}

/** A failure that no goroutine joined; `by` is null where a callback failed. */
export interface Crash {
  readonly error: unknown
  readonly by: Observed | null
}

/** A run at its end. */
export interface RunEnd {
  readonly main: Spawned
  readonly goroutines: readonly Spawned[]
  readonly crashes: readonly Crash[]
  readonly isAtStepLimit: boolean
  /** The loop without a wait that was ended, in words. */
  readonly polling: string | null
  readonly tracker: Tracker | null
  /** The tracker, where it records the events. */
  readonly trace: Trace | null
}

type Verdict = Pick<Finding, 'kind' | 'error' | 'message'>

/** The finding of a race, which is taken for the cause where the run has failed as well. */
export function raceFinding(race: RaceError, other: Finding | null): Finding {
  const message =
    other === null ? race.message : `${race.message}\n  Under this schedule the run has failed as well: ${other.kind}: ${other.message}`
  return findingOf({ kind: 'race', error: race, message }, other?.waiting ?? [], other?.dump ?? null)
}

/** A finding at whose end no goroutine waits. */
export function misuseFinding(kind: FindingKind, message: string): Finding {
  return findingOf({ kind, message }, [], null)
}

/** The finding of a run; null where the program and all its goroutines have ended well. */
export function judge(end: RunEnd): Finding | null {
  const { main, goroutines, crashes, isAtStepLimit, polling, tracker } = end
  const isWell = main.hasEnded && main.failure === null && crashes.length === 0 && !isAtStepLimit && polling === null
  if (isWell && goroutines.every((one) => one.hasEnded)) return null
  const waiting = goroutines.filter((one) => !one.hasEnded).map((one) => `${nameOf(one)} [${one.waitsFor}]`)
  const dump = tracker === null ? null : dumpOf(tracker)
  return findingOf(verdictOf(end, waiting.join(', '), `${locksText(dump)}${cyclesText(dump)}`), waiting, dump)
}

/**
 * A text that is equal for two findings of the same fault. Shrinking changes which goroutines are there, and their
 * numbers; it must not change the fault.
 */
export function signatureOf({ kind, error, message, waiting }: Finding): string {
  if (kind === 'failed' || kind === 'crash') return `${kind}: ${headOf(error)}`
  if (kind === 'step-limit') return kind
  if (error instanceof RaceError) return `${kind}: ${error.rule} ${error.place} ${error.accesses.map(({ did }) => did).join()}`
  if (waiting.length === 0) return `${kind}: ${message.replace(/\d+/g, '')}`
  return `${kind}: ${[...new Set(waiting.map((one) => one.replace(/#\d+/, '')))].sort().join()}`
}

function findingOf(verdict: Verdict, waiting: readonly string[], dump: Dump | null): Finding {
  return { ...verdict, formerKind: formerKindOf(verdict.kind), waiting, dump }
}

function formerKindOf(kind: FindingKind): FormerFindingKind {
  if (kind === 'step-limit') return 'steps'
  if (kind === 'foreign-unlock') return 'stranger'
  return kind === 'late-add' ? 'unwaited' : kind
}

function verdictOf(end: RunEnd, waiting: string, relations: string): Verdict {
  const { main, crashes, isAtStepLimit, polling } = end
  if (polling !== null) return { kind: 'step-limit', message: polling }
  const { failure } = main
  if (failure !== null) return { kind: 'failed', error: failure.error, message: headOf(failure.error) }
  const [crash] = crashes
  if (crash !== undefined) {
    const by = crash.by === null ? 'a callback' : nameOf(crash.by)
    return { kind: 'crash', error: crash.error, message: `${by} failed, and no goroutine joined it: ${headOf(crash.error)}` }
  }
  if (isAtStepLimit) return endless(end, waiting, relations)
  if (!main.hasEnded) return { kind: 'deadlock', message: `deadlock: all goroutines are blocked: ${waiting}${relations}` }
  const kind = relations.includes('\npartial deadlock: ') ? 'partial deadlock' : 'leak'
  return { kind, message: `found unexpected goroutines: ${waiting}${relations}` }
}

/** At the step limit: a deadlock where no goroutine that has to do with the wait of the program has run for long. */
function endless({ main, trace }: RunEnd, waiting: string, relations: string): Verdict {
  if (trace !== null && isWaiting(main) && areQuiet(main, trace))
    return { kind: 'deadlock', message: `deadlock: ${nameOf(main)} waits, and others go on without it: ${waiting}${relations}` }
  const last = trace === null ? '' : `\nthe last steps: ${trace.lastTurns()}`
  return { kind: 'step-limit', message: `the program has not ended within the step limit; alive: ${waiting}${last}` }
}

/** Neither the program nor any goroutine that could wake it, directly or through others, ran in the later half of the run. */
function areQuiet(main: Spawned, trace: Trace): boolean {
  const all = new Set([main])
  for (const one of all) {
    if (!isWaiting(one) || trace.hasRunLately(one)) return false
    for (const waker of wakersOf(one, trace)) if (!waker.hasEnded) all.add(waker)
  }
  return true
}

/** A line for each wait for a lock outside a ring: which goroutine holds it. */
function locksText(dump: Dump | null): string {
  if (dump === null) return ''
  const inRings = new Set(dump.cycles.flat())
  const held = dump.goroutines.filter(({ id, heldBy }) => heldBy.length > 0 && !inRings.has(id))
  return held.map((one) => `\n${one.name}#${one.id} waits for ${heldText(one)}`).join('')
}

function cyclesText(dump: Dump | null): string {
  if (dump === null) return ''
  const byId = new Map(dump.goroutines.map((one) => [one.id, one]))
  const exact = dump.cycles.map((cycle) => `\n${ringText(cycle, byId)}`)
  const others = channelRings(dump).map((ring) => `\n${ringText(ring, byId, 'a ring through a channel')}`)
  return [...exact, ...others].join('')
}
