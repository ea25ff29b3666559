/** The handle of a goroutine, and the functions that can run as one. */
import type { Job } from './job.js'
import type { Op } from './op.js'
import type { YieldStar } from './slips.js'

/**
 * A function that can run as a goroutine: a generator function whose only yields are operations, an async function, a
 * plain function. An operation, a job or a promise that a plain function returns is performed: its result is the result
 * of the goroutine. Every function of the package that starts goroutines takes a body.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- only the run queue calls `next`
export type Body<A extends readonly unknown[], R> = (...args: A) => Generator<YieldStar, R, any> | Op<R> | Job<R> | PromiseLike<R> | R

/**
 * The handle of a goroutine; not a promise, so returning it from an async function does not join it.
 *
 * A failure that nobody gave up and nobody has joined by the time the host's event loop turns is a crash: see
 * `onCrash`. After a cancel, or where a join was made and given up, it is a late failure: see `onLateFailure`. An error that
 * only repeats the end of a context is neither.
 *
 * @example
 * ```ts
 * const handle = go(function* () {
 *   return 42
 * })
 * const answer = await handle.join() // → 42
 * ```
 */
export interface Goroutine<out R> {
  /** 1 and up, in order of creation. */
  readonly id: number
  /** The name given by `go.named`, or else the name of its function. */
  readonly name: string
  /** Waits for its end: the result, or the throw; CanceledError (with the cause) if the goroutine was canceled. */
  join(): Op<R>
  /**
   * Stops the goroutine: at once while the goroutine waits, else at its next operation. A result that was already
   * granted is delivered first. `finally` blocks run and may wait; `catch` blocks do not see the cancel. Before the
   * start the body never runs; a second cancel is ignored. An async function cannot be stopped: its joiners see
   * CanceledError at once, and the function runs on to its end.
   */
  cancel(cause?: unknown): void
}
