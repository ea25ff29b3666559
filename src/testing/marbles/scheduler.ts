/**
 * RxJS's time, by the clock of the bubble.
 *
 * While it is laid, RxJS's own schedulers (`asyncScheduler`, which is what its operators take when they are given none, `asapScheduler`, and the delays
 * of `queueScheduler`) hand over to the one here, and their `now` is the frame. These are objects that RxJS exports; no global is patched, and no file
 * inside of RxJS is imported. TestScheduler's run mode lays delegates deeper down, but for the length of one synchronous call, and a bubble takes many
 * turns. Out of reach here is therefore what asks RxJS's inner clock: `timestamp()` and a ReplaySubject with a window, unless they are given the scheduler.
 *
 * Always true: work runs in the run queue, never within `schedule`; what is due at once runs after all that was ready has come to rest, as a timer does.
 */
import { asapScheduler, asyncScheduler, queueScheduler, Subscription, type SchedulerAction, type SchedulerLike } from 'rxjs'
import { queue, time, type Runnable, type TimerEntry } from '../../runtime/internal.js'

type Task<T> = (this: SchedulerAction<T>, state?: T) => void

export class FrameScheduler implements SchedulerLike {
  constructor(
    readonly now: () => number,
    /** Takes what a task throws. */
    readonly failed: (cause: unknown) => void,
  ) {}

  schedule<T>(work: Task<T>, delay = 0, state?: T): Subscription {
    return new Action(this, work).schedule(state, delay)
  }

  /** Before any timer: as soon as those have run that are ready. */
  scheduleSoon<T>(work: Task<T>, state?: T): Subscription {
    return new Action(this, work).scheduleSoon(state)
  }
}

/** A task that may be scheduled again by itself, as an interval is; over when it is unsubscribed. */
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
    this._timer = timers.add(timers.now() + Math.max(0, delay), () => {
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
    if (this._timer !== null) time.timers.remove(this._timer)
    this._timer = this._turn = null
  }
}

/** Has RxJS's schedulers hand over to `scheduler`. Answers how to take that back. */
export function layUnderRxjs(scheduler: FrameScheduler): () => void {
  const takeBack = [
    lay(asyncScheduler, scheduler, (work, delay, state) => scheduler.schedule(work, delay, state)),
    lay(asapScheduler, scheduler, (work, delay, state) =>
      delay > 0 ? scheduler.schedule(work, delay, state) : scheduler.scheduleSoon(work, state),
    ),
    lay(queueScheduler, scheduler, (work, delay, state) => (delay > 0 ? scheduler.schedule(work, delay, state) : null)),
  ]
  return () => {
    for (const f of takeBack) f()
  }
}

/** `take` answers null for what is the business of RxJS's own. */
function lay(
  onto: SchedulerLike,
  scheduler: FrameScheduler,
  take: <T>(work: Task<T>, delay: number, state: T | undefined) => Subscription | null,
): () => void {
  const putBack = [keep(onto, 'now'), keep(onto, 'schedule')]
  const schedule = onto.schedule.bind(onto)
  onto.now = scheduler.now
  onto.schedule = <T>(work: Task<T>, delay = 0, state?: T) => take(work, delay, state) ?? schedule(work as never, delay, state as never) // the one generic handed to the other
  return () => {
    for (const f of putBack) f()
  }
}

/** Answers how to put a property back, which may be the prototype's. */
function keep(object: object, name: string): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name)
  return () => {
    if (before === undefined) Reflect.deleteProperty(object, name)
    else Object.defineProperty(object, name, before)
  }
}
