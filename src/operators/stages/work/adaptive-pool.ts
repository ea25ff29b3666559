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
 * - no work begins before the time that the last Retry-After of a failure names.
 */
import type { Subscriber } from 'rxjs'
import { retryAfter, Ring, time } from '../../../runtime/internal.js'
import type { WorkerSlot } from '../../engine/worker-slot.js'
import type { WorkerPlan } from '../../engine/worker-stage.js'
import { StageTimer } from '../pace/stage-timer.js'
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

/** The limit of an adaptive pool, in place of a number of workers. */
export interface AdaptiveLimit {
  /** The lowest limit, and the first: a whole number from 1 up. */
  readonly min: number
  /** The highest limit, and the number of items the pool holds. */
  readonly max: number
  /** The sign of too much load: `latency`, a mean latency above twice the lowest, or a failure; `errors`, a failure. */
  readonly by: 'latency' | 'errors'
}

const TOLERANCE = 2
const DECREASE = 0.5
const ROUNDS_OF_MINIMUM = 25

/**
 * The limit of an adaptive pool: additive increase, multiplicative decrease, as TCP does with its window.
 *
 *     a round without a fault ──▶ limit + 1        a failure, or a slow round ──▶ limit / 2, and a new epoch
 *
 * A round is as many pieces of work as the limit has. By latency, a round is slow if its mean latency is above twice the lowest
 * mean of the last 25 to 50 rounds.
 *
 * Always true:
 * - the limit is from `min` to `max`;
 * - work that began before the limit last changed decides nothing: it shows the load of another limit;
 * - the limit rises only after a round in which it was reached, so a pool without work does not raise it.
 */
export class ConcurrencyLimit {
  /** Work at a time. */
  now: number
  /** Work that begins belongs to the epoch: it changes with the limit. */
  epoch = 0
  private _done = 0
  private _latencies = 0
  private _wasReached = false
  private readonly _lowest = new RecentMinimum()

  constructor(private readonly _plan: AdaptiveLimit) {
    this.now = _plan.min
  }

  reached(): void {
    this._wasReached = true
  }

  /** Work of this epoch has succeeded, after this number of ms; NaN where the work was paused meanwhile. */
  succeeded(epoch: number, latency: number): void {
    if (epoch !== this.epoch || Number.isNaN(latency)) return
    this._latencies += latency
    if (++this._done >= this.now) this._endRound()
  }

  failed(epoch: number): void {
    if (epoch === this.epoch) this._decrease()
  }

  private _endRound(): void {
    const mean = this._latencies / this._done
    const isSlow = this._plan.by === 'latency' && mean > TOLERANCE * this._lowest.with(mean)
    if (isSlow) return this._decrease()
    this._set(this._wasReached ? Math.min(this._plan.max, this.now + 1) : this.now)
  }

  private _decrease(): void {
    this._set(Math.max(this._plan.min, Math.floor(this.now * DECREASE)))
  }

  private _set(limit: number): void {
    this.now = limit
    this.epoch++
    this._done = this._latencies = 0
    this._wasReached = false
  }
}

/** The lowest of the last 25 to 50 values: an old minimum is forgotten, since a server may become slower for good. */
class RecentMinimum {
  private _before = Infinity
  private _now = Infinity
  private _count = 0

  with(value: number): number {
    if (++this._count > ROUNDS_OF_MINIMUM) {
      this._before = this._now
      this._now = Infinity
      this._count = 1
    }
    this._now = Math.min(this._now, value)
    return Math.min(this._now, this._before)
  }
}
