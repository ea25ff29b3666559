/**
 * The watermark of items that finish in any order: every item below it has finished, so the item before it may be
 * committed.
 *
 *     positions   0 1 2 3 4 5 6
 *     finished    ✓ ✓ ✓ · ✓ ✓ ·      watermark 3: item 2 may be committed
 *
 * Always true: `_order` holds the items from the watermark on, in the order of their positions, and its first item is
 * unfinished.
 */
import { Ring } from '../../runtime/internal.js'

interface Entry<T> {
  readonly item: T
  isFinished: boolean
}

export class Watermark<T> {
  private readonly _unfinished = new Map<number, Entry<T>>()
  private readonly _order = new Ring<Entry<T>>()
  private _next = 0
  private _watermark = 0
  /** The item before the watermark, until it is committed. */
  private _uncommitted: { readonly item: T } | null = null

  constructor(private readonly _commit: (item: T, position: number) => void) {}

  /** An item begins; items begin in the order of their positions. */
  began(item: T): void {
    const entry = { item, isFinished: false }
    this._unfinished.set(this._next++, entry)
    this._order.push(entry)
  }

  /** An item has finished. Returns the number of positions by which the watermark has moved. */
  finished(position: number): number {
    const entry = this._unfinished.get(position) as Entry<T> // an item begins before it finishes, and finishes once
    this._unfinished.delete(position)
    entry.isFinished = true
    const before = this._watermark
    for (let first = this._order.first; first !== undefined && first.isFinished; first = this._order.first) {
      this._order.shift()
      this._watermark++
      this._uncommitted = first
    }
    return this._watermark - before
  }

  /** Calls `commit` if the watermark has moved since the last call. */
  commit(): void {
    if (this._uncommitted === null) return
    const { item } = this._uncommitted
    this._uncommitted = null
    this._commit(item, this._watermark - 1)
  }
}
