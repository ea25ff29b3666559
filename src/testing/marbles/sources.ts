/** Observables with the events of a diagram, which log their subscriptions. */
import { Observable, Subject, type Observer, type Subscriber } from 'rxjs'
import { frameOf, type Happening, type SubscriptionLog } from './diagram.js'
import type { FrameScheduler } from './scheduler.js'

/** An observable whose events begin with each subscription. */
export interface ColdObservable<T> extends Observable<T> {
  readonly subscriptions: readonly SubscriptionLog[]
}

/** An observable whose events begin with the test, with or without subscribers. */
export interface HotObservable<T> extends Observable<T> {
  readonly subscriptions: readonly SubscriptionLog[]
}

/** Logs a subscription from now until its end. */
function log(subscriber: Subscriber<unknown>, subscriptions: SubscriptionLog[], scheduler: FrameScheduler): void {
  const subscribedFrame = frameOf(scheduler.now())
  const i = subscriptions.push({ subscribedFrame, unsubscribedFrame: Infinity }) - 1
  subscriber.add(() => {
    subscriptions[i] = { subscribedFrame, unsubscribedFrame: frameOf(scheduler.now()) }
  })
}

function emit({ kind, value }: Happening, to: Observer<unknown>): void {
  if (kind === 'next') to.next(value)
  else if (kind === 'error') to.error(value)
  else to.complete()
}

export class Cold<T> extends Observable<T> implements ColdObservable<T> {
  readonly subscriptions: readonly SubscriptionLog[]
  readonly events: readonly Happening[]

  constructor(scheduler: FrameScheduler, events: readonly Happening[]) {
    const subscriptions: SubscriptionLog[] = []
    super((subscriber) => {
      log(subscriber, subscriptions, scheduler)
      // The values of the diagram are of type T.
      for (const event of events) subscriber.add(scheduler.schedule(() => emit(event, subscriber as Observer<unknown>), event.frame))
    })
    this.subscriptions = subscriptions
    this.events = events
  }
}

export class Hot<T> extends Observable<T> implements HotObservable<T> {
  readonly subscriptions: readonly SubscriptionLog[]

  constructor(scheduler: FrameScheduler, events: readonly Happening[]) {
    const subscriptions: SubscriptionLog[] = []
    const subject = new Subject<T>()
    super((subscriber) => {
      log(subscriber, subscriptions, scheduler)
      subscriber.add(subject.subscribe(subscriber))
    })
    this.subscriptions = subscriptions
    // Set up after the synchronous part of the test, so that subscriptions of a frame come before its events.
    scheduler.scheduleSoon(() => {
      const now = scheduler.now()
      const to = subject as Observer<unknown> // the values of the diagram are of type T
      for (const event of events) if (event.frame >= now) scheduler.schedule(() => emit(event, to), event.frame - now)
    })
  }
}
