/**
 * Cancels as decisions of a schedule: before each step the schedule may cancel a goroutine that waits, or that was
 * granted its operation and has not resumed.
 *
 * Always true: a run has at most one such cancel, and main is never canceled. The error of that cancel is no failure.
 */
import type { Observed } from '../../runtime/index.js'
import { chainOf, isWaiting, type Spawned } from '../../runtime/internal.js'
import type { Choose } from './ready-list.js'
import type { Trace } from './trace.js'

/**
 * Which goroutines a schedule may cancel.
 * @inline
 */
export type MayCancel = boolean | ((goroutine: Observed) => boolean)

export class Cancels {
  private _cause: Error | null = null

  constructor(private readonly _mayCancel: (goroutine: Observed) => boolean) {}

  /** Begins a run. */
  reset(): void {
    this._cause = null
  }

  /** Lets the schedule cancel a goroutine; returns whether it did. */
  offer(goroutines: readonly Spawned[], choose: Choose, trace: Trace | null): boolean {
    if (this._cause !== null) return false
    const candidates = goroutines.filter((one, i) => i > 0 && !one.wasCanceled && isWaiting(one) && this._mayCancel(one))
    const chosen = candidates.length === 0 ? 0 : choose(candidates.length + 1, 'cancel', null)
    if (chosen === 0) return false
    this._cause = new Error('canceled by the schedule')
    trace?.turnOf('the schedule')
    candidates[chosen - 1].cancel(this._cause)
    return true
  }

  /** Whether an error only repeats the cancel: it is the cause, or has the cause. */
  isEcho(error: unknown): boolean {
    return this._cause !== null && chainOf(error).includes(this._cause)
  }
}
