/**
 * A stage that performs one operation for each item, one item at a time: the demand opens again when the operation has
 * completed.
 *
 * Always true: the performer and the slot have the same item, so at most one operation is under way.
 */
import type { Subscriber } from 'rxjs'
import type { Op } from '../../runtime/index.js'
import { CallbackPerformer, checkOperation, type Operation } from '../../runtime/internal.js'
import type { StageNotes } from '../demand/unpaced.js'
import { failedIn } from '../demand/errors.js'
import { Stage } from './stage.js'

export abstract class SerialStage<T, R> extends Stage<T, R> {
  private readonly _performer = new ItemPerformer<T>(this)
  protected position = -1

  constructor(subscriber: Subscriber<R>, notes: StageNotes) {
    super(subscriber, notes, 1)
  }

  /** Returns the operation to perform for the item. */
  protected abstract operationFor(value: T): Op<unknown>
  /** The operation has completed: `flow.deliver`, or `flow.free`. */
  abstract performed(value: T): void

  /** Does the work for the item where it needs no wait, and so no operation; `taken` follows. */
  protected takesAtOnce(_value: T): boolean {
    return false
  }
  /** The item was taken at once: `flow.deliver`, or `flow.free`, now or later. */
  protected taken(): void {}

  take(value: T): void {
    this.position++
    let operation
    try {
      operation = this.takesAtOnce(value) ? null : checkOperation(this.flow.intake.name, this.operationFor(value))
    } catch (cause) {
      return this.failed(cause)
    }
    if (operation === null) this.taken()
    else this._performer.begin(operation, value)
  }

  failed(cause: unknown): void {
    this.flow.fail(failedIn(cause, this.flow.intake.name, this.position))
  }

  stopWork(): void {
    this._performer.stop()
  }
}

/** Performs the operation of one item after the other, without an allocation for each. */
class ItemPerformer<T> extends CallbackPerformer<unknown> {
  private _item: T | undefined = undefined

  constructor(private readonly _stage: SerialStage<T, unknown>) {
    super(_stage.flow.asyncScope)
  }

  begin(operation: Operation<unknown>, item: T): void {
    this._item = item
    this.start(operation)
  }

  protected succeeded(): void {
    const item = this._item as T // set by `begin`
    this._item = undefined
    this._stage.performed(item)
  }

  protected failed(cause: unknown): void {
    this._item = undefined
    this._stage.failed(cause)
  }
}
