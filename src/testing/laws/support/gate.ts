/** An operation that waits until the gate opens, and counts its waiters, so that a law sees the waiters left behind. */
import { Operation, PENDING, WaitQueue, type Pending, type Waiter } from '../../../runtime/internal.js'

export class Gate extends Operation<void> {
  private readonly _waiters = new WaitQueue()
  private _isOpen = false
  /** Waiters parked. */
  parked = 0

  constructor(private readonly _name: string) {
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
    return this._name
  }
}
