/** The lowest unfinished of items that finish in any order: what may be committed. */
import { Ring } from '../../runtime/internal.js'

interface Entry<T> {
  readonly item: T
  isThrough: boolean
}

export class Watermark<T> {
  /** From the lowest unfinished on, in the order of their positions. */
  private readonly _open = new Map<number, Entry<T>>()
  private readonly _order = new Ring<Entry<T>>()
  private _next = 0
  /** The position of the lowest unfinished, and the last item before it. */
  private _lowest = 0
  private _untold: { readonly item: T } | null = null

  constructor(private readonly commit: (item: T, position: number) => void) {}

  /** Items begin in order. */
  began(item: T): void {
    const entry = { item, isThrough: false }
    this._open.set(this._next++, entry)
    this._order.push(entry)
  }

  /** Answers by how many the lowest unfinished has moved. */
  finished(position: number): number {
    const entry = this._open.get(position) as Entry<T> // it began, and finishes once
    this._open.delete(position)
    entry.isThrough = true
    const before = this._lowest
    for (let first = this._order.first; first !== undefined && first.isThrough; first = this._order.first) {
      this._order.shift()
      this._lowest++
      this._untold = first
    }
    return this._lowest - before
  }

  /** Calls `commit` if it has moved since. */
  tell(): void {
    if (this._untold === null) return
    const { item } = this._untold
    this._untold = null
    this.commit(item, this._lowest - 1)
  }
}
