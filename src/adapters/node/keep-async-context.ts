/** Runs goroutines in the AsyncLocalStorage stores of the code that started them. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { queue } from '../../runtime/internal.js'

/**
 * From this call on, in the whole process, a goroutine runs with the `AsyncLocalStorage` stores of the code that
 * started it, as a promise callback does. So the goroutines of a request see the stores that a web framework or a
 * tracer keeps for that request. Call the function once, before the first goroutine that needs a store; a goroutine
 * started earlier stays without.
 *
 * Without this call goroutines run in a neutral context, in which every store is undefined. A store of a request never
 * reaches a goroutine of another request, with or without the call. The feature is opt-in because it costs about 10 µs
 * for each goroutine and 0.1 µs for each switch between goroutines (Node 20). `withValue` passes a single value on at
 * less cost, and explicitly.
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
