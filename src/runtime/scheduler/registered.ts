/** Callbacks of users that the code of others calls. */
import { queue } from './run-queue.js'

/**
 * The callback as the package calls it: in the async context of its registration where contexts are kept, else in the
 * neutral one, and never in that of the code that happens to call.
 */
export function registered<A extends readonly unknown[]>(f: (...args: A) => void): (...args: A) => void {
  const scope = queue.scopeHere
  return (...args) => queue.callIn(scope, () => f(...args))
}
