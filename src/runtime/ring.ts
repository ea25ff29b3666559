/** A double-ended queue on a ring whose length is a power of two and doubles when full: push, shift and unshift are O(1). */
export class Ring<T> {
  #slots: (T | undefined)[]
  #head = 0
  #size = 0

  constructor(room = 8) {
    this.#slots = new Array<T | undefined>(room).fill(undefined)
  }

  get size(): number {
    return this.#size
  }

  /** The oldest, left where it is; undefined when empty. */
  get first(): T | undefined {
    return this.#size === 0 ? undefined : this.#slots[this.#head]
  }

  push(value: T): void {
    if (this.#size === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.#size++) & (this.#slots.length - 1)] = value
  }

  unshift(value: T): void {
    if (this.#size === this.#slots.length) this.#grow()
    this.#head = (this.#head - 1) & (this.#slots.length - 1)
    this.#slots[this.#head] = value
    this.#size++
  }

  /** The oldest; undefined when empty, so look at `size` first where undefined is a value. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const head = this.#head
    const value = this.#slots[head]
    this.#slots[head] = undefined // holds nothing that was taken
    this.#head = (head + 1) & (this.#slots.length - 1)
    this.#size--
    return value
  }

  #grow(): void {
    const old = this.#slots
    const slots = new Array<T | undefined>(old.length * 2).fill(undefined)
    for (let i = 0; i < this.#size; i++) slots[i] = old[(this.#head + i) & (old.length - 1)]
    this.#slots = slots
    this.#head = 0
  }
}
