/** An operation that waits until the gate opens, and counts its waiters, so that a law sees the waiters left behind. */
import { Operation, PENDING, WaitQueue, type Failure, type Pending, type Waiter } from '../../../runtime/internal.js'

export class Gate extends Operation<void> {
  private readonly _waiters = new WaitQueue()
  private _isOpen = false
  private _failure: Failure | null = null
  /** Waiters parked. */
  parked = 0

  constructor(private readonly _name: string) {
    super()
  }

  /** Opens the gate; the waits throw `cause`. For the error of a pipeline that should not fail. */
  readonly fail = (cause: unknown): void => {
    this._failure ??= { error: cause }
    this.open()
  }

  open(): void {
    this._isOpen = true
    this.parked = 0
    this._waiters.settleAll(undefined)
  }

  poll(): void | Pending {
    if (!this._isOpen) return PENDING
    this.finish()
  }
  override finish(): void {
    if (this._failure !== null) throw this._failure.error
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
