/**
 * Timers, in one heap: O(log n) to add and to remove an entry, and one timer of the host for all of them. Entries for
 * the same time fire in the order in which they were added.
 *
 * Always true: while the heap has an entry with a finite time, the host's timer is set for the first entry's time or
 * earlier.
 */
import { letProcessEnd, systemClock, type Clock } from '../base/clock.js'
import { queue, type Runnable } from './run-queue.js'

export interface Entry {
  readonly at: number
  readonly order: number
  /** Called once, at `at` or later; short, and no user code. */
  readonly fire: () => void
  /** Its index in the heap; -1 after it has left. */
  index: number
}

/** The runnable that fires the timers that are due. */
export interface Alarm extends Runnable {
  readonly timers: Timers
}

export class Timers {
  private readonly _heap: Entry[] = []
  private _nextOrder = 0
  private _set: { readonly at: number; readonly cancel: () => void } | null = null

  constructor(readonly clock: Clock) {}

  get size(): number {
    return this._heap.length
  }

  now(): number {
    return this.clock.now()
  }

  add(at: number, fire: () => void): Entry {
    const entry: Entry = { at, order: this._nextOrder++, fire, index: this._heap.length }
    this._heap.push(entry)
    this._rise(entry)
    if (entry.index === 0) this._setHostTimer()
    return entry
  }

  /** Returns false when the entry has fired or was removed before. */
  remove(entry: Entry): boolean {
    const { index } = entry
    if (this._heap[index] !== entry) return false // fired, removed, or an entry of other timers (virtual ones of a test, or the system's)
    const last = this._heap.pop() as Entry // there is at least this one
    entry.index = -1
    if (last !== entry) {
      this._place(last, index)
      this._rise(last)
      this._sink(last)
    }
    // When no finite timer is left, clear the host's timer so that the process can exit. A timer set too early costs
    // only one idle call.
    if ((this._heap[0]?.at ?? Infinity) === Infinity) this._clearHostTimer()
    return true
  }

  private _fireDue(): void {
    this._set = null
    const time = this.now()
    const end = this._nextOrder // an entry that is added from now on waits for the next round: a ticker may be faster than the clock
    try {
      for (let first = this._heap[0]; first !== undefined && first.at <= time && first.order < end; first = this._heap[0]) {
        this.remove(first)
        first.fire()
      }
    } finally {
      this._setHostTimer() // also where a user's context throws at its end
    }
  }

  private _setHostTimer(): void {
    const at = this._heap[0]?.at
    if (at === undefined || at === Infinity || (this._set !== null && this._set.at <= at)) return
    this._clearHostTimer()
    const cancel = this.clock.set(at, () => {
      queue.hostHadItsTurn()
      // The queue fires it, as the next to run: in its neutral async context, not in the context of the code that set
      // the host's timer.
      const alarm: Alarm = { timers: this, run: () => void (this._set === set && this._fireDue()) }
      queue.pushFirst(alarm)
    })
    const set = { at, cancel }
    this._set = set
  }

  /** For a program whose `main` has returned: from now on no timer keeps the process alive. */
  letProcessEnd(): void {
    letProcessEnd()
    this._clearHostTimer()
    this._setHostTimer()
  }

  private _clearHostTimer(): void {
    this._set?.cancel()
    this._set = null
  }

  private _place(entry: Entry, index: number): void {
    entry.index = index
    this._heap[index] = entry
  }

  private _rise(entry: Entry): void {
    while (entry.index > 0) {
      const parent = this._heap[(entry.index - 1) >> 1]
      if (!isBefore(entry, parent)) return
      this._swap(entry, parent)
    }
  }

  private _sink(entry: Entry): void {
    for (;;) {
      const left = this._heap[2 * entry.index + 1]
      const right = this._heap[2 * entry.index + 2]
      const child = right !== undefined && left !== undefined && isBefore(right, left) ? right : left
      if (child === undefined || !isBefore(child, entry)) return
      this._swap(entry, child)
    }
  }

  private _swap(a: Entry, b: Entry): void {
    const { index } = a
    this._place(a, b.index)
    this._place(b, index)
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** The timers in force: of the system's clock, unless a test sets virtual ones. It is mutable for that. */
export const time: { timers: Timers } = { timers: /* @__PURE__ */ new Timers(systemClock) }
