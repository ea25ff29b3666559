import type { OperatorFunction, Subscriber } from 'rxjs'
import { checkCount } from '../../../runtime/internal.js'
import { notesOf, type StageNotes, type StageOptions } from '../../demand/unpaced.js'
import { operate, Stage } from '../../engine/stage.js'

/** Options of `windowsByCount`. */
export interface CountWindowOptions extends StageOptions {
  /** Items in a window. */
  readonly size: number
  /**
   * Items from the beginning of a window to the beginning of the next; default `size`, so that windows do not overlap.
   */
  readonly every?: number
}

/**
 * Windows of `size` items; a window begins with every `every`th item. Windows overlap where `every` is less than
 * `size`, and leave items out where it is more. The bounded twin of `bufferCount` and `windowCount`.
 *
 * Shape: an array of items for each window. Holds `size` items. At completion the windows under way leave as they are.
 * At an error of the source, and when the subscriber leaves, they are dropped. Throws RangeError for a `size` or
 * `every` that is no whole number from 1 up.
 *
 * @example
 * ```ts
 * fromReceiver(samples).pipe(windowsByCount({ size: 60, every: 10 }), map(mean))
 * ```
 */
export function windowsByCount<T>(options: CountWindowOptions): OperatorFunction<T, T[]> {
  const notes = notesOf('windowsByCount', '{ size, every? }', options, ['size', 'every'])
  const { size, every = size } = options
  checkCount('windowsByCount({ size })', 1, size)
  checkCount('windowsByCount({ every })', 1, every)
  return operate(notes, size, (subscriber) => new CountWindows(subscriber, notes, size, every))
}

/**
 * Always true: `_items` holds each item of the open windows once, and its first item begins the window that leaves
 * next.
 */
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
