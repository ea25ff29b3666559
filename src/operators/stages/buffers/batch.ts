import type { OperatorFunction, Subscriber } from 'rxjs'
import { checkCount, mistyped, outOfRange, QueuedTimer } from '../../../runtime/internal.js'
import { notesOf, type StageNotes, type StageOptions } from '../../demand/unpaced.js'
import { operate, Stage } from '../../engine/stage.js'

/** Options of `batch`. */
export interface BatchOptions extends StageOptions {
  /** Items in a full batch. */
  readonly size: number
  /** ms after the first item of a batch, after which the batch leaves as it is; default: no limit. */
  readonly within?: number
}

/**
 * Items in arrays of `size`, or of the items that have come `within` ms of the first. The bounded twin of `bufferTime`
 * and `bufferCount`.
 *
 * Shape: an array for every `size` items, or for fewer after `within` ms; none is empty. Holds `size` items. At
 * completion the last batch leaves as it is. At an error of the source, and when the subscriber leaves, the items of
 * the batch under way are dropped. Throws RangeError for a `size` that is no whole number from 1 up, and for a negative
 * `within`.
 *
 * @example
 * ```ts
 * fromReceiver(rows).pipe(batch({ size: 100, within: 50 }), workerPool(2, insert))
 * ```
 */
export function batch<T>(options: BatchOptions): OperatorFunction<T, T[]> {
  const notes = notesOf('batch', '{ size, within? }', options, ['size', 'within'])
  const { size, within = Infinity } = options
  checkCount('batch({ size })', 1, size)
  if (typeof within !== 'number') throw mistyped('batch({ within })', 'a number of ms', within)
  if (Number.isNaN(within) || within < 0) throw outOfRange('batch({ within })', '0 ms or more', within)
  return operate(notes, size, (subscriber) => new Batch(subscriber, notes, size, within))
}

class Batch<T> extends Stage<T, T[]> {
  private _items: T[] = []
  private readonly _timer = new QueuedTimer(this.flow.asyncScope, () => this.flush())

  constructor(
    subscriber: Subscriber<T[]>,
    notes: StageNotes,
    private readonly _size: number,
    private readonly _within: number,
  ) {
    super(subscriber, notes, _size)
  }

  take(value: T): void {
    this._items.push(value)
    if (this._items.length === this._size) this.flush()
    else if (this._items.length === 1) this._timer.start(this._within)
  }

  override flush(): void {
    this._timer.stop()
    const items = this._items
    if (items.length === 0) return
    this._items = []
    this.flow.deliver(items, items.length)
  }

  stopWork(): void {
    this._timer.stop()
  }
}
