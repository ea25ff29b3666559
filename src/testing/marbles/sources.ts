/** Observables that do what a diagram says, and write down who subscribed from which frame to which. */
import { Observable, Subject, type Observer, type Subscriber } from 'rxjs'
import { frameOf, type Happening, type SubscriptionLog } from './diagram.js'
import type { FrameScheduler } from './scheduler.js'

/** Begins when it is subscribed to. */
export interface ColdObservable<T> extends Observable<T> {
  readonly subscriptions: readonly SubscriptionLog[]
}

/** Is under way from the beginning of the test, whoever listens. */
export interface HotObservable<T> extends Observable<T> {
  readonly subscriptions: readonly SubscriptionLog[]
}

/** Writes a subscription down, from now until it is over. */
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
      // The values are those that the diagram was given.
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
    // Set up after what the test says in one go, so that who is to subscribe in a frame does so before the events of that frame.
    scheduler.scheduleSoon(() => {
      const now = scheduler.now()
      const to = subject as Observer<unknown> // as above
      for (const event of events) if (event.frame >= now) scheduler.schedule(() => emit(event, to), event.frame - now)
    })
  }
}
