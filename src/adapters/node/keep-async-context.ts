/** Runs goroutines in the AsyncLocalStorage stores of the code that started them. */
import { Hooks, queue, shared } from '../../runtime/internal.js'

/**
 * From this call on, in the whole process, code that the package calls runs with the `AsyncLocalStorage` stores of the
 * code that asked for it, as a promise callback does: a goroutine with those of its spawner, a queued function of a
 * pool, a callback of `afterFunc`, `then` or a hook with those of its registration, a pipeline with those of its
 * subscriber. So the work of a request sees the stores that a web framework or a tracer keeps for that request. Call the
 * function once, before the first goroutine that needs a store; work that was started earlier stays without. Returns a
 * function that ends this; calls may be ended in any order.
 *
 * Without this call such code runs in the neutral context, in which every store is undefined. A store of a request never
 * reaches the code of another request, with or without the call. The feature is opt-in because it costs up to 0.1 µs for
 * each goroutine, and a third to a half of each switch between goroutines. `withValue` passes a single value on at no such
 * cost, and explicitly.
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
export function keepAsyncContext(): () => void {
  const end = keepers.add(true)
  queue.keepScopes(true)
  return () => {
    end()
    if (keepers.last === undefined) queue.keepScopes(false)
  }
}

/** The calls that were not ended, for all copies of the package. */
const keepers = shared('millrace.keepers.v1', () => new Hooks<true>())
