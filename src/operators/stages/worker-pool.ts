import type { OperatorFunction, Subscriber } from 'rxjs'
import type { Context } from '../../runtime/index.js'
import { checkCount, checkFunction, Ring } from '../../runtime/internal.js'
import { stageNotes, type StageNotes } from '../demand/intake.js'
import { checkFailureOptions, type FailureOptions } from '../engine/failure-policy.js'
import type { Place } from '../engine/worker-slot.js'
import { operate } from '../engine/stage.js'
import type { Work } from '../engine/work.js'
import { WorkingStage, type Worker } from '../engine/worker-stage.js'

export interface WorkerPoolOptions extends FailureOptions {
  /** Results in the order of their items, in place of as they come. */
  readonly ordered?: boolean
}

/**
 * `n` workers over the items: at most `n` are under way or have a result that waits to leave, and the source is paused meanwhile. `work` gets
 * the item and a context that ends when the subscriber leaves; it answers a value, a promise, an operation, a generator (run as a
 * goroutine) or an observable. Results come as they are ready, or with `ordered` in the order of their items.
 *
 * The first throw is the pipeline's error (`onFailure` says otherwise; so does `catchTo` below): the context ends, goroutines are canceled,
 * what else is under way is forgotten. Throws RangeError
 * at once for an `n` that is no whole number from 1 up. Takes the place of `mergeMap(f, n)`, whose backlog has no bound.
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
  checkFailureOptions('workerPool', options)
  const notes = stageNotes('workerPool', options)
  return operate(notes, n, (subscriber) => new WorkerPool(subscriber, notes, n, work, options))
}

class WorkerPool<T, R> extends WorkingStage<T, R> {
  /** With `ordered`: the places in the order of their items. */
  private readonly _order: Ring<Place<T, R>> | null

  constructor(subscriber: Subscriber<R>, notes: StageNotes, n: number, work: Worker<T, R>, options?: WorkerPoolOptions) {
    super(subscriber, notes, n, work, options)
    this._order = options?.ordered === true ? new Ring() : null
  }

  get isOrdered(): boolean {
    return this._order !== null
  }

  take(value: T): void {
    const place = this.takePlace()
    this._order?.push(place)
    place.begin(value, this.nextPosition++)
    if (this._order !== null) this._advance(this._order)
  }

  result(place: Place<T, R>, value: R, isLast: boolean): void {
    if (this.flow.isOver) return
    if (!isLast) this.flow.deliver(value, 0)
    else if (this._order === null) {
      this.release(place)
      this.flow.deliver(value, 1)
    } else {
      place.keep(value)
      this._advance(this._order)
    }
  }

  done(place: Place<T, R>): void {
    if (this.flow.isOver) return
    if (this._order === null) {
      this.release(place)
      this.flow.free(1)
    } else {
      place.isDone = true
      this._advance(this._order)
    }
  }

  /** Lets go what the first in order have, and the next to be first begin. */
  private _advance(order: Ring<Place<T, R>>): void {
    for (let first = order.first; first !== undefined && first.isDone && !this.flow.isOver; first = order.first) {
      order.shift()
      const { hasKept } = first
      const kept = first.takeKept()
      this.release(first)
      if (hasKept)
        this.flow.deliver(kept as R, 1) // kept
      else this.flow.free(1)
    }
    order.first?.becomeFirst()
  }
}
