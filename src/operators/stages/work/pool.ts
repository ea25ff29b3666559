/**
 * The stage of `workerPool`: results leave as they are ready, or in the order of their items.
 *
 * Always true: with `ordered`, `_order` has the slots of all items whose result has not been delivered, in their order.
 */
import type { Subscriber } from 'rxjs'
import { Ring } from '../../../runtime/internal.js'
import type { WorkerSlot } from '../../engine/worker-slot.js'
import { WorkerStage, type WorkerPlan } from '../../engine/worker-stage.js'

export class Pool<T, R> extends WorkerStage<T, R> {
  /** With `ordered`: the slots in the order of their items. */
  private readonly _order: Ring<WorkerSlot<T, R>> | null
  private _isAdvancing = false

  constructor(subscriber: Subscriber<R>, plan: WorkerPlan<T, R>, isOrdered: boolean) {
    super(subscriber, plan)
    this._order = isOrdered ? new Ring() : null
  }

  get isOrdered(): boolean {
    return this._order !== null
  }

  take(value: T): void {
    const slot = this.takeSlot()
    this._order?.push(slot)
    slot.begin(value, this.nextPosition++)
    if (this._order !== null) this._advance(this._order)
  }

  result(slot: WorkerSlot<T, R>, value: R): void {
    if (this.flow.isOver) return
    if (this._order === null) {
      const { position } = slot
      this.release(slot)
      this.deliver(value, position)
    } else {
      slot.keep(value)
      this._advance(this._order)
    }
  }

  done(slot: WorkerSlot<T, R>): void {
    if (this.flow.isOver) return
    if (this._order === null) {
      const { position } = slot
      this.release(slot)
      this.workEnded(position)
      this.flow.free(1)
    } else {
      slot.isDone = true
      this._advance(this._order)
    }
  }

  /**
   * Delivers the results of the slots at the front that are done, and lets the first of the others know that it is the
   * first. Work that ends at once only adds to the loop that runs already, and no stack grows.
   */
  private _advance(order: Ring<WorkerSlot<T, R>>): void {
    if (this._isAdvancing) return
    this._isAdvancing = true
    try {
      this._advanceAll(order)
    } finally {
      this._isAdvancing = false
    }
  }

  private _advanceAll(order: Ring<WorkerSlot<T, R>>): void {
    for (let first = order.first; first !== undefined && !this.flow.isOver; first = order.first) {
      if (!first.isDone) first.becomeFirst()
      if (!first.isDone) return
      order.shift()
      const { hasKept, position } = first
      const kept = first.takeKept()
      this.release(first)
      if (hasKept)
        this.deliver(kept as R, position) // `hasKept` is true, so `kept` is a result
      else {
        this.workEnded(position)
        this.flow.free(1)
      }
    }
  }
}
