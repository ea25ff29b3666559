/**
 * The watermark of items that finish in any order: every item below it has finished. The item before it is committed
 * when the results below the watermark have passed to the end of the pipeline.
 *
 *     positions   0 1 2 3 4 5 6
 *     finished    ✓ ✓ ✓ · ✓ ✓ ·      watermark 3: item 2 is committed after the passage
 *
 * Always true:
 * - `_order` holds the items from the watermark on, in the order of their positions, and its first item is unfinished;
 * - one passage is under way at a time: it commits the item that was before the watermark when it began.
 */
import { Ring } from '../../runtime/internal.js'
import type { Demand } from '../demand/demand.js'
import { passage } from '../demand/passage.js'

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
  private _isPassing = false

  constructor(
    private readonly _commit: (item: T, position: number) => void,
    private readonly _demandBelow: Demand,
  ) {}

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

  /** Commits what the watermark has passed since the last passage, at once where nothing is held below. */
  commit(): void {
    while (this._uncommitted !== null && !this._isPassing) {
      const { item } = this._uncommitted
      const position = this._watermark - 1
      this._uncommitted = null
      this._isPassing = true
      if (!passage(this._demandBelow, null, () => this._passed(item, position))) return
      this._isPassing = false
      this._commit(item, position)
    }
  }

  private _passed(item: T, position: number): void {
    this._isPassing = false
    this._commit(item, position)
    this.commit()
  }
}
