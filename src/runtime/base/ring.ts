const FIRST_ROOM = 8

/**
 * A double-ended queue on a ring whose length is a power of two and doubles when full: push, shift and unshift are
 * O(1).
 */
export class Ring<T> {
  private _slots: (T | undefined)[]
  private _head = 0
  private _size = 0

  /** With room 0 the slots are made at the first push. */
  constructor(room = FIRST_ROOM) {
    this._slots = room === 0 ? noSlots : slotsFor(room)
  }

  get size(): number {
    return this._size
  }

  /** The oldest item, which stays in the ring; undefined when the ring is empty. */
  get first(): T | undefined {
    return this._size === 0 ? undefined : this._slots[this._head]
  }

  push(value: T): void {
    if (this._size === this._slots.length) this._grow()
    this._slots[(this._head + this._size++) & (this._slots.length - 1)] = value
  }

  unshift(value: T): void {
    if (this._size === this._slots.length) this._grow()
    this._head = (this._head - 1) & (this._slots.length - 1)
    this._slots[this._head] = value
    this._size++
  }

  /** The oldest; undefined when empty, so look at `size` first where undefined is a value. */
  shift(): T | undefined {
    if (this._size === 0) return undefined
    const head = this._head
    const value = this._slots[head]
    this._slots[head] = undefined // holds nothing that was taken
    this._head = (head + 1) & (this._slots.length - 1)
    this._size--
    return value
  }

  private _grow(): void {
    const old = this._slots
    const slots = slotsFor<T>(old.length * 2 || FIRST_ROOM)
    for (let i = 0; i < this._size; i++) slots[i] = old[(this._head + i) & (old.length - 1)]
    this._slots = slots
    this._head = 0
  }
}

function slotsFor<T>(room: number): (T | undefined)[] {
  return new Array<T | undefined>(room).fill(undefined)
}

/** The slots of every ring with room 0, never written to; emptied, so that their shape is that of all other slots. */
const noSlots = /* @__PURE__ */ emptySlots()

function emptySlots(): never[] {
  const slots = slotsFor<never>(1)
  slots.length = 0
  return slots as never[] // it has no item
}
