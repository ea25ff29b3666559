import type { OperatorFunction, Subscriber } from 'rxjs'
import { checkCount, checkTime, outOfRange, queue, time, type Runnable, type TimerEntry } from '../../../runtime/internal.js'
import { notesOf, type StageNotes, type StageOptions } from '../../demand/unpaced.js'
import { operate, Stage } from '../../engine/stage.js'

/** Options of `windowsByTime`. */
export interface TimeWindowOptions extends StageOptions {
  /**
   * The length of a window in ms. Windows begin at whole multiples of it in Unix time, so that the windows of several
   * processes agree.
   */
  readonly ms: number
  /**
   * Items a window holds at most. A full window leaves at once, and the items after it form another part of the same
   * window.
   */
  readonly most: number
}

/** A window of `windowsByTime`. */
export interface TimeWindow<T> {
  /** Unix time in ms: from `start` to before `end`. */
  readonly start: number
  readonly end: number
  readonly items: readonly T[]
}

/**
 * Windows of `ms` by the clock, not by the items: an item belongs to the window of the time at which it arrives. The
 * bounded twin of `bufferTime` and `windowTime`.
 *
 * Shape: a `TimeWindow` when its time is over, if it has items. Holds `most` items. At completion the window under way
 * leaves as it is. At an error of the source, and when the subscriber leaves, its items are dropped. Throws RangeError
 * for an `ms` that is not above 0, or a `most` below 1.
 *
 * @example
 * ```ts
 * fromReceiver(requests).pipe(windowsByTime({ ms: 60_000, most: 10_000 }), map(({ start, items }) => [start, items.length]))
 * ```
 */
export function windowsByTime<T>(options: TimeWindowOptions): OperatorFunction<T, TimeWindow<T>> {
  const notes = notesOf('windowsByTime', '{ ms, most }', options, ['ms', 'most'])
  const { ms, most } = options
  checkTime('windowsByTime({ ms })', ms)
  if (!(ms > 0) || ms === Infinity) throw outOfRange('windowsByTime({ ms })', 'a number of ms above 0', ms)
  checkCount('windowsByTime({ most })', 1, most)
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
    if (this._items.length > 0 && start !== this._start) this.flush() // the timer is late
    if (this.flow.isOver) return
    if (this._items.length === 0) this._open(start)
    this._items.push(value)
    if (this._items.length === this._most) this.flush()
  }

  private _open(start: number): void {
    this._start = start
    const items = this._items
    const flush = (): unknown => this._items === items && this.flush() // unless the window has left: full, or at the end
    const over: Runnable = { scope: this.flow.asyncScope, run: flush }
    this._timer = time.timers.add(start + this._ms, () => {
      this._timer = null
      queue.push(over)
    })
  }

  override flush(): void {
    this.stopWork()
    const items = this._items
    if (items.length === 0) return
    this._items = []
    this.flow.deliver({ start: this._start, end: this._start + this._ms, items }, items.length)
  }

  stopWork(): void {
    if (this._timer !== null) time.timers.remove(this._timer)
    this._timer = null
  }
}
