/** Threads for tests, coverage and debuggers: none. */
import { InlineHost } from './hosts/inline-host.js'
import { putInForce } from './thread-pool.js'

/**
 * From now on the functions of `onThreads` run in this thread, until the returned object is disposed. Arguments and results are
 * cloned, and jobs wait, are canceled and fail as on threads; so a breakpoint stops in the function, coverage counts it, mocks
 * reach it, and `bubble` and `explore` decide its time and its order. A function that never leaves the processor blocks this
 * thread, and a function that ends the process ends it.
 *
 * At the end a job that still runs fails, as when a pool is closed.
 *
 * @example
 * ```ts
 * using here = inline()
 * ```
 */
export function inline(): Disposable {
  return { [Symbol.dispose]: putInForce(new InlineHost(INLINE_THREADS)) }
}

/** Few, so that tests see a full pool. */
const INLINE_THREADS = 4
