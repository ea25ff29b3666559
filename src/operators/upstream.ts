/** How our stages subscribe to what is above them. */
import { Observable, type Observer, type Subscription } from 'rxjs'
import { under, type Scope } from './scope.js'

/**
 * Subscribes under the scope, until `until` is unsubscribed. That is heard at once, while the source emits: a plain `subscribe` answers what to
 * unsubscribe only when a source that emits at once, and is none of ours, has emitted all, and it may have no end.
 */
export function subscribeUntil<T>(until: Subscription, scope: Scope, source: Observable<T>, observer: Observer<T>): void {
  const linked = new Observable<T>((upstream) => {
    until.add(upstream)
    return upstream.closed ? undefined : source.subscribe(upstream)
  })
  under(scope, () => linked.subscribe(observer))
}
