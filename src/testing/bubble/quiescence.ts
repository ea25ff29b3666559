/** An operation that is ready when nobody else can go on: who performs the runs says when that is, and lets one go on at a time. */
import { Operation, PENDING, WaitQueue, type Pending, type Waiter } from '../../runtime/internal.js'

export class Quiescence extends Operation<void> {
  private readonly _waiters = new WaitQueue()

  constructor(private readonly _name: string) {
    super()
  }

  /** Nobody can go on; answers whether somebody waited for that. */
  reached(): boolean {
    const waiter = this._waiters.shift()
    waiter?.settle(undefined)
    return waiter !== null
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
