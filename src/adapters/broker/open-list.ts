/**
 * Messages that are open, in the order of their arrival, linked through themselves: one leaves in constant time.
 *
 * A Set or a Map is no place for them. It makes a new table whenever it has filled or emptied, and V8 links each table to the next: after
 * the first of them has survived a full collection, all later ones are kept until the next, with the messages that were in them.
 */
export abstract class OpenMessage {
  before: OpenMessage | null = null
  next: OpenMessage | null = null
  isOpen = false
}

export class OpenList<M extends OpenMessage> {
  private _first: M | null = null
  private _last: M | null = null
  private _size = 0

  get size(): number {
    return this._size
  }

  add(message: M): void {
    message.isOpen = true
    message.before = this._last
    if (this._last === null) this._first = message
    else this._last.next = message
    this._last = message
    this._size++
  }

  /** Returns false for a message that has left. */
  remove(message: M): boolean {
    if (!message.isOpen) return false
    const before = message.before as M | null // all messages of a list are of its kind
    const next = message.next as M | null
    if (before === null) this._first = next
    else before.next = next
    if (next === null) this._last = before
    else next.before = before
    message.before = message.next = null // what has left keeps no other
    message.isOpen = false
    this._size--
    return true
  }

  /** The messages at this moment. */
  all(): M[] {
    const all: M[] = []
    for (let one = this._first; one !== null; one = one.next as M | null) all.push(one) // as above
    return all
  }
}
