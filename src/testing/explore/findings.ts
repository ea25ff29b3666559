/** Ways in which a run goes wrong. */
import type { Observed } from '../../runtime/index.js'
import { dumpOf, headOf, ringText, type Dump, type Spawned, type Tracker } from '../../runtime/internal.js'
import { nameOf } from './trace.js'

/**
 * - `failed`: the program throws.
 * - `crash`: a goroutine fails, and no goroutine joins the failed goroutine.
 * - `deadlock`: the program waits, and nothing can continue.
 * - `leak`: the program has ended and left goroutines behind.
 * - `partial deadlock`: a leak of goroutines that wait for each other in a cycle of locks and joins.
 * - `step-limit`: the program has not ended at the step limit.
 * - `unperformed`: the run is well otherwise, but an operation was made and never performed.
 * - `foreign-unlock`: the run is well otherwise, but a goroutine unlocked a lock of another goroutine.
 * - `late-add`: the run is well otherwise, but a wait group was added to after the last wait on the group.
 */
export type FindingKind =
  'failed' | 'crash' | 'deadlock' | 'partial deadlock' | 'leak' | 'step-limit' | 'unperformed' | 'foreign-unlock' | 'late-add'

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
  /** The error thrown, of `failed` and `crash`. */
  readonly error?: unknown
  /** The goroutines that wait at the end, and for which operation: `worker#3 [chan receive]`. */
  readonly waiting: readonly string[]
  readonly message: string
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
  readonly tracker: Tracker | null
}

type Verdict = Pick<Finding, 'kind' | 'error' | 'message'>

/** A finding at whose end no goroutine waits. */
export function misuseFinding(kind: FindingKind, message: string): Finding {
  return findingOf({ kind, message }, [], null)
}

/** The finding of a run; null where the program and all its goroutines have ended well. */
export function judge(end: RunEnd): Finding | null {
  const { main, goroutines, crashes, isAtStepLimit, tracker } = end
  const isWell = main.hasEnded && main.failure === null && crashes.length === 0 && !isAtStepLimit
  if (isWell && goroutines.every((one) => one.hasEnded)) return null
  const waiting = goroutines.filter((one) => !one.hasEnded).map((one) => `${nameOf(one)} [${one.waitsFor}]`)
  const dump = tracker === null ? null : dumpOf(tracker)
  return findingOf(verdictOf(end, waiting.join(', '), cyclesText(dump)), waiting, dump)
}

/**
 * A text that is equal for two findings of the same fault. Shrinking changes which goroutines are there, and their
 * numbers; it must not change the fault.
 */
export function signatureOf({ kind, error, message, waiting }: Finding): string {
  if (kind === 'failed' || kind === 'crash') return `${kind}: ${headOf(error)}`
  if (kind === 'step-limit') return kind
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

function verdictOf({ main, crashes, isAtStepLimit }: RunEnd, waiting: string, cycles: string): Verdict {
  const { failure } = main
  if (failure !== null) return { kind: 'failed', error: failure.error, message: headOf(failure.error) }
  const [crash] = crashes
  if (crash !== undefined) {
    const by = crash.by === null ? 'a callback' : nameOf(crash.by)
    return { kind: 'crash', error: crash.error, message: `${by} failed, and no goroutine joined it: ${headOf(crash.error)}` }
  }
  if (isAtStepLimit) return { kind: 'step-limit', message: `the program has not ended within the step limit; alive: ${waiting}` }
  if (!main.hasEnded) return { kind: 'deadlock', message: `deadlock: all goroutines are blocked: ${waiting}${cycles}` }
  if (cycles !== '') return { kind: 'partial deadlock', message: `found unexpected goroutines: ${waiting}${cycles}` }
  return { kind: 'leak', message: `found unexpected goroutines: ${waiting}` }
}

function cyclesText(dump: Dump | null): string {
  if (dump === null) return ''
  const byId = new Map(dump.goroutines.map((one) => [one.id, one]))
  return dump.cycles.map((cycle) => `\n${ringText(cycle, byId)}`).join('')
}
