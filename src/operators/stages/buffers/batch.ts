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
  return batchWhile(options, () => false)
}

/**
 * As `batch`; a batch leaves too where `isLast` says of its items that no other comes before they leave. `isLast` is asked after each item,
 * and when the function is called that it receives.
 */
export function batchWhile<T>(
  options: BatchOptions,
  isLast: (items: readonly T[], again: () => void) => boolean,
): OperatorFunction<T, T[]> {
  const notes = notesOf('batch', '{ size, within? }', options, ['size', 'within'])
  const { size, within = Infinity } = options
  checkCount('batch({ size })', 1, size)
  if (typeof within !== 'number') throw mistyped('batch({ within })', 'a number of ms', within)
  if (Number.isNaN(within) || within < 0) throw outOfRange('batch({ within })', '0 ms or more', within)
  return operate(notes, size, (subscriber) => new Batch(subscriber, { notes, size, within, isLast }))
}

interface BatchParts<T> {
  readonly notes: StageNotes
  readonly size: number
  readonly within: number
  isLast(items: readonly T[], again: () => void): boolean
}

class Batch<T> extends Stage<T, T[]> {
  private _items: T[] = []
  private readonly _timer = new QueuedTimer(this.flow.asyncScope, () => this.flush())

  private readonly _look = (): void => {
    if (this._items.length > 0 && this._parts.isLast(this._items, this._look)) this._timer.start(0)
  }

  constructor(
    subscriber: Subscriber<T[]>,
    private readonly _parts: BatchParts<T>,
  ) {
    super(subscriber, _parts.notes, _parts.size)
  }

  take(value: T): void {
    const { _parts: parts } = this
    this._items.push(value)
    if (this._items.length === parts.size || parts.isLast(this._items, this._look)) this.flush()
    else if (this._items.length === 1) this._timer.start(parts.within)
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
    this._items = []
  }
}
