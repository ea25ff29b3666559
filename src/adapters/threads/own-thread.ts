/** A thread for one call. */
import { go, uncancelable, type Goroutine } from '../../runtime/index.js'
import { performCall } from './perform-call.js'
import type { Remote, RemoteParameters, RemoteResult } from './remote.js'
import { placeOf } from './remote-names.js'
import type { AnyFunction } from './thread/functions.js'
import { isThread } from './thread/boot.js'
import { defaultPool, type Threads } from './thread-pool.js'
import type { FunctionName } from './wire/batch.js'

/**
 * Starts a function of `onThreads` on a thread of its own, and returns its goroutine: for work that lasts, such as a protocol
 * over channels, which would occupy a thread of a pool. `join` waits for the end of the function and of its thread;
 * `cancel` is that of a job: the context ends, goroutines are unwound, and after the grace of the pool the thread is
 * terminated. The options of the thread are those of the pool of the function, `thread(watch.on(pool))`; it does not count as one
 * of the threads of that pool.
 *
 * An error of the function has the stack of its thread and, below it, the stack of the call of `thread`. The joiner sees the
 * errors of a job. In a thread the function runs there, as a goroutine.
 *
 * Throws TypeError where `remote` is no function of `onThreads` or `threadsOf`.
 *
 * @typeParam F - The type of the function.
 * @example
 * ```ts
 * const { primes } = onThreads(import.meta, { primes: (to: number) => (to < 3 ? 1 : 2) })
 * using here = inline() // a thread without this line
 * const counting = thread(primes, 4)
 * counting.name // → primes
 * const count = await counting.join() // → 2
 * ```
 */
export function thread<F extends (...args: never[]) => unknown>(
  remote: Remote<F>,
  ...args: RemoteParameters<Parameters<F>>
): Goroutine<RemoteResult<ReturnType<F>>> {
  const { fn, pool } = placeOf('thread(remote, ...args): remote', remote)
  type Result = RemoteResult<ReturnType<F>>
  if (isThread()) return go.named(fn.name, (remote as unknown as Remote<AnyFunction>)(...args)) as Goroutine<Result> // by its types
  const asker = new Error('asked here').stack
  return go.named(fn.name, () => inThread(pool ?? defaultPool(), fn, args, asker)) as Goroutine<Result> // the function results in it
}

function* inThread(threads: Threads, fn: FunctionName, args: readonly unknown[], asker: string | undefined): Generator<never, unknown> {
  const pool = threads.apart()
  try {
    return yield* performCall(pool, fn, args, asker)
  } finally {
    pool.close()
    yield* uncancelable(pool.gone())
  }
}
