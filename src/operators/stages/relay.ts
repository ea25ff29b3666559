import { Observable, type MonoTypeOperatorFunction } from 'rxjs'
import { described } from '../engine/description.js'
import { currentScope, under } from '../demand/scope.js'
import { subscribeUntil } from '../demand/upstream.js'

/**
 * To be put right after a foreign source (a timer, a fetch): what is subscribed to later, in its `next`, `error` or `complete`, finds the scope of
 * the stage below again, and so is paced by it.
 *
 * @example
 * ```ts
 * from(fetch(url)).pipe(relay(), switchMap((r) => fromIterable(lines(r))), workerPool(5, work))
 * ```
 */
export function relay<T>(): MonoTypeOperatorFunction<T> {
  return (source) =>
    described(
      new Observable((subscriber) => {
        const scope = currentScope()
        subscribeUntil(subscriber, scope, source, {
          next: (value) => under(scope, () => subscriber.next(value)),
          error: (cause) => under(scope, () => subscriber.error(cause)),
          complete: () => under(scope, () => subscriber.complete()),
        })
      }),
      { name: 'relay', holds: 0, source },
    )
}
