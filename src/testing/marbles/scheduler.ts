/**
 * The schedulers of RxJS under the clock of the bubble.
 *
 * During a test, RxJS's own schedulers (`asyncScheduler`, the default of its operators, `asapScheduler`, and the delays
 * of `queueScheduler`) delegate to this scheduler, and their `now` is the frame. They are objects that RxJS exports; no
 * global is patched, and no inner file of RxJS is imported. The run mode of TestScheduler replaces inner delegates, but
 * only during a single synchronous call, and a bubble takes many turns. Code that reads RxJS's inner clock is out of
 * reach: `timestamp()` and a ReplaySubject with a window need the scheduler as an argument.
 *
 * Always true: work runs in the run queue, never within `schedule`. Work due at once runs after all ready goroutines
 * have come to rest, as a timer does.
 */
import { asapScheduler, asyncScheduler, queueScheduler, Subscription, type SchedulerAction, type SchedulerLike } from 'rxjs'
import { queue, time, type Runnable, type TimerEntry } from '../../runtime/internal.js'
import { isInside } from '../bubble/insiders.js'

type Task<T> = (this: SchedulerAction<T>, state?: T) => void

export class FrameScheduler implements SchedulerLike {
  constructor(
    readonly now: () => number,
    /** Receives the error of a task that throws. */
    readonly failed: (cause: unknown) => void,
  ) {}

  schedule<T>(work: Task<T>, delay = 0, state?: T): Subscription {
    return new Action(this, work).schedule(state, delay)
  }

  /** Schedules work before any timer: after the runnables that are ready. */
  scheduleSoon<T>(work: Task<T>, state?: T): Subscription {
    return new Action(this, work).scheduleSoon(state)
  }
}

/** A task that may schedule itself again, as an interval does. Unsubscribing ends the task. */
class Action<T> extends Subscription implements SchedulerAction<T> {
  private _timer: TimerEntry | null = null
  private _turn: Runnable | null = null

  constructor(
    private readonly _scheduler: FrameScheduler,
    private readonly _work: Task<T>,
  ) {
    super()
    this.add(() => this._takeBack())
  }

  schedule(state?: T, delay = 0): Subscription {
    this._takeBack()
    if (this.closed || delay === Infinity) return this
    const { timers } = time
    this._timer = timers.add(timeAfter(timers.now(), Math.max(0, delay)), () => {
      this._timer = null
      this.scheduleSoon(state)
    })
    return this
  }

  scheduleSoon(state?: T): Subscription {
    const turn: Runnable = { run: () => void (this._turn === turn && this._run(state)) }
    this._turn = turn
    queue.push(turn)
    return this
  }

  private _run(state: T | undefined): void {
    this._turn = null
    try {
      this._work(state)
    } catch (cause) {
      this.unsubscribe()
      this._scheduler.failed(cause)
    }
  }

  private _takeBack(): void {
    if (this._timer !== null) this._timer.timers.remove(this._timer)
    this._timer = this._turn = null
  }
}

/**
 * The first time at which `delay` has passed: the sum may be rounded down, and `debounceTime`, which looks at `now`,
 * would then wait forever for a delay too small to move the clock.
 */
function timeAfter(now: number, delay: number): number {
  const at = now + delay
  return at - now < delay ? at * (1 + Number.EPSILON) : at
}

/** Makes RxJS's schedulers delegate to `scheduler`. Returns a function that restores them. */
export function delegateRxjs(scheduler: FrameScheduler): () => void {
  const takeBack = [
    delegate(asyncScheduler, scheduler, (work, delay, state) => scheduler.schedule(work, delay, state)),
    delegate(asapScheduler, scheduler, (work, delay, state) =>
      delay > 0 ? scheduler.schedule(work, delay, state) : scheduler.scheduleSoon(work, state),
    ),
    delegate(queueScheduler, scheduler, (work, delay, state) => (delay > 0 ? scheduler.schedule(work, delay, state) : null)),
  ]
  return () => {
    for (const f of takeBack) f()
  }
}

/** `take` returns null where RxJS's own scheduler does the work, as for all code outside the test. */
function delegate(
  onto: SchedulerLike,
  scheduler: FrameScheduler,
  take: <T>(work: Task<T>, delay: number, state: T | undefined) => Subscription | null,
): () => void {
  const putBack = [keep(onto, 'now'), keep(onto, 'schedule')]
  const schedule = onto.schedule.bind(onto)
  const now = onto.now.bind(onto)
  onto.now = () => (isInside() ? scheduler.now() : now())
  onto.schedule = <T>(work: Task<T>, delay = 0, state?: T) =>
    (isInside() ? take(work, delay, state) : null) ?? schedule(work as never, delay, state as never) // T is passed on unchanged
  return () => {
    for (const f of putBack) f()
  }
}

/** Returns a function that restores a property, which may be inherited. */
function keep(object: object, name: string): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name)
  return () => {
    if (before === undefined) Reflect.deleteProperty(object, name)
    else Object.defineProperty(object, name, before)
  }
}
