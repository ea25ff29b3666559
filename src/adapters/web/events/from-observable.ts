import type { Observable } from 'rxjs'
import { fromReceiver } from '../../../operators/index.js'
import { currentScope, described, under } from '../../../operators/internal.js'
import { checkBuffer, type BufferOptions } from './inbox.js'
import { observableIn, valuesOf, type ObservableLike } from './values-of.js'

/**
 * A source of the values of an Observable of another maker: of the platform (`target.when(type)`), of RxJS 9, and of any object
 * with `Symbol.observable`. An Observable does not wait, so the buffer is stated; values leave it while the stages below
 * have demand. `from` of RxJS 7 does not know the Observable of the platform.
 *
 * Shape: one item for each value that is not dropped. Holds `capacity` items and 1. Completes and fails as the Observable
 * does, with the same object, after the values that wait; fails with OverflowError with the policy `error`. It is subscribed
 * to at the subscription, and left when the subscriber leaves. Throws TypeError and RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const letters = { subscribe: (observer: ObserverLike<string>) => (observer.next('a'), observer.complete()) }
 * console.log(yield* collect(ctx, fromObservable(letters, { capacity: 16, policy: 'error' })).join()) // [ 'a' ]
 * ```
 */
export function fromObservable<T>(observable: ObservableLike<T>, buffer: BufferOptions): Observable<T> {
  const source = observableIn('fromObservable(observable)', observable)
  checkBuffer('fromObservable(observable, buffer)', buffer)
  const { capacity, policy } = buffer
  return described<T>({ name: 'fromObservable', holds: capacity + 1, policy }, (subscriber) => {
    const scope = currentScope()
    const values = under(null, () => valuesOf(source, buffer))
    subscriber.add(() => values.cancel())
    under(scope, () => fromReceiver(values).subscribe(subscriber))
  })
}
