/**
 * A token bucket: Go's `golang.org/x/time/rate`. It fills at `perSecond` tokens a second up to `burst`, and starts full.
 *
 * Who waits and who holds a reservation that is not due yet stand in one queue, first in, first out; the head gets its tokens the moment
 * they are there. The state is brought up to date only when somebody looks: `serve` goes through what has become due since.
 *
 * Always true:
 * - `_tokens` is what there was at `_since`; it is never negative, since nothing is taken before it is there.
 * - While the queue is not empty the bucket is not clipped to the burst: what fills it is spoken for.
 * - While somebody waits, one timer is set for the head.
 *
 * Where we differ from Go: a `wait` takes its tokens when it is granted, not when it begins, so giving up costs nobody anything; and a
 * canceled reservation gives back all it took, to the benefit of those behind it.
 */
import { checkCount, mistyped, outOfRange } from './errors.js'
import { Operation } from './op.js'
import { queue, type Runnable } from './run-queue.js'
import { time, type Entry } from './timers.js'
import type { Context, Op } from './types.js'
import { PENDING, WaitQueue, Waiter, type Pending } from './waiter.js'

/** Lets through `perSecond` a second on average, and up to `burst` at once. */
export interface RateLimiter {
  /** Takes `n` tokens if they are there and nobody waits for some; answers whether it did. */
  allow(n?: number): boolean
  /** Books `n` tokens for the earliest time they are there, unless that is more than `longest` ms away, or never. */
  reserve(n?: number, longest?: number): Reservation
  /**
   * Waits for `n` tokens, first in, first out, and takes them. Throws "rate: Wait(n=4) exceeds limiter's burst 3"; under a context whose
   * deadline comes too soon it throws "rate: Wait(n=3) would exceed context deadline" at once, and takes nothing.
   */
  wait(n?: number): Op<void>
  /** The tokens there are; negative where more are spoken for. */
  tokens(): number
  /** Changes the rate, also for those who wait. Infinity: no limit, whatever the burst. */
  setLimit(perSecond: number): void
  /** Changes the burst; what is saved beyond it is lost. */
  setBurst(burst: number): void
}

/** Tokens booked. */
export interface Reservation {
  /** False where they can never be had, or not in time: then nothing was taken. */
  readonly ok: boolean
  /** ms until one may act; 0 for now, Infinity for never. */
  delay(): number
  /** Gives the tokens back, if the time to act has not passed. */
  cancel(): void
}

/**
 * Makes a limiter, its bucket full. `perSecond` is a number from 0 up, Infinity for no limit; `burst` a whole number from 0 up. Throws
 * RangeError otherwise. Source: Go's `rate.NewLimiter`.
 *
 * @example
 * ```ts
 * const limiter = rateLimiter(20, 1)
 * for (const url of urls) {
 *   yield* limiter.wait().within(ctx)
 *   go(visit, url)
 * }
 * ```
 */
export function rateLimiter(perSecond: number, burst: number): RateLimiter {
  checkRate('rateLimiter(perSecond, burst): perSecond', perSecond)
  checkCount('rateLimiter(perSecond, burst): burst', 0, burst)
  return new Bucket(perSecond, burst)
}

/** The rate of one event each `ms`; Infinity for zero and below. Source: Go's `rate.Every`. */
export function rateEvery(ms: number): number {
  if (typeof ms !== 'number') throw mistyped('rateEvery(ms)', 'a number of ms', ms)
  if (Number.isNaN(ms)) throw outOfRange('rateEvery(ms)', 'a number of ms', ms)
  return ms <= 0 ? Infinity : 1000 / ms
}

class Bucket implements RateLimiter, Runnable {
  private _tokens: number
  private _since = time.timers.now()
  private readonly _queue = new WaitQueue()
  /** Tokens that the queue asks for. */
  private _asked = 0
  /** Of the queue, those who wait; reservations need no timer. */
  private _waiting = 0
  private _timer: Entry | null = null
  private readonly _waitForOne = new Wait(this, 1)

  constructor(
    private _rate: number,
    public burst: number,
  ) {
    this._tokens = burst
  }

  allow(n = 1): boolean {
    checkCount('rateLimiter.allow(n)', 0, n)
    return this.take(n)
  }

  reserve(n = 1, longest = Infinity): Reservation {
    checkCount('rateLimiter.reserve(n)', 0, n)
    if (typeof longest !== 'number') throw mistyped('rateLimiter.reserve(n, longest)', 'a number of ms', longest)
    if (Number.isNaN(longest)) throw outOfRange('rateLimiter.reserve(n, longest)', 'a number of ms', longest)
    const delay = this.delayFor(n)
    const ok = delay <= longest && delay !== Infinity
    const made = new Booked(this, n, ok ? time.timers.now() + delay : Infinity)
    if (ok && !this.take(n)) this._join(made, n)
    return made
  }

  wait(n = 1): Op<void> {
    if (n === 1) return this._waitForOne
    checkCount('rateLimiter.wait(n)', 0, n)
    return new Wait(this, n)
  }

  tokens(): number {
    this._serve()
    return this._tokensNow(time.timers.now()) - this._asked
  }

  setLimit(perSecond: number): void {
    checkRate('rateLimiter.setLimit(perSecond)', perSecond)
    this._catchUp()
    this._rate = perSecond
    this.run()
  }

  setBurst(burst: number): void {
    checkCount('rateLimiter.setBurst(burst)', 0, burst)
    this._catchUp()
    this.burst = burst
    this.run()
  }

  get isUnlimited(): boolean {
    return this._rate === Infinity
  }

  /** Takes `n` if nobody is before. */
  take(n: number): boolean {
    if (this.isUnlimited) return true
    this._serve()
    const now = time.timers.now()
    const left = this._tokensNow(now) - n
    if (n > this.burst || left < 0 || this._queue.first !== null) return false
    this._tokens = left
    this._since = now
    return true
  }

  /** ms that one who asks now for `n` would wait. */
  delayFor(n: number): number {
    if (this.isUnlimited) return 0
    if (n > this.burst) return Infinity
    this._serve()
    const now = time.timers.now()
    const short = this._asked + n - this._tokensNow(now)
    // From `_since`, as the timer of the head is: the sum of two rounded spans could miss it by a hair.
    return short <= 0 ? 0 : this._since + this._spanFor(this._asked + n - this._tokens) - now
  }

  giveBack(n: number): void {
    this._catchUp()
    this._tokens += n
    this.run()
  }

  /** A waiter that asks for `raw` tokens. */
  join(waiter: Waiter, n: number): void {
    this._waiting++
    this._join(waiter, n)
    this._setTimer()
  }

  private _join(waiter: Waiter, n: number): void {
    waiter.raw = n
    this._asked += n
    if (this._queue.first === null) this._catchUp()
    this._queue.push(waiter)
  }

  /**
   * Those behind it move up; from the run queue, since one of them may be a case of the very select that withdraws this one because it has
   * been settled.
   */
  leave(waiter: Waiter): void {
    this._forget(waiter)
    this._queue.remove(waiter)
    if (this._queue.first === null) this._setTimer()
    else queue.push(this)
  }

  run(): void {
    this._serve()
    this._setTimer()
  }

  /** Grants what has become due, each at its own moment. */
  private _serve(): void {
    const now = time.timers.now()
    for (let head = this._queue.first; head !== null; head = this._queue.first) {
      const n = head.raw as number // what it joined with
      const due = this._dueAt(n)
      if (due > now) return
      this._tokens = Math.max(0, this._tokens - n)
      this._since = due
      this._forget(head)
      this._queue.remove(head)
      head.settle(n)
    }
  }
}
