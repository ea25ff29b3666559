/**
 * Marble tests in a bubble: the features of RxJS's TestScheduler in run mode, with the same clock for goroutines,
 * Millrace's operators and RxJS's operators. Names and notation are those of RxJS, so a test moves by its first line:
 *
 *     new TestScheduler(equal).run(({ cold, … }) => { … })   ──▶   await marbles(({ cold, … }) => { … })
 */
import type { Observable, SchedulerLike } from 'rxjs'
import type { Body } from '../../runtime/index.js'
import { checkFunction } from '../../runtime/internal.js'
import { bubble, type Bubble } from '../bubble/bubble.js'
import type { SubscriptionLog, Values } from './diagram.js'
import { Play } from './play.js'
import type { ColdObservable, HotObservable } from './sources.js'

export type { SubscriptionLog, Values as MarbleValues } from './diagram.js'
export { MarbleError } from './expectations.js'
export type { ColdObservable, HotObservable } from './sources.js'

/** The tools of a marble test. Each may be destructured: `({ cold, expectObservable }) => …`. */
export interface Marbles extends Bubble {
  /**
   * An observable with the events of the diagram, from its subscription on. `values` maps letters to values; `error` is
   * the error of `#`.
   */
  cold<T = string>(marbles: string, values?: Values<T>, error?: unknown): ColdObservable<T>
  /**
   * An observable with the events of the diagram from the beginning of the test on (from the `^`, if any), with or
   * without subscribers.
   */
  hot<T = string>(marbles: string, values?: Values<T>, error?: unknown): HotObservable<T>
  /** The ms up to the `|`. */
  time(marbles: string): number
  /**
   * Subscribes to the observable: in the frame of the `^` in `subscriptionMarbles`, else at once. Unsubscribes in the
   * frame of the `!`, before other events of that frame; else at the end of the test. The events are compared at the
   * end; an expectation without `toBe` or `toEqual` fails.
   */
  expectObservable<T>(observable: Observable<T>, subscriptionMarbles?: string | null): ObservableExpectation<T>
  /** Takes the `subscriptions` of a cold or hot observable; compared at the end, in the order in which they began. */
  expectSubscriptions(subscriptions: readonly SubscriptionLog[]): SubscriptionExpectation
  /**
   * A scheduler with the clock of the test: `now()` is the frame. For operators that need a scheduler:
   * `timestamp(scheduler)`.
   */
  readonly scheduler: SchedulerLike
}

/** The expectation of an observable, as RxJS's `expectObservable` returns it. */
export interface ObservableExpectation<T> {
  /**
   * Expects exactly these events, in these frames of the test. Values are compared by content, inner observables by
   * their events.
   */
  toBe(marbles: string, values?: Values<unknown>, error?: unknown): void
  /** Expects the events of the other observable, subscribed to in the same frame. */
  toEqual(other: Observable<T>): void
}

/** The expectation of subscriptions, as RxJS's `expectSubscriptions` returns it. */
export interface SubscriptionExpectation {
  /** Expects exactly these subscriptions; `[]` for none. */
  toBe(marbles: string | readonly string[]): void
}

/**
 * Runs a marble test in a bubble of its own. The notation is that of RxJS, and a frame is 1 ms. Goroutines, the
 * operators of `millrace/operators` and RxJS's own operators share a clock, without a scheduler argument. The test
 * continues until no event is left, compares, and resolves to the result of `fn`: a plain function, a generator
 * function or an async function.
 *
 * Rejects with MarbleError where the events differ, frame by frame; with the error that `fn` throws; with BubbleError
 * where the test is blocked forever, or goroutines are left after all its subscriptions have ended. A malformed diagram
 * throws RangeError. Like a bubble, a marble test runs alone.
 *
 * Source: RxJS's `TestScheduler.run`; Go's `synctest.Test`.
 *
 * @example
 * ```ts
 * await marbles(({ cold, expectObservable, expectSubscriptions }) => {
 *   const source = cold('         a--b--c|')
 *   expectObservable(source.pipe(delay(2))).toBe('--a--b--(c|)')
 *   expectSubscriptions(source.subscriptions).toBe('^------!')
 * })
 * ```
 */
export async function marbles<R>(fn: Body<[Marbles], R>): Promise<R> {
  checkFunction('marbles(fn)', fn)
  let play: Play | null = null
  try {
    return await bubble(function* marbles(inside) {
      play = new Play(inside)
      return yield* play.run(fn)
    })
  } finally {
    const begun = play as Play | null // assigned in the generator, which the compiler does not follow
    begun?.end()
  }
}
