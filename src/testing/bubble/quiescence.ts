/**
 * An operation that is ready when no other goroutine can continue. The runner decides when that is, and resumes a
 * waiter at a time.
 */
import { Operation, PENDING, queue, WaitQueue, type Pending, type Waiter } from '../../runtime/internal.js'

export class Quiescence extends Operation<void> {
  private readonly _waiters = new WaitQueue()

  constructor(private readonly _name: string) {
    super()
  }

  /** No goroutine can continue: resumes a waiter. Returns false if there was no waiter. */
  reached(): boolean {
    const waiter = this._waiters.shift()
    if (waiter === null) return false
    queue.order?.acquire(this, 'quiescence', waiter)
    waiter.settle(undefined)
    return true
  }

  poll(): Pending {
    return PENDING
  }
  park(waiter: Waiter): void {
    this._waiters.push(waiter)
  }
  withdraw(waiter: Waiter): void {
    this._waiters.remove(waiter)
  }
  describe(): string {
    return this._name
  }
}
