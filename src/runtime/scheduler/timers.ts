/**
 * Timers in a heap: O(log n) to add and to remove an entry, and a single timer of the host for all of them. Entries for
 * the same time fire in the order in which they were added.
 *
 * Always true:
 * - While the heap has an entry with a finite time, the host's timer is set for the first entry's time or earlier.
 * - Timers belong to one clock, and an entry to its timers: it is removed from those, whatever clock is in force.
 */
import { outOfRange } from '../base/arguments.js'
import { letProcessEnd, systemClock, type Clock } from '../base/clock.js'
import { queue, type Runnable } from './run-queue.js'

export interface Entry {
  /** The timers that hold the entry: an entry belongs to one clock. */
  readonly timers: Timers
  readonly at: number
  readonly order: number
  /** Called once, at `at` or later; short, and no user code. */
  readonly fire: () => void
  /** The code that added the entry, and whose name it fires in, where an order is kept. */
  readonly since: object | null
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

  /** True once the test that the clock belongs to has ended: no entry fires any more. */
  isOver = false

  constructor(readonly clock: Clock) {}

  get size(): number {
    return this._heap.length
  }

  now(): number {
    return this.clock.now()
  }

  /** Unix time in ms: the times that users see and give. `now` is for timers and durations. */
  wall(): number {
    return this.clock.wall()
  }

  /** Throws RangeError for NaN, which no order of entries could hold. */
  add(at: number, fire: () => void): Entry {
    if (Number.isNaN(at)) throw outOfRange('a timer', 'a time in ms', at)
    const entry: Entry = {
      timers: this,
      at,
      order: this._nextOrder++,
      fire,
      since: queue.order === null ? null : queue.order.mark(),
      index: this._heap.length,
    }
    this._heap.push(entry)
    this._rise(entry)
    if (entry.index === 0) this._setHostTimer()
    return entry
  }

  /** Returns false when the entry has fired or was removed before. */
  remove(entry: Entry): boolean {
    const { index, timers } = entry
    if (timers !== this) return timers.remove(entry)
    if (this._heap[index] !== entry) return false // fired, or removed
    const last = this._heap.pop() as Entry // the heap holds at least the removed entry
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
        if (first.since === null || queue.order === null) first.fire()
        else queue.order.within(first.since, first.fire) // time alone orders nothing
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

/**
 * The clock in force. The code of a bubble or an exploration has the timers of that; all other code has the system's.
 */
class TimeInForce {
  /** The timers of code that is in no bubble. It is mutable for tests that put virtual time under all code. */
  outside = new Timers(systemClock)
  /** Finds the timers of the code that runs; null where all code has the same. */
  find: (() => Timers) | null = null

  get timers(): Timers {
    return this.find === null ? this.outside : this.find()
  }

  set timers(timers: Timers) {
    this.outside = timers
  }
}

export const time = /* @__PURE__ */ new TimeInForce()
