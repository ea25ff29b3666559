/**
 * The mark of a partition: every message up to it is settled.
 *
 *     offsets   7 8 9 10 11      done: 7, 8, 10      mark: 8
 *
 * Always true: `_order` has the messages above the mark, in the order of their offsets, and its first is not done.
 */
import { Ring } from '../../runtime/internal.js'

/** A message of the mark. */
export interface MarkEntry {
  readonly offset: number
  isDone: boolean
}

export class Mark {
  private readonly _order = new Ring<MarkEntry>()
  private _open = 0

  /** `floor`: the last offset that is settled. */
  constructor(public floor: number) {}

  /** Messages that have begun and are not done. */
  get open(): number {
    return this._open
  }

  /** Messages above the mark, done or not. */
  get above(): number {
    return this._order.size
  }

  began(offset: number): MarkEntry {
    const entry = { offset, isDone: false }
    this._order.push(entry)
    this._open++
    return entry
  }

  /** Returns whether the mark has moved. */
  done(entry: MarkEntry): boolean {
    if (entry.isDone) return false
    entry.isDone = true
    this._open--
    const before = this.floor
    for (let first = this._order.first; first?.isDone === true; first = this._order.first) {
      this._order.shift()
      this.floor = first.offset
    }
    return this.floor !== before
  }
}
