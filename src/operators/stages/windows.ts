/** Windows: items in arrays that may overlap (by count), or by the clock. For arrays that go as soon as they are full or old, see `batch`. */
import type { OperatorFunction, Subscriber } from 'rxjs'
import { checkCount, checkTime, mistyped, outOfRange, queue, time, type Runnable, type TimerEntry } from '../../runtime/internal.js'
import { stageNotes, type StageNotes, type StageOptions } from '../demand/intake.js'
import { operate, Stage } from '../engine/stage.js'

export interface CountWindowOptions extends StageOptions {
  /** Items in a window. */
  readonly size: number
  /** A window begins with every so many items; default `size`, so that none overlap. */
  readonly every?: number
}

/**
 * Windows of `size` items, one begun with every `every` items: they overlap where that is less, and leave items out where it is more. At the
 * end the windows under way go as they are. Holds at most `size` items. The bounded twin of `bufferCount` and `windowCount`.
 *
 * @example
 * ```ts
 * fromReceiver(samples).pipe(windowsByCount({ size: 60, every: 10 }), map(mean))
 * ```
 */
export function windowsByCount<T>(options: CountWindowOptions): OperatorFunction<T, T[]> {
  // from JavaScript it may be anything
  if (typeof options !== 'object' || (options as unknown) === null) throw mistyped('windowsByCount(options)', '{ size, every? }', options)
  const { size, every = size } = options
  checkCount('windowsByCount({ size })', 1, size)
  checkCount('windowsByCount({ every })', 1, every)
  const notes = stageNotes('windowsByCount', options)
  return operate(notes, size, (subscriber) => new CountWindows(subscriber, notes, size, every))
}

/** The items of all open windows, once; the first of them begins the next window to go. */
class CountWindows<T> extends Stage<T, T[]> {
  private _items: T[] = []
  /** Items to leave out before the next window begins. */
  private _toSkip = 0

  constructor(
    subscriber: Subscriber<T[]>,
    notes: StageNotes,
    private readonly _size: number,
    private readonly _every: number,
  ) {
    super(subscriber, notes, _size)
  }

  take(value: T): void {
    if (this._toSkip > 0) {
      this._toSkip--
      return this.flow.free(1)
    }
    this._items.push(value)
    if (this._items.length < this._size) return
    const window = this._items
    this._items = window.slice(this._every)
    this._toSkip = Math.max(0, this._every - this._size)
    this.flow.deliver(window, window.length - this._items.length)
  }

  override flush(): void {
    const items = this._items
    this._items = []
    for (let from = 0; from < items.length && !this.flow.isOver; from += this._every) {
      const window = items.slice(from)
      this.flow.deliver(window, Math.min(window.length, this._every))
    }
  }

  stopWork(): void {}
}

export interface TimeWindowOptions extends StageOptions {
  /** ms of a window. They begin at whole multiples of it since 1970 began, so that those of several processes agree. */
  readonly ms: number
  /** Items a window holds at most; a full one goes at once, and what comes after it is another part of the same window. */
  readonly most: number
}

export interface TimeWindow<T> {
  /** ms since 1970 began: from `start` to before `end`. */
  readonly start: number
  readonly end: number
  readonly items: readonly T[]
}

/**
 * Windows of `ms` by the clock, not by the items: each item is in the window of the time at which it arrives, and a window goes when its time is
 * over, if it has any. Holds at most `most` items. The bounded twin of `bufferTime` and `windowTime`.
 *
 * @example
 * ```ts
 * fromReceiver(requests).pipe(windowsByTime({ ms: 60_000, most: 10_000 }), map(({ start, items }) => [start, items.length]))
 * ```
 */
export function windowsByTime<T>(options: TimeWindowOptions): OperatorFunction<T, TimeWindow<T>> {
  // from JavaScript it may be anything
  if (typeof options !== 'object' || (options as unknown) === null) throw mistyped('windowsByTime(options)', '{ ms, most }', options)
  const { ms, most } = options
  checkTime('windowsByTime({ ms })', ms)
  if (!(ms > 0) || ms === Infinity) throw outOfRange('windowsByTime({ ms })', 'a number of ms above 0', ms)
  checkCount('windowsByTime({ most })', 1, most)
  const notes = stageNotes('windowsByTime', options)
  return operate(notes, most, (subscriber) => new TimeWindows(subscriber, notes, ms, most))
}

class TimeWindows<T> extends Stage<T, TimeWindow<T>> {
  private _items: T[] = []
  private _start = 0
  private _timer: TimerEntry | null = null

  constructor(
    subscriber: Subscriber<TimeWindow<T>>,
    notes: StageNotes,
    private readonly _ms: number,
    private readonly _most: number,
  ) {
    super(subscriber, notes, _most)
  }

  take(value: T): void {
    const start = Math.floor(time.timers.now() / this._ms) * this._ms
    if (this._items.length > 0 && start !== this._start) this._go() // the timer is late
    if (this.flow.isOver) return
    if (this._items.length === 0) this._open(start)
    this._items.push(value)
    if (this._items.length === this._most) this._go()
  }

  private _open(start: number): void {
    this._start = start
    const items = this._items
    const over: Runnable = { run: () => this._items === items && this._go() } // unless that has gone since, being full or at the end
    this._timer = time.timers.add(start + this._ms, () => {
      this._timer = null
      queue.push(over)
    })
  }

  private _go(): void {
    this.stopWork()
    const items = this._items
    this._items = []
    this.flow.deliver({ start: this._start, end: this._start + this._ms, items }, items.length)
  }

  override flush(): void {
    if (this._items.length > 0) this._go()
  }

  stopWork(): void {
    if (this._timer !== null) time.timers.remove(this._timer)
    this._timer = null
  }
}
