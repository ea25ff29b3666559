/** A stage that performs one operation for each item, one item at a time: the next is wanted when the operation is through. */
import type { Subscriber } from 'rxjs'
import type { Op } from '../../runtime/index.js'
import { checkOperation, PENDING, type Operation } from '../../runtime/internal.js'
import type { StageNotes } from '../demand/intake.js'
import { Stage } from './stage.js'
import { Step } from './step.js'
import { failedIn } from '../demand/stage-trail.js'

export abstract class Serial<T, R> extends Stage<T, R> {
  private readonly _step = new Step<T>(this)
  private _position = -1

  constructor(subscriber: Subscriber<R>, notes: StageNotes) {
    super(subscriber, notes, 1)
  }

  protected abstract operationFor(value: T): Op<unknown>
  /** The operation is through: `deliver`, or `free`. */
  abstract through(value: T): void

  take(value: T): void {
    this._position++
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
    this.flow.fail(failedIn(cause, this.flow.arrivals.name, this._position))
  }

  stopWork(): void {
    this._step.stop()
  }
}
