/** A stage that performs one operation for each item, one item at a time: the next is wanted when the operation is through. */
import type { Subscriber } from 'rxjs'
import type { Op } from '../runtime/index.js'
import { checkOperation, PENDING, queue, Waiter, type Operation, type Runnable } from '../runtime/kernel.js'
import type { StageNotes } from './arrivals.js'
import { Stage } from './stage.js'

export abstract class Serial<T, R> extends Stage<T, R> {
  private readonly _step = new Step(this)

  constructor(subscriber: Subscriber<R>, notes: StageNotes) {
    super(subscriber, notes, 1)
  }

  protected abstract operationFor(value: T): Op<unknown>
  /** The operation is through: `deliver`, or `free`. */
  abstract through(value: T): void

  protected take(value: T): void {
    let operation: Operation<unknown>
    let result
    try {
      operation = checkOperation('a stage', this.operationFor(value))
      result = operation.poll()
    } catch (cause) {
      this.failed(cause)
      return
    }
    if (result === PENDING) this._step.park(operation, value)
    else this.through(value)
  }

  failed(cause: unknown): void {
    this.fail(cause)
  }

  protected stopWork(): void {
    this._step.stop()
  }
}

/** The one item under way, waiting for its operation. */
class Step<T> extends Waiter implements Runnable {
  private _operation: Operation<unknown> | null = null
  private _isGranted = false
  private _value: T | undefined = undefined

  constructor(private readonly stage: { through(value: T): void; failed(cause: unknown): void }) {
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
      return this.stage.failed(cause)
    }
    this.stage.through(value)
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
