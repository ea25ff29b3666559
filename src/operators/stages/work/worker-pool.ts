import type { OperatorFunction, Subscriber } from 'rxjs'
import type { Context } from '../../../runtime/index.js'
import { checkCount, checkFlag, checkFunction, Ring } from '../../../runtime/internal.js'
import { operate } from '../../engine/stage.js'
import type { Work, WorkerSlot } from '../../engine/worker-slot.js'
import { workerPlan, WorkerStage, type FailureOptions, type WorkerPlan } from '../../engine/worker-stage.js'

/** Options of `workerPool`. */
export interface WorkerPoolOptions extends FailureOptions {
  /** Results leave in the order of their items; default: as they are ready. */
  readonly ordered?: boolean
}

/**
 * `n` workers over the items. `work` receives the item and a context that ends when the subscriber leaves, and returns
 * a value, a promise, an operation, a generator (run as a goroutine) or an observable. The bounded twin of `mergeMap(f,
 * n)`, whose backlog has no bound.
 *
 * Shape: one result for each item, or every item of the observable that `work` returns; as they are ready, or with
 * `ordered` in the order of the items. Holds `n` items: an item has its slot until its result has left, and the source
 * pauses while all slots are in use. An observable that emits a second result while its first waits for demand is
 * reported to `onUnpaced`. Completes when the source has completed and every result has left. Fails with the first
 * error of `work`, unless `onFailure` or `catchTo` below decides otherwise; the context ends then, goroutines are
 * canceled, and other work is forgotten. So it is when the subscriber leaves. Throws RangeError for an `n` that is no
 * whole number from 1 up.
 *
 * @example
 * ```ts
 * fromIterable(urls).pipe(workerPool(5, async (url, ctx) => (await fetch(url, { signal: ctx.signal })).status))
 * ```
 */
export function workerPool<T, R>(
  n: number,
  work: (value: T, ctx: Context) => Work<R>,
  options?: WorkerPoolOptions,
): OperatorFunction<T, R> {
  checkCount('workerPool(n)', 1, n)
  checkFunction('workerPool(n, work)', work)
  const plan = workerPlan({ operator: 'workerPool', own: ['ordered'] }, n, work, options)
  checkFlag('workerPool(n, work, { ordered })', options?.ordered)
  return operate(plan.notes, n, (subscriber) => new WorkerPool(subscriber, plan, options?.ordered === true))
}

class WorkerPool<T, R> extends WorkerStage<T, R> {
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
