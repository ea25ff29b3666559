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
  return batchUntil(options, null)
}

/** Knows of items that no other comes before they leave. */
export interface LastItems<T> {
  /** An item has entered. Returns whether it may be the last; `look` may be called later, where the items may have become the last. */
  entered(item: T, look: () => void): boolean
  isLast(items: readonly T[], look: () => void): boolean
}

/** As `batch`; a batch leaves too where its items are the last that come before it leaves. */
export function batchUntil<T>(options: BatchOptions, lastItems: LastItems<T> | null): OperatorFunction<T, T[]> {
  const notes = notesOf('batch', '{ size, within? }', options, ['size', 'within'])
  const { size, within = Infinity } = options
  checkCount('batch({ size })', 1, size)
  if (typeof within !== 'number') throw mistyped('batch({ within })', 'a number of ms', within)
  if (Number.isNaN(within) || within < 0) throw outOfRange('batch({ within })', '0 ms or more', within)
  return operate(notes, size, (subscriber) => new Batch(subscriber, { notes, size, within, lastItems }))
}

interface BatchParts<T> {
  readonly notes: StageNotes
  readonly size: number
  readonly within: number
  readonly lastItems: LastItems<T> | null
}

class Batch<T> extends Stage<T, T[]> {
  private _items: T[] = []
  private readonly _timer = new QueuedTimer(this.flow.asyncScope, () => this.flush())
  /** All that happens in one turn is looked at once. */
  private readonly _looks = new QueuedTimer(this.flow.asyncScope, () => {
    if (this._isLast()) this.flush()
  })
  private readonly _look = (): void => {
    if (this._items.length > 0 && !this._looks.isRunning) this._looks.start(0)
  }

  constructor(
    subscriber: Subscriber<T[]>,
    private readonly _parts: BatchParts<T>,
  ) {
    super(subscriber, _parts.notes, _parts.size)
  }

  take(value: T): void {
    const { size, within, lastItems } = this._parts
    this._items.push(value)
    if (this._items.length === size) return this.flush()
    if (this._items.length === 1) this._timer.start(within)
    if (lastItems?.entered(value, this._look) === true && this._isLast()) this.flush()
  }

  private _isLast(): boolean {
    return this._items.length > 0 && this._parts.lastItems?.isLast(this._items, this._look) === true
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
    this._looks.stop()
    this._items = []
  }
}
