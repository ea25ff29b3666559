/** What can be wrong with a run. */
import type { Observed } from '../../runtime/index.js'
import { cycleText, dumpOf, type Dump, type Ledger, type Spawned } from '../../runtime/internal.js'
import { nameOf } from './trace.js'

/**
 * `failed`: the program's own throw. `crash`: a failure nobody joined. `deadlock`: the program waits and nothing can go on. `leak`: it has ended,
 * and left goroutines behind; `partial deadlock`: some of them wait for each other in a ring of locks and joins. `steps`: it had not ended at the step
 * bound. `unperformed`: all went well, but an operation was made that nobody performed. `stranger`: all went well,
 * but a lock was unlocked by one who did not hold it. `unwaited`: all went well, but a wait group was added to after the last wait on it.
 */
export type FindingKind = 'failed' | 'crash' | 'deadlock' | 'partial deadlock' | 'leak' | 'steps' | 'unperformed' | 'stranger' | 'unwaited'

export interface Finding {
  readonly kind: FindingKind
  /** What was thrown, for `failed` and `crash`. */
  readonly error?: unknown
  /** Those that wait at the end, and for what: `worker#3 [chan receive]`. */
  readonly waiting: readonly string[]
  readonly message: string
  /** Who was there at the end, and who waits for whom; null where nobody kept a ledger. */
  readonly dump: Dump | null
}

/** A failure that nobody took; `by` is null where it was a callback's. */
export interface Crash {
  readonly error: unknown
  readonly by: Observed | null
}

/** One at whose end nobody waits. */
export function plain(kind: FindingKind, message: string): Finding {
  return { kind, message, waiting: [], dump: null }
}

interface End {
  readonly main: Spawned
  readonly goroutines: readonly Spawned[]
  readonly crashes: readonly Crash[]
  /** The step bound was reached. */
  readonly isOut: boolean
  readonly ledger: Ledger | null
  /** ms, on the clock of the ledger. */
  readonly now: number
}

export function judge(end: End): Finding | null {
  const { main, goroutines, crashes, isOut, ledger } = end
  if (main.hasEnded && main.failure === null && crashes.length === 0 && !isOut && goroutines.every((one) => one.hasEnded)) return null
  const waiting = goroutines.filter((one) => !one.hasEnded).map((one) => `${nameOf(one)} [${one.waitsFor}]`)
  const dump = ledger === null ? null : dumpOf(ledger, end.now)
  return { waiting, dump, ...verdict(end, waiting, dump) }
}

function verdict(
  { main, crashes, isOut }: End,
  waiting: readonly string[],
  dump: Dump | null,
): Pick<Finding, 'kind' | 'error' | 'message'> {
  const { failure } = main
  if (failure !== null) return { kind: 'failed', error: failure.error, message: text(failure.error) }
  const [crash] = crashes
  if (crash !== undefined) {
    const who = crash.by === null ? 'a callback' : nameOf(crash.by)
    return { kind: 'crash', error: crash.error, message: `${who} failed, and nobody joined it: ${text(crash.error)}` }
  }
  const who = waiting.join(', ')
  if (isOut) return { kind: 'steps', message: `not ended within the step bound; alive: ${who}` }
  const cycles = cyclesText(dump)
  if (!main.hasEnded) return { kind: 'deadlock', message: `deadlock: all goroutines are blocked: ${who}${cycles}` }
  if (cycles !== '') return { kind: 'partial deadlock', message: `found unexpected goroutines: ${who}${cycles}` }
  return { kind: 'leak', message: `found unexpected goroutines: ${who}` }
}

function cyclesText(dump: Dump | null): string {
  if (dump === null) return ''
  const names = new Map(dump.goroutines.map((one) => [one.id, one]))
  return dump.cycles.map((ring) => `\n${cycleText(ring, names)}`).join('')
}

function text(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
