/**
 * The mark of a partition: every message up to it is settled.
 *
 *     offsets   7 8 9 10 11      done: 7, 8, 10      mark: 8
 *
 * Always true: `_open` has the messages above the mark, in the order of their offsets, and its first is not done.
 */
import { Ring } from '../../runtime/internal.js'

interface Entry {
  readonly offset: number
  isDone: boolean
}

export class Mark {
  private readonly _order = new Ring<Entry>()
  private readonly _open = new Map<number, Entry>()

  /** `floor`: the last offset that is settled. */
  constructor(public floor: number) {}

  /** Messages that have begun and are not done. */
  get open(): number {
    return this._open.size
  }

  began(offset: number): void {
    const entry = { offset, isDone: false }
    this._order.push(entry)
    this._open.set(offset, entry)
  }

  /** Returns whether the mark has moved. */
  done(offset: number): boolean {
    const entry = this._open.get(offset)
    if (entry === undefined) return false
    this._open.delete(offset)
    entry.isDone = true
    const before = this.floor
    for (let first = this._order.first; first?.isDone === true; first = this._order.first) {
      this._order.shift()
      this.floor = first.offset
    }
    return this.floor !== before
  }
}
