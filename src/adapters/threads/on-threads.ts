/** Functions that run on threads. */
import { checkFunction, checkOptions, checkRecord, mistyped } from '../../runtime/internal.js'
import { checkPool, local, remoteIn } from './remote-function.js'
import type { Remote } from './remote.js'
import { register, type AnyFunction } from './thread/functions.js'
import { isThread } from './thread/boot.js'
import { serve } from './thread/serve.js'
import type { ThreadPool } from './thread-pool.js'

/** Options of `onThreads`. */
export interface OnThreadsOptions {
  /** The pool of these functions. Default: a pool that all share, with a thread for each core. */
  readonly on?: ThreadPool
}

/**
 * Makes functions that run on threads. Call it at the top level of the module that has the functions, with `import.meta`: each
 * thread evaluates that module, and finds the functions by their names there. The functions that it returns have the same
 * parameters and results, and return jobs; so `workerPool(16, hash)` uses every core.
 *
 * A function may be plain, async or a generator function. Arguments, results and errors are copies, made by the structured
 * clone; errors keep their class where it is of the language or of this package, and their stack, fields and causes. A Context
 * as the last argument crosses as a context with the same deadline, which ends with the job; in a loop that never leaves the
 * processor, `ctx.err()` sees the end all the same.
 *
 * A job throws the error of its function; UnclonableError with the path to the part that cannot be cloned; ThreadLostError
 * where its thread was lost or its module cannot be loaded. A canceled job that has not begun never begins. Otherwise its
 * context ends and its goroutine is unwound; if the function does not end within the grace of the pool, its thread is
 * terminated.
 *
 * In a thread, and under `inline()`, the functions run where they are called. Throws TypeError where `functions` has anything
 * but functions.
 *
 * @typeParam F - The record of the functions, by name.
 * @example
 * ```ts
 * const { add } = onThreads(import.meta, {
 *   add(a: number, b: number) {
 *     return a + b
 *   },
 * })
 * using here = inline() // on threads without this line
 * const sum = await add(1, 2) // → 3
 * ```
 */
export function onThreads<F extends Readonly<Record<string, (...args: never[]) => unknown>>>(
  meta: { readonly url: string },
  functions: F,
  options: OnThreadsOptions = {},
): { readonly [Name in keyof F]: Remote<F[Name]> } {
  const { url } = meta ?? {} // a caller in JavaScript may pass anything
  if (typeof url !== 'string') throw mistyped('onThreads(meta, functions): meta', 'import.meta', meta)
  checkRecord('onThreads(meta, functions): functions', 'an object of functions', functions)
  checkOptions('onThreads(meta, functions)', options, ['on'])
  const pool = options.on === undefined ? null : checkPool('onThreads(meta, functions, { on })', options.on)
  const remotes = Object.entries(functions).map(([name, f]) => {
    checkFunction(`onThreads(meta, functions): functions.${name}`, f)
    const named = register(url, name, f as AnyFunction) // each caller passes what the function takes
    return [name, isThread() ? local(named, f as AnyFunction) : remoteIn(named, pool)] as const // as above
  })
  serve()
  return Object.fromEntries(remotes) as unknown as { readonly [Name in keyof F]: Remote<F[Name]> } // by their names
}
