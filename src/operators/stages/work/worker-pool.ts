import type { OperatorFunction, Subscriber } from 'rxjs'
import type { Context } from '../../../runtime/index.js'
import {
  checkCount,
  checkFlag,
  checkFunction,
  checkOneOf,
  ConcurrencyLimit,
  mistyped,
  outOfRange,
  QueuedTimer,
  retryAfter,
  Ring,
  time,
  type AdaptiveLimit,
} from '../../../runtime/internal.js'
import { described } from '../../demand/scope.js'
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
 * With `{ min, max, by }` in place of `n` the pool finds the number of its workers: it begins with `min`, adds a
 * worker after each round without a sign of too much load, and halves the number at such a sign: a failure, or with
 * `by: 'latency'` a round that takes twice as long as the fastest of late. A failure with a `retryAfter` (seconds, or
 * a date) or a Retry-After header also holds all further work until then. Holds `max` items; a meter above shows the
 * number as `places`. A failure ends the pipeline all the same, unless `onFailure`, `retryEach` or `catchTo` decides
 * otherwise.
 *
 * @example
 * ```ts
 * fromIterable(urls).pipe(workerPool(5, async (url, ctx) => (await fetch(url, { signal: ctx.signal })).status))
 * ```
 */
export function workerPool<T, R>(
  n: number | AdaptiveLimit,
  work: (value: T, ctx: Context) => Work<R>,
  options?: WorkerPoolOptions,
): OperatorFunction<T, R> {
  const most = typeof n === 'object' ? checkLimit(n) : n
  checkCount('workerPool(n)', 1, most)
  checkFunction('workerPool(n, work)', work)
  const plan = workerPlan({ operator: 'workerPool', own: ['ordered'] }, most, work, options)
  checkFlag('workerPool(n, work, { ordered })', options?.ordered)
  const isOrdered = options?.ordered === true
  if (typeof n === 'object') return adaptive(plan, isOrdered, n)
  return operate(plan.notes, n, (subscriber) => new Pool(subscriber, plan, isOrdered))
}

/** Checks the limit, and returns its `max`. */
function checkLimit(limit: AdaptiveLimit): number {
  const given: unknown = limit // from JavaScript it may be anything
  if (given === null || Array.isArray(given) || !('min' in limit))
    throw mistyped('workerPool(n)', 'a whole number from 1 up, or { min, max, by }', limit)
  const { min, max, by } = limit
  checkCount('workerPool({ min })', 1, min)
  checkCount('workerPool({ max })', 1, max)
  if (max < min) throw outOfRange('workerPool({ max })', `a whole number from min, ${min}, up`, max)
  checkOneOf('workerPool({ by })', ['latency', 'errors'], by)
  return max
}

function adaptive<T, R>(plan: WorkerPlan<T, R>, isOrdered: boolean, limit: AdaptiveLimit): OperatorFunction<T, R> {
  const { notes, slots } = plan
  const policy = `adaptive from ${limit.min} by ${limit.by}${notes.overflow === 'keep' ? '' : `, ${notes.overflow}`}`
  return (source) =>
    described<R>({ name: notes.name, holds: slots, policy, source, notes }, (subscriber) =>
      new AdaptivePool(subscriber, plan, isOrdered, limit).flow.connect(source),
    )
}

/**
 * Results leave as they are ready, or in the order of their items.
 *
 * Always true: with `ordered`, `_order` has the slots of all items whose result has not been delivered, in their order.
 */
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

/** Work that has begun: in which epoch of the limit, and when; NaN after a failure. */
interface Begun {
  readonly epoch: number
  readonly at: number
}

/**
 * A pool that finds the number of its workers by itself.
 *
 *     taken ──▶ waits ──fewer at work than the limit, and no Retry-After──▶ at work ──▶ the result leaves
 *
 * Always true:
 * - an item has its slot from `take` on, so the pool holds at most `max` items, whatever the limit is;
 * - items begin their work in the order in which they were taken;
 * - at most `limit.now` items are at work when work begins; items that pause before a restart are at work;
 * - while more is at work than the limit, after a decrease, failures decide nothing;
 * - no work begins before the time that the last Retry-After of a failure names;
 * - items that wait at the end stay, so that no passage goes by them: they are lost, and not committed above.
 */
class AdaptivePool<T, R> extends Pool<T, R> {
  private readonly _limit: ConcurrencyLimit
  private readonly _waiting = new Ring<T>()
  private readonly _begun = new Map<WorkerSlot<T, R>, Begun>()
  private _isBeginning = false
  /** The time in ms before which no work begins. */
  private _heldUntil = 0
  private readonly _hold = new QueuedTimer(this.flow.asyncScope, () => this._beginWaiting())

  constructor(subscriber: Subscriber<R>, plan: WorkerPlan<T, R>, isOrdered: boolean, limit: AdaptiveLimit) {
    super(subscriber, plan, isOrdered)
    this._limit = new ConcurrencyLimit(limit)
    this.flow.intake.limit = limit.min
  }

  protected override get waiting(): number {
    return this._waiting.size
  }

  override take(value: T): void {
    this._waiting.push(value)
    this._beginWaiting()
  }

  /** Work that ends at once only adds to the loop that runs already, and no stack grows. */
  private _beginWaiting(): void {
    if (this._isBeginning || this._hold.isRunning) return
    this._isBeginning = true
    while (this._waiting.size > 0 && this._begun.size < this._limit.now && !this.flow.isOver && !this._hold.isRunning) {
      super.take(this._waiting.shift() as T) // its size is above 0
      if (this._begun.size >= this._limit.now) this._limit.reached()
    }
    this._isBeginning = false
  }

  /** Called as an item begins its work. */
  protected override takeSlot(): WorkerSlot<T, R> {
    const slot = super.takeSlot()
    this._begun.set(slot, { epoch: this._limit.epoch, at: time.timers.now() })
    if (this._begun.size >= this._limit.now) this._limit.reached()
    return slot
  }

  override result(slot: WorkerSlot<T, R>, value: R): void {
    this._workOver(slot)
    super.result(slot, value)
    this._beginWaiting()
  }

  override done(slot: WorkerSlot<T, R>): void {
    this._workOver(slot)
    super.done(slot)
    this._beginWaiting()
  }

  private _workOver(slot: WorkerSlot<T, R>): void {
    const begun = this._begun.get(slot)
    if (begun === undefined) return
    this._begun.delete(slot)
    this._limit.succeeded(begun.epoch, time.timers.now() - begun.at)
    this.flow.intake.limit = this._limit.now
  }

  override failed(slot: WorkerSlot<T, R>, cause: unknown): void {
    const begun = this._begun.get(slot)
    if (begun !== undefined) {
      if (this._begun.size <= this._limit.now) this._limit.failed(begun.epoch) // else it shows the load before the last decrease
      this.flow.intake.limit = this._limit.now
      this._begun.set(slot, { epoch: this._limit.epoch, at: NaN })
    }
    this._holdFor(retryAfter(cause))
    super.failed(slot, cause)
  }

  private _holdFor(ms: number): void {
    const until = time.timers.now() + ms
    if (ms <= 0 || until <= this._heldUntil || this.flow.isOver) return
    this._heldUntil = until
    this._hold.start(ms)
  }

  protected override pauseBefore(pause: number): number {
    return Math.max(pause, this._heldUntil - time.timers.now())
  }

  override stopWork(): void {
    super.stopWork()
    this._hold.stop()
  }
}
