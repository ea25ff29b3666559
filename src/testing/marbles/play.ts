/**
 * A running marble test: its subscriptions, its expectations, and its time.
 *
 *     the function runs ──▶ has ended ──▶ its subscriptions continue ──▶ no event is left ──▶ compared
 *
 * Always true: a diagram counts from the beginning of the test, the diagram of a cold observable from its subscription.
 * Expectations are compared before the test unsubscribes, so that an endless subscription shows as endless. The test
 * unsubscribes from everything, also after a failure.
 */
import { isObservable, type Observable, type Subscription } from 'rxjs'
import type { Body } from '../../runtime/index.js'
import {
  mistyped,
  Operation,
  PENDING,
  spawn,
  time,
  type Failure,
  type Pending,
  type TimerEntry,
  type Waiter,
} from '../../runtime/internal.js'
import type { Bubble } from '../bubble/bubble.js'
import { frameOf, readEvents, readSubscription, readTime, type Happening, type SubscriptionLog, type Values } from './diagram.js'
import { Expectations } from './expectations.js'
import { FrameScheduler, delegateRxjs } from './scheduler.js'
import { Cold, Hot, type ColdObservable, type HotObservable } from './sources.js'
import { differingEvents, differingSubscriptions, InnerEvents } from './verdict.js'
import type { Marbles, ObservableExpectation, SubscriptionExpectation } from './marbles.js'
import { ScheduleClock } from '../bubble/schedule-clock.js'

/** Timers in a row after the last frame of the diagrams, after which the test ends: an interval without end. */
const MOST_IDLE = 10_000

export class Play implements Marbles {
  readonly now: Bubble['now']
  readonly wait: Bubble['wait']
  readonly faults: Bubble['faults']
  readonly scheduler: FrameScheduler
  private readonly _expectations = new Expectations()
  private readonly _subscriptions: Subscription[] = []
  private readonly _takeBack: () => void
  private _failure: Failure | null = null
  /** The last frame of all diagrams. */
  private _last = 0

  constructor(bubble: Bubble) {
    this.now = () => bubble.now()
    this.wait = () => bubble.wait()
    this.faults = (most) => bubble.faults(most)
    this.scheduler = new FrameScheduler(this.now, (error) => (this._failure ??= { error }))
    this._takeBack = delegateRxjs(this.scheduler)
  }

  readonly cold = <T>(marbles: string, values?: Values<T>, error?: unknown): ColdObservable<T> =>
    new Cold<T>(this.scheduler, readEvents('cold(marbles)', marbles, { values, error }))

  readonly hot = <T>(marbles: string, values?: Values<T>, error?: unknown): HotObservable<T> =>
    new Hot<T>(this.scheduler, this._noteLast(readEvents('hot(marbles)', marbles, { values, error, isHot: true })))

  readonly time = (marbles: string): number => readTime('time(marbles)', marbles)

  readonly expectObservable = <T>(observable: Observable<T>, subscriptionMarbles: string | null = null): ObservableExpectation<T> => {
    if (!isObservable(observable)) throw mistyped('expectObservable(observable)', 'an observable', observable)
    const { subscribedFrame, unsubscribedFrame } = readSubscription('expectObservable(…, subscriptionMarbles)', subscriptionMarbles ?? '')
    const now = this.now()
    if (subscribedFrame < now)
      throw new RangeError(
        `expectObservable(…, subscriptionMarbles): expected a ^ in a later frame, got one in frame ${subscribedFrame}; the test is in frame ${now}`,
      )
    const begin = subscribedFrame === Infinity ? now : subscribedFrame
    if (unsubscribedFrame !== Infinity) this._last = Math.max(this._last, unsubscribedFrame)
    const seen = this._watch(observable, begin, unsubscribedFrame)
    const expectation = this._expectations.begin('expectObservable(…)', this.expectObservable)
    const toBe = (marbles: string, values?: Values<unknown>, error?: unknown): void => {
      const where = 'expectObservable(…).toBe(marbles)'
      const expected = this._noteLast(readEvents(where, marbles, { values, error })).map(withInnerEvents)
      const title = `expectObservable(…).toBe(${JSON.stringify(marbles)})`
      expectation.is(title, () => differingEvents(expected, seen, values), toBe)
    }
    const toEqual = (other: Observable<T>): void => {
      const where = 'expectObservable(…).toEqual(other)'
      if (!isObservable(other)) throw mistyped(where, 'an observable', other)
      const expected = this._watch(other, begin, unsubscribedFrame)
      expectation.is(where, () => differingEvents(expected, seen, undefined), toEqual)
    }
    return { toBe, toEqual }
  }

  readonly expectSubscriptions = (subscriptions: readonly SubscriptionLog[]): SubscriptionExpectation => {
    if (!Array.isArray(subscriptions))
      throw mistyped('expectSubscriptions(subscriptions)', 'the subscriptions of cold(…) or hot(…)', subscriptions)
    const expectation = this._expectations.begin('expectSubscriptions(…)', this.expectSubscriptions)
    const toBe = (marbles: string | readonly string[]): void => {
      const where = 'expectSubscriptions(…).toBe(marbles)'
      const diagrams = typeof marbles === 'string' ? [marbles] : marbles
      if (!Array.isArray(diagrams)) throw mistyped(where, 'a string of marbles, or an array of them', marbles)
      const expected = diagrams.flatMap((one: string) => begun(where, one))
      for (const { subscribedFrame, unsubscribedFrame } of expected)
        this._last = Math.max(this._last, unsubscribedFrame === Infinity ? subscribedFrame : unsubscribedFrame)
      const title = `expectSubscriptions(…).toBe(${JSON.stringify(marbles)})`
      expectation.is(title, () => differingSubscriptions(expected, subscriptions), toBe)
    }
    return { toBe }
  }

  /** Called at the end of the bubble, also after a failure. */
  end(): void {
    this._takeBack()
    this._leave()
  }

  /** Runs the test as the root of the bubble. */
  *run<R>(fn: Body<[Marbles], R>): Generator<never, R> {
    try {
      const test = spawn(fn, [this], { ended: (_, failure) => ((this._failure ??= failure), true) })
      let operation = test.operation
      yield* this._pass(
        () => test.hasEnded,
        () => operation === (operation = test.operation),
      )
      const result = yield* test.join() // the result of `fn`
      let frame = this.now()
      yield* this._pass(
        () => false,
        () => this.now() > this._last || frame === (frame = this.now()),
      )
      if (this._failure !== null) throw this._failure.error
      this._expectations.judge()
      return result
    } finally {
      this._leave()
    }
  }

  private _leave(): void {
    for (const one of this._subscriptions.splice(0)) one.unsubscribe()
  }

  /**
   * Lets time pass, timer by timer, until no timer is left, or the test is over, or the test has been idle for long.
   */
  private *_pass(isOver: () => boolean, isIdle: () => boolean): Generator<never, void> {
    const { clock } = time.timers
    if (!(clock instanceof ScheduleClock)) throw new Error('marbles(fn): the clock of the bubble was replaced during the test')
    for (let idle = 0; idle < MOST_IDLE; idle = isIdle() ? idle + 1 : 0) {
      yield* this.wait()
      if (isOver() || this._failure !== null || clock.at === Infinity) return
      yield* new NextTimer(clock)
    }
  }

  /** The events of an observable, from a frame to a frame. */
  private _watch(observable: Observable<unknown>, begin: number, end: number): readonly Happening[] {
    const seen: Happening[] = []
    let subscription: Subscription | null = null
    const subscribe = (): void => {
      subscription = this._record(observable, seen, 0)
    }
    this._subscriptions.push(this.scheduler.schedule(subscribe, begin - this.now()))
    if (end !== Infinity) this.scheduler.schedule(() => subscription?.unsubscribe(), end - this.now())
    return seen
  }

  private _record(observable: Observable<unknown>, seen: Happening[], since: number): Subscription {
    const frame = (): number => frameOf(this.now() - since)
    const subscription = observable.subscribe({
      next: (value) => seen.push({ frame: frame(), kind: 'next', value: isObservable(value) ? this._inner(value) : value }),
      error: (value: unknown) => seen.push({ frame: frame(), kind: 'error', value }),
      complete: () => seen.push({ frame: frame(), kind: 'complete' }),
    })
    this._subscriptions.push(subscription)
    return subscription
  }

  private _inner(observable: Observable<unknown>): InnerEvents {
    const events: Happening[] = []
    this._record(observable, events, this.now())
    return new InnerEvents(events)
  }

  private _noteLast(events: readonly Happening[]): readonly Happening[] {
    for (const { frame } of events) this._last = Math.max(this._last, frame)
    return events
  }
}

/** Waits until the next timer has fired. Set after that timer, so this timer is later even if both are due now. */
class NextTimer extends Operation<void> {
  private _entry: TimerEntry | null = null

  constructor(private readonly _clock: ScheduleClock) {
    super()
  }
  poll(): Pending {
    return PENDING
  }
  park(waiter: Waiter): void {
    this._entry = time.timers.add(this._clock.at, () => waiter.settle(undefined))
  }
  withdraw(): void {
    if (this._entry !== null) time.timers.remove(this._entry)
  }
  describe(): string {
    return 'the next timer'
  }
}

function withInnerEvents(event: Happening): Happening {
  return event.value instanceof Cold ? { ...event, value: new InnerEvents(event.value.events) } : event
}

/** The subscription of a diagram; none without a ^. */
function begun(where: string, marbles: string): readonly SubscriptionLog[] {
  const log = readSubscription(where, marbles)
  if (log.subscribedFrame !== Infinity) return [log]
  if (log.unsubscribedFrame === Infinity) return []
  throw new RangeError(`${where}: expected a ^ before the !, got ${JSON.stringify(marbles)}`)
}
