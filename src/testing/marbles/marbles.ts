/**
 * Marble tests in a bubble: what RxJS's TestScheduler offers in run mode, under the clock by which goroutines, our operators and RxJS's operators go.
 * Names and notation are RxJS's, so most of its tests move by their first line:
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

/** What a marble test is given. Each of them may be taken out of it: `({ cold, expectObservable }) => …`. */
export interface Marbles extends Bubble {
  /** An observable that does what the diagram says, from its subscription on. `values` says what the letters stand for, `error` what `#` does. */
  cold<T = string>(marbles: string, values?: Values<T>, error?: unknown): ColdObservable<T>
  /** An observable that does so from the beginning of the test, or from a `^` in the diagram, whoever listens. */
  hot<T = string>(marbles: string, values?: Values<T>, error?: unknown): HotObservable<T>
  /** How many ms it is to the `|`. */
  time(marbles: string): number
  /**
   * Subscribes to it: in the frame of the `^` in `subscriptionMarbles`, else at once; leaves it before what else is due in the frame of the `!`, else when
   * nothing is left to happen. What is expected of it must be said, and is compared at the end.
   */
  expectObservable<T>(observable: Observable<T>, subscriptionMarbles?: string | null): ObservableExpectation<T>
  /** Of the `subscriptions` of a cold or hot observable: compared at the end, in the order of their beginnings. */
  expectSubscriptions(subscriptions: readonly SubscriptionLog[]): SubscriptionExpectation
  /** Goes by the clock of the test, and its `now()` is the frame: for what has to be given a scheduler, as `timestamp(scheduler)`. */
  readonly scheduler: SchedulerLike
}

export interface ObservableExpectation<T> {
  /** Emits this, in these frames of the test, and nothing else. Values are compared by what is in them, observables by what happens in them. */
  toBe(marbles: string, values?: Values<unknown>, error?: unknown): void
  /** Emits what the other does, subscribed to in the same frame. */
  toEqual(other: Observable<T>): void
}

export interface SubscriptionExpectation {
  /** Had these subscriptions and no others; `[]` where nobody subscribed. */
  toBe(marbles: string | readonly string[]): void
}

/**
 * Runs a marble test in a bubble of its own: RxJS's notation, a frame is a ms, and all that waits for time goes by one clock: goroutines, the operators
 * of `millrace/operators`, and RxJS's own, which need not be given a scheduler. Goes on until nothing is left to happen, compares, and resolves to what `fn`
 * returns. `fn` may be a plain function, or one that waits: a generator function or an async one.
 *
 * Rejects with MarbleError where something else was seen than expected, frame by frame; with what `fn` throws; with BubbleError where the test is blocked
 * for ever, or goroutines are left when all its subscriptions have ended. A diagram that is malformed is a RangeError. One at a time, as bubbles are.
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
    const begun = play as Play | null // the compiler does not see that it was assigned
    begun?.end()
  }
}
