/**
 * What waits, and where. One waiter is shared by everything that blocks (Go's sudog, crossbeam's Entry): a goroutine is its own waiter, an
 * `await` and a subscription make one, and a choice parks one `Case` for each of its operations under the waiter that performs it.
 *
 * Always true:
 * - A waiter is in as many queues as its operation named, and in none once it is settled: settling one case withdraws the others at once,
 *   so whoever looks into a queue finds only waiters that can be granted.
 * - It is settled once. `raw` first holds what the operation parks with (a value to send, a timer), then what it was granted.
 * - Leaving a queue is by identity and O(1).
 */

/** An operation's answer to `poll`: not now. */
export const PENDING: unique symbol = Symbol.for('millrace.pending')
export type Pending = typeof PENDING

export abstract class Waiter {
  /** Neighbours in the one WaitQueue that holds this waiter; a waiter that is parked in a timer or in cases uses neither. */
  previous: Waiter | null = null
  next: Waiter | null = null
  raw: unknown = undefined

  /** Grants `raw`. The caller's own state is whole again before it calls: what runs from here may come back to it. */
  abstract settle(raw: unknown): void
}

/** Waiters in order of arrival. */
export class WaitQueue {
  first: Waiter | null = null
  last: Waiter | null = null

  push(waiter: Waiter): void {
    const { last } = this
    waiter.previous = last
    if (last === null) this.first = waiter
    else last.next = waiter
    this.last = waiter
  }

  shift(): Waiter | null {
    const { first } = this
    if (first !== null) this.remove(first)
    return first
  }

  remove(waiter: Waiter): void {
    const { previous, next } = waiter
    if (previous === null) this.first = next
    else previous.next = next
    if (next === null) this.last = previous
    else next.previous = previous
    waiter.previous = waiter.next = null
  }

  *[Symbol.iterator](): Generator<Waiter, void> {
    for (let waiter = this.first; waiter !== null; waiter = waiter.next) yield waiter
  }

  /** Settles all who wait at this moment or join while it goes on. */
  settleAll(raw: unknown): void {
    for (let waiter = this.shift(); waiter !== null; waiter = this.shift()) waiter.settle(raw)
  }
}

/** A reaction of the runtime's own: `react` is called at once, so it must be short and run no user code. */
export class Reaction extends Waiter {
  private readonly _react: (raw: unknown) => void

  constructor(react: (raw: unknown) => void) {
    super()
    this._react = react
  }

  settle(raw: unknown): void {
    this._react(raw)
  }
}
