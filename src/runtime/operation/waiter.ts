/**
 * The waiter: the only kind of object that is parked in queues (Go's sudog, crossbeam's Entry). A goroutine is its own
 * waiter, an `await` and a subscription create a waiter, and a choice parks a `Case` for each of its operations under
 * the waiter that performs the choice.
 *
 * Always true:
 * - A waiter is in every queue of its operation, and in none once it is settled: settling a case withdraws the others
 *   at once, so every waiter in a queue can be granted.
 * - A waiter is settled once. `raw` first holds the operation's own data (a value to send, a timer), then the grant.
 * - Leaving a queue is by identity and O(1).
 */

/** The result of `poll` where the operation has to wait. */
export const PENDING: unique symbol = Symbol.for('millrace.pending')
export type Pending = typeof PENDING

export abstract class Waiter {
  /**
   * Neighbors in the only WaitQueue that holds this waiter; a waiter that is parked in a timer or in cases uses
   * neither.
   */
  previous: Waiter | null = null
  next: Waiter | null = null
  raw: unknown = undefined

  /**
   * Grants `raw`. The caller's own state is consistent before the call, because code that runs from here may call the
   * caller again.
   */
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

  /** Settles every waiter of the queue, also waiters that join meanwhile. */
  settleAll(raw: unknown): void {
    for (let waiter = this.shift(); waiter !== null; waiter = this.shift()) waiter.settle(raw)
  }
}

/** A waiter of the runtime itself: settling calls `react` at once, which must be short and run no user code. */
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
