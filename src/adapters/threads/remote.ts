/** The type of a function that runs on a thread. */
import type { Context, Job, Routine } from '../../runtime/index.js'
import type { ThreadPool } from './thread-pool.js'

/** The parameters of a function, with a context at the end that the caller may leave out. */
export type RemoteParameters<A extends readonly unknown[]> = number extends A['length']
  ? A
  : A extends readonly [...infer Rest, Context]
    ? [...Rest, ctx?: Context]
    : Required<A> extends readonly [...unknown[], Context]
      ? A
      : [...A, ctx?: Context]

/** The result of a function, once it is performed. */
export type RemoteResult<W> =
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- only the run queue calls `next`
  W extends Generator<never, infer R, any> ? R : W extends PromiseLike<infer R> ? R : Exclude<W, Routine<unknown>>

/**
 * A function that runs on a thread: the parameters and the result are those of the function, and each call returns a job, which
 * does nothing before it is performed.
 * @typeParam F - The type of the function.
 */
export interface Remote<F extends (...args: never[]) => unknown> {
  /** Returns a job that runs the function on a thread when it is performed. */
  (...args: RemoteParameters<Parameters<F>>): Job<RemoteResult<ReturnType<F>>>
  /** The same function on another pool. */
  on(pool: ThreadPool): Remote<F>
}
