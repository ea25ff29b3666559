/** Makes the functions that users call: their jobs run in a pool, or, in a thread, where they are called. */
import { type Job } from '../../runtime/index.js'
import { checkMethod, mistyped, performed, Work } from '../../runtime/internal.js'
import { performCall } from './perform-call.js'
import type { Remote } from './remote.js'
import { setPlace } from './remote-names.js'
import type { AnyFunction } from './thread/functions.js'
import { defaultPool, Threads, type ThreadPool } from './thread-pool.js'
import type { FunctionName } from './wire/batch.js'

/** A function whose jobs run in a pool; null for the default pool. */
export function remoteIn(fn: FunctionName, pool: Threads | null): Remote<AnyFunction> {
  const call = (...args: readonly unknown[]): Job<unknown> => new Work(fn.name, () => performCall((pool ?? defaultPool()).pool, fn, args))
  return finished(call, fn, pool, (other) => remoteIn(fn, other))
}

/** A function in its thread: its jobs run here. */
export function local(fn: FunctionName, f: AnyFunction): Remote<AnyFunction> {
  const call = (...args: readonly unknown[]): Job<unknown> =>
    new Work(fn.name, function* () {
      return yield* performed(f(...args))
    })
  return finished(call, fn, null, () => local(fn, f))
}

function finished(
  call: (...args: readonly unknown[]) => Job<unknown>,
  fn: FunctionName,
  pool: Threads | null,
  on: (pool: Threads) => Remote<AnyFunction>,
): Remote<AnyFunction> {
  Object.defineProperty(call, 'name', { value: fn.name })
  setPlace(call, { fn, pool })
  return Object.assign(call, { on: (other: ThreadPool) => on(checkPool('on(pool)', other)) }) // it has both parts
}

export function checkPool(where: string, pool: ThreadPool): Threads {
  checkMethod(where, 'a pool made by threadPool', pool, 'stats')
  if (!(pool instanceof Threads)) throw mistyped(where, 'a pool made by threadPool', pool)
  return pool
}
