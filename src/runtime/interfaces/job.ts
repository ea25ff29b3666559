/** Work that a performer owns, and the name for everything that `yield*` performs. */
import type { Either } from '../base/option.js'
import type { Context } from './context.js'
import type { Op } from './op.js'

/**
 * Anything that `yield*` performs and that results in `T`: a generator, an operation, a job. It is the type to annotate
 * a generator function with.
 *
 * @example
 * ```ts
 * function* next(receiver: Receiver<number>): Routine<number> {
 *   const message = yield* receiver.receive()
 *   return message._tag === 'Some' ? message.value : 0
 * }
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- only the run queue calls `next`
export type Routine<T> = Generator<never, T, any> | Op<T> | Job<T>

/**
 * Work that runs functions of the caller: `mapConcurrent`, `withRetry`, `once().do`, `scope`. A job is lazy: it does
 * nothing until it is performed, by `yield*`, by `await`, by `fromOp` or by `go(job)`, which returns the handle. Each
 * performance is independent, unless the job is documented as shared.
 *
 * The performer owns what the job starts. When the performer is canceled, or `within` or `timeout` ends, the job is
 * canceled: its generators are unwound and waited for, its async functions see the end of their context, and only then
 * the performer goes on. The failure of an async function that comes after that is a late failure.
 *
 * A job is no case of `select`, because it has effects before the choice: use `go(job).join()` there.
 *
 * @example
 * ```ts
 * const lengths = mapConcurrent(['a', 'bb'], 2, (text) => text.length).timeout(1000)
 * const [one, two] = await lengths
 * const total = one + two // → 3
 * ```
 */
export interface Job<out T> extends PromiseLike<T> {
  /** For `yield*`: performs the job in the goroutine. */
  [Symbol.iterator](): Generator<never, T, any> // eslint-disable-line @typescript-eslint/no-explicit-any -- only the run queue calls `next`
  /** The same job with `f` applied to its result. */
  map<U>(f: (value: T) => U): Job<U>
  /**
   * The same job, canceled when the context ends: once its generators are unwound it throws the context's cause. Under
   * an ended context it throws at once and starts nothing.
   */
  within(ctx: Context): Job<T>
  /** The same job, canceled after `ms`: then it throws DeadlineExceededError. Throws RangeError for NaN. */
  timeout(ms: number): Job<T>
  /** The same job with its throw as a value: `Left` of the thrown value, or of `onThrow` applied to it. */
  attempt(): Job<Either<unknown, T>>
  /** As `attempt()`, with `onThrow` applied to the thrown value. */
  attempt<E>(onThrow: (cause: unknown) => E): Job<Either<E, T>>
  /** In the types only: the reason why a job is no case of a select. */
  readonly __job?: 'a job is no operation; as a case of select use go(job).join()'
}

/** The mark of a job. */
export const JOB = /* @__PURE__ */ Symbol.for('millrace.job')

/** True for a job of the package. */
export function isJob(value: unknown): value is Job<unknown> {
  return typeof value === 'object' && value !== null && (value as { [JOB]?: true })[JOB] === true // to look
}
