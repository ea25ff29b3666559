/** One item that waits for an operation; what to do then is its owner's business. */
import { queue, Waiter, type Operation, type Runnable } from '../../runtime/internal.js'

export interface StepOwner<T> {
  through(value: T): void
  failed(cause: unknown): void
}

export class Step<T> extends Waiter implements Runnable {
  private _operation: Operation<unknown> | null = null
  private _isGranted = false
  private _value: T | undefined = undefined

  constructor(private readonly owner: StepOwner<T>) {
    super()
  }

  park(operation: Operation<unknown>, value: T): void {
    this._operation = operation
    this._isGranted = false
    this._value = value
    operation.park(this)
  }

  settle(raw: unknown): void {
    this.raw = raw
    this._isGranted = true
    queue.push(this)
  }

  run(): void {
    const operation = this._operation
    if (operation === null) return // stopped meanwhile
    const value = this._value as T // parked with one
    this._clear()
    try {
      operation.finish(this)
    } catch (cause) {
      return this.owner.failed(cause)
    }
    this.owner.through(value)
  }

  stop(): void {
    if (this._operation !== null) {
      if (this._isGranted) this._operation.undo(this)
      else this._operation.withdraw(this)
    }
    this._clear()
  }

  private _clear(): void {
    this._operation = null
    this._value = undefined
  }
}
