import type { Either } from '../base/option.js'
import type { Context } from './context.js'

/**
 * One step that may wait: a send, a receive, a lock, a sleep, a join, a choice. It is a description: creating it does
 * nothing. It is performed by `yield*` in a goroutine, by `await` in an async function, or as an observable
 * (`from(op)`), where unsubscribing withdraws it. Performing twice is independent. Every operation can be a case of
 * `select`; a case that is not chosen has no effect.
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
  [Symbol.iterator](): Iterator<never, T, any> // eslint-disable-line @typescript-eslint/no-explicit-any -- what `next` is sent is the run queue's own business
  /**
   * The same operation with `f` applied to its result. `f` runs once, after the choice; its throw goes to the
   * performer.
   */
  map<U>(f: (value: T) => U): Op<U>
  /**
   * The same operation, given up when the context ends: then it throws the context's cause. Under an ended context it
   * throws at once and has no effect.
   */
  within(ctx: Context): Op<T>
  /** The same operation with its throw as a value: `Left` of the thrown value, or of `onThrow` applied to it. */
  attempt(): Op<Either<unknown, T>>
  attempt<E>(onThrow: (cause: unknown) => E): Op<Either<E, T>>
}
