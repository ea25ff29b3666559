/** Goroutines in the AsyncLocalStorage stores of those who spawn them. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { queue } from '../../runtime/internal.js'

/**
 * From now on and in the whole process, a goroutine runs with the `AsyncLocalStorage` stores of its spawner, as a promise callback would: what
 * a web framework or a tracer keeps for each request is there in the goroutines of that request. Call it once, before the first goroutine
 * that should have it; a goroutine spawned earlier stays without.
 *
 * Without it goroutines run in a neutral context, where every store is undefined; a store of one request never shows up in another's
 * goroutine either way. It is opt-in because it costs some 10 µs for each goroutine and 0.1 µs for each switch between goroutines (Node 20).
 * To hand on a single value, `withValue` is the cheaper way, and the one that can be seen.
 *
 * @example
 * ```ts
 * keepAsyncContext()
 * const user = new AsyncLocalStorage<string>()
 * user.run('ada', () => go(function* () {
 *   yield* sleep(10)
 *   console.log(user.getStore()) // ada
 * }))
 * ```
 */
export function keepAsyncContext(): void {
  queue.captureScope ??= () => AsyncLocalStorage.snapshot()
}
