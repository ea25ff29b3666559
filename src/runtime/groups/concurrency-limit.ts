/**
 * A limit of concurrent work that adapts to the load: additive increase, multiplicative decrease, as TCP does with its window.
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
