/**
 * A pool that finds the number of its workers by itself: see `ConcurrencyLimit`.
 *
 *     taken ──▶ waits ──fewer at work than the limit, and no Retry-After──▶ at work ──▶ the result leaves
 *
 * Always true:
 * - an item has its slot from `take` on, so the pool holds at most `max` items, whatever the limit is;
 * - items begin their work in the order in which they were taken;
 * - at most `limit.now` items are at work when work begins; items that pause before a restart are at work;
 * - while more is at work than the limit, after a decrease, failures decide nothing;
 * - no work begins before the time that the last Retry-After of a failure names.
 */
import type { Subscriber } from 'rxjs'
import { retryAfter, Ring, time } from '../../../runtime/internal.js'
import type { WorkerSlot } from '../../engine/worker-slot.js'
import type { WorkerPlan } from '../../engine/worker-stage.js'
import { StageTimer } from '../pace/stage-timer.js'
import { ConcurrencyLimit, type AdaptiveLimit } from './concurrency-limit.js'
import { Pool } from './pool.js'

/** Work that has begun: in which epoch of the limit, and when; NaN after a failure. */
interface Begun {
  readonly epoch: number
  readonly at: number
}

export class AdaptivePool<T, R> extends Pool<T, R> {
  private readonly _limit: ConcurrencyLimit
  private readonly _waiting = new Ring<T>()
  private readonly _begun = new Map<WorkerSlot<T, R>, Begun>()
  private _isBeginning = false
  /** The time in ms before which no work begins. */
  private _heldUntil = 0
  private readonly _hold = new StageTimer(this.flow.asyncScope, () => this._beginWaiting())

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
    while (this._waiting.size > 0) this._waiting.shift()
  }
}
