/**
 * All that waits for time, in one heap: O(log n) to set and to take back, and one timer of the host however many sleep. Entries at the same
 * time fire in the order they were set.
 *
 * Always true: the host's timer is set while the heap has an entry that will come, for the first of them or earlier.
 */
import { systemClock, type Clock } from './clock.js'
import { queue } from './run-queue.js'

export interface Entry {
  readonly at: number
  readonly order: number
  /** Called once, at `at` or later; short, and no user code. */
  readonly fire: () => void
  /** Where it is in the heap; -1 when it is not. */
  index: number
}

export class Timers {
  readonly #heap: Entry[] = []
  #nextOrder = 0
  #set: { readonly at: number; readonly cancel: () => void } | null = null

  constructor(readonly clock: Clock) {}

  get size(): number {
    return this.#heap.length
  }

  now(): number {
    return this.clock.now()
  }

  add(at: number, fire: () => void): Entry {
    const entry: Entry = { at, order: this.#nextOrder++, fire, index: this.#heap.length }
    this.#heap.push(entry)
    this.#rise(entry)
    if (entry.index === 0) this.#setHostTimer()
    return entry
  }

  /** False when it has fired or was taken back before. */
  remove(entry: Entry): boolean {
    const { index } = entry
    if (index < 0) return false
    const last = this.#heap.pop() as Entry // there is at least this one
    entry.index = -1
    if (last !== entry) {
      this.#place(last, index)
      this.#rise(last)
      this.#sink(last)
    }
    // A timer set too early costs one idle call; none left must not keep the process alive.
    if (this.#heap.length === 0) this.#clearHostTimer()
    return true
  }

  #fireDue(): void {
    this.#set = null
    queue.hostHadItsTurn()
    const time = this.now()
    for (let first = this.#heap[0]; first !== undefined && first.at <= time; first = this.#heap[0]) {
      this.remove(first)
      first.fire()
    }
    this.#setHostTimer()
  }

  #setHostTimer(): void {
    const at = this.#heap[0]?.at
    if (at === undefined || at === Infinity || (this.#set !== null && this.#set.at <= at)) return
    this.#clearHostTimer()
    this.#set = { at, cancel: this.clock.set(at, () => this.#fireDue()) }
  }

  #clearHostTimer(): void {
    this.#set?.cancel()
    this.#set = null
  }

  #place(entry: Entry, index: number): void {
    entry.index = index
    this.#heap[index] = entry
  }

  #rise(entry: Entry): void {
    while (entry.index > 0) {
      const parent = this.#heap[(entry.index - 1) >> 1] as Entry // inside the heap
      if (!isBefore(entry, parent)) return
      this.#swap(entry, parent)
    }
  }

  #sink(entry: Entry): void {
    for (;;) {
      const left = this.#heap[2 * entry.index + 1]
      const right = this.#heap[2 * entry.index + 2]
      const child = right !== undefined && left !== undefined && isBefore(right, left) ? right : left
      if (child === undefined || !isBefore(child, entry)) return
      this.#swap(entry, child)
    }
  }

  #swap(a: Entry, b: Entry): void {
    const { index } = a
    this.#place(a, b.index)
    this.#place(b, index)
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** The timers in force: of the system's clock, unless a test has put virtual time in their place. */
export const time: { timers: Timers } = { timers: new Timers(systemClock) }
