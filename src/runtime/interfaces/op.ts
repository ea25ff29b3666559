/** The public types of the kernel's floor: an operation, and what it may be performed under. */
import type { Either, Option } from '../base/option.js'

/**
 * One step that may wait: a send, a receive, a lock, a sleep, a join, a choice. It is a description: creating it does nothing. It is
 * performed by `yield*` in a goroutine, by `await` in an async function, or as an observable (`from(op)`), where unsubscribing withdraws it.
 * Performing twice is independent. Every operation can be a case of `select`; one that is not chosen has no effect.
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
  /** The same operation with `f` over its result: runs once, by the one who performs, after the choice; its throw is the performer's. */
  map<U>(f: (value: T) => U): Op<U>
  /** The same operation, given up when the context ends: then it throws the context's cause. A context already done wins: the operation is not touched. */
  within(ctx: Context): Op<T>
  /** The same operation with its throw as a value: `Left` of what was thrown, or of `onThrow` of it. */
  attempt(): Op<Either<unknown, T>>
  attempt<E>(onThrow: (cause: unknown) => E): Op<Either<E, T>>
}

/**
 * Carries a deadline, a call to stop, and values across everything that works on one task. You may implement it yourself, also in the
 * middle of a chain.
 *
 * Source: Go's `context.Context`.
 */
export interface Context {
  /** Completes when the context ends; one who waits for `background` waits for ever. */
  done(): Op<void>
  /** CanceledError or DeadlineExceededError once it ended; none before. It is set exactly when `done()` is ready. */
  err(): Option<Error>
  /** Why it ended: what was given to `cancel`, or else the error itself. */
  cause(): Option<unknown>
  /** When it will end of itself, in ms since 1970 began. */
  deadline(): Option<number>
  /** The value of the nearest `withValue` with this key, outward. */
  value<V>(key: ContextKey<V>): Option<V>
  /** Aborts when the context ends, with its cause as the reason: for `fetch` and everything else that takes an AbortSignal. */
  readonly signal: AbortSignal
}

/** A context with the right to end it. `using ctx = withTimeout(background, 1000)` is Go's `defer cancel()`. */
export interface CancelContext extends Context, Disposable {
  /** Ends the context and all derived from it; the second call, or one after the deadline, changes nothing. */
  cancel(cause?: unknown): void
}

/** A key of `withValue`: compared by identity, made by `contextKey`. */
export interface ContextKey<V> {
  readonly name: string
  /** Only in the types: what the key leads to. */
  readonly __v?: V
}
