/** How our stages subscribe to what is above them. */
import { Observable, type Observer, type Subscription } from 'rxjs'
import type { Arrivals } from './intake.js'
import { under, withDemand, type Scope } from './scope.js'
import { passedBy } from './stage-trail.js'

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

/** The same for what takes items in: its demand is in the scope and knows of the end, and an error that comes has passed it. */
export function subscribeAbove<T>(
  until: Subscription,
  below: Scope,
  arrivals: Arrivals<T>,
  source: Observable<T>,
  { next, error, complete }: Observer<T>,
): void {
  const { demand } = arrivals
  subscribeUntil(until, withDemand(below, demand), source, {
    next,
    error: (cause) => error(passedBy(cause, arrivals)),
    complete() {
      demand.isComplete = true
      complete()
    },
  })
}
