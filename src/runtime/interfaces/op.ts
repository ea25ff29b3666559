import type { Either } from '../base/option.js'
import type { Context } from './context.js'

/**
 * One step that may wait: a send, a receive, a lock, a sleep, a join, a choice. An operation is a description: creating
 * it does nothing. `yield*` performs it in a goroutine, `await` in an async function, a subscription as an observable
 * (`from(op)`); unsubscribing withdraws the operation. Two performances are independent. Every operation can be a case
 * of `select`; a case that is not chosen has no effect.
 *
 * Source: Concurrent ML's events (Reppy, 1991).
 *
 * @example
 * ```ts
 * go(function* () {
 *   const message = yield* jobs.receive()
 * })
 * ```
 */
export interface Op<out T> extends PromiseLike<T> {
  /** For `yield*` in a goroutine. Elsewhere, in a spread or a `for…of`, it throws. */
  [Symbol.iterator](): Iterator<never, T, any> // eslint-disable-line @typescript-eslint/no-explicit-any -- only the run queue calls `next`
  /**
   * The same operation with `f` applied to its result. `f` runs once, after the choice; its throw goes to the
   * performer.
   */
  map<U>(f: (value: T) => U): Op<U>
  /**
   * The same operation, given up when the context ends: then performing throws the context's cause. Under an ended
   * context the operation throws at once and has no effect.
   */
  within(ctx: Context): Op<T>
  /**
   * The same operation, given up after `ms`, counted from when it is performed: then it throws DeadlineExceededError. The
   * timer is cleared as soon as the operation completes. Throws RangeError for NaN.
   */
  timeout(ms: number): Op<T>
  /** The same operation with its throw as a value: `Left` of the thrown value, or of `onThrow` applied to it. */
  attempt(): Op<Either<unknown, T>>
  /** The same with the thrown value mapped by `onThrow`. */
  attempt<E>(onThrow: (cause: unknown) => E): Op<Either<E, T>>
  /** In the types only: a job is no operation. */
  readonly __job?: undefined
}
