import type { Observable } from 'rxjs'
import { fromReceiver } from '../../../operators/index.js'
import { currentScope, described, under } from '../../../operators/internal.js'
import { checkTarget, eventsOf, type EventTargetLike } from './events-of.js'
import { checkBuffer, type BufferOptions } from './inbox.js'

/**
 * A source of the events of a type. An EventTarget does not wait, so the buffer is stated; events leave it while the stages
 * below have demand. `fromEvent` of RxJS has no buffer.
 *
 * Shape: one item for each event that is not dropped. Holds `capacity` items and 1. Never completes. Fails with OverflowError
 * with the policy `error`, after the events that wait. The listener is added at the subscription, and removed when the
 * subscriber leaves. Throws TypeError and RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const clicks = fromEventTarget(socket, 'message', { capacity: 10, policy: 'drop-oldest' }).pipe(take(1), map((event) => event.type))
 * console.log(yield* collect(ctx, clicks).join()) // [ 'message' ]
 * ```
 */
export function fromEventTarget<E = Event>(target: EventTargetLike, type: string, buffer: BufferOptions): Observable<E> {
  checkTarget('fromEventTarget(target)', target, type)
  checkBuffer('fromEventTarget(target, type, buffer)', buffer)
  const { capacity, policy } = buffer
  return described<E>({ name: 'fromEventTarget', holds: capacity + 1, policy }, (subscriber) => {
    const scope = currentScope()
    const events = eventsOf<E>(target, type, buffer)
    subscriber.add(() => events.cancel())
    under(scope, () => fromReceiver(events).subscribe(subscriber))
  })
}
