/** An operation that is ready as soon as nobody else can go on, not even by time: who performs the runs says when that is. */
import { Operation, PENDING, WaitQueue, type Pending, type Waiter } from '../runtime/kernel.js'

export class Quiescence extends Operation<void> {
  private readonly _waiters = new WaitQueue()

  /** Nobody can go on; answers whether somebody waited for that. */
  reached(): boolean {
    if (this._waiters.first === null) return false
    this._waiters.settleAll(undefined)
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
    return 'quiescence'
  }
}
