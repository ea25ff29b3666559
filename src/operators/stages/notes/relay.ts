import type { MonoTypeOperatorFunction } from 'rxjs'
import { described, scopeFor, under } from '../../demand/scope.js'
import { subscribeUntil } from '../../demand/intake.js'

/**
 * To be put right after a foreign source (a timer, a fetch): a source that is subscribed to in its `next`, `error` or
 * `complete` finds the scope of the stage below again, and so honors its demand.
 *
 * Shape: items pass at once. Holds no item. Completes, fails and cancels with its source.
 *
 * @example
 * ```ts
 * from(fetch(url)).pipe(relay(), switchMap((r) => fromIterable(linesOf(r))), workerPool(5, work))
 * ```
 */
export function relay<T>(): MonoTypeOperatorFunction<T> {
  return (source) =>
    described<T>({ name: 'relay', holds: 0, source }, (subscriber) => {
      const scope = scopeFor(subscriber)
      subscribeUntil(subscriber, scope, source, {
        next: (value) => under(scope, () => subscriber.next(value)),
        error: (cause) => under(scope, () => subscriber.error(cause)),
        complete: () => under(scope, () => subscriber.complete()),
      })
    })
}
