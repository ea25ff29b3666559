/** An operation that is ready when somebody says so, and of which it is known how many wait for it: what is left behind shows here. */
import { Operation, PENDING, WaitQueue, type Pending, type Waiter } from '../../../runtime/internal.js'

export class Parking extends Operation<void> {
  private readonly _waiters = new WaitQueue()
  private _isOpen = false
  /** How many wait. */
  parked = 0

  constructor(private readonly _what: string) {
    super()
  }

  open(): void {
    this._isOpen = true
    this.parked = 0
    this._waiters.settleAll(undefined)
  }

  poll(): void | Pending {
    return this._isOpen ? undefined : PENDING
  }
  park(waiter: Waiter): void {
    this.parked++
    this._waiters.push(waiter)
  }
  withdraw(waiter: Waiter): void {
    this.parked--
    this._waiters.remove(waiter)
  }
  describe(): string {
    return this._what
  }
}
