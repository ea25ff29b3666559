/**
 * A token bucket: Go's `golang.org/x/time/rate`. It fills at `perSecond` tokens a second up to `burst`, and starts full.
 *
 * Who waits, and who holds a reservation that is not due yet, stand in one queue, first in, first out; the head gets its tokens the moment
 * they are there. The state is brought up to date only when somebody looks: `_serve` goes through what has become due since.
 *
 * Always true:
 * - The bucket held `_tokens` at `_since`. That is never negative: nothing is taken before it is there.
 * - While the queue is not empty the bucket is not clipped to the burst: what fills it is spoken for.
 * - While somebody waits, one timer is set for the head. Reservations need none.
 *
 * Where we differ from Go: a `wait` takes its tokens when it is granted, not when it begins, so giving up costs nobody anything; and a
 * canceled reservation gives back all it took, to the benefit of those behind it.
 */
import { checkCount, checkTime, mistyped, outOfRange } from '../base/arguments.js'
import { Operation } from '../operation/operation.js'
import type { Resource } from '../operation/resource.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'
import { time, type Entry } from '../scheduler/timers.js'
import type { Context, Op } from '../interfaces/op.js'
import { PENDING, WaitQueue, Waiter, type Pending } from '../operation/waiter.js'

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

class Bucket implements RateLimiter, Runnable, Resource {
  private _tokens: number
  private _since = time.timers.now()
  private readonly _queue = new WaitQueue()
  /** Tokens that the queue asks for. */
  private _asked = 0
  /** How many of the queue wait. */
  private _waiting = 0
  private _timer: Entry | null = null
  private readonly _waitForOne = new Wait(this, 1)

  constructor(
    private _rate: number,
    public burst: number,
  ) {
    this._tokens = burst
  }

  get kind(): string {
    return 'rateLimiter'
  }

  allow(n = 1): boolean {
    checkCount('rateLimiter.allow(n)', 0, n)
    return this.take(n)
  }

  reserve(n = 1, longest = Infinity): Reservation {
    checkCount('rateLimiter.reserve(n)', 0, n)
    checkTime('rateLimiter.reserve(n, longest)', longest)
    const at = this.dueFor(n)
    const ok = at !== Infinity && at - time.timers.now() <= longest
    const booked = new Booked(this, n, ok ? at : Infinity)
    if (ok && !this.take(n)) this._push(booked, n)
    return booked
  }

  wait(n = 1): Op<void> {
    if (n === 1) return this._waitForOne
    checkCount('rateLimiter.wait(n)', 0, n)
    return new Wait(this, n)
  }

  tokens(): number {
    this._serve()
    return this._tokensNow() - this._asked
  }

  setLimit(perSecond: number): void {
    checkRate('rateLimiter.setLimit(perSecond)', perSecond)
    this._settleAccounts()
    this._rate = perSecond
    this.run()
  }

  setBurst(burst: number): void {
    checkCount('rateLimiter.setBurst(burst)', 0, burst)
    this._settleAccounts()
    this.burst = burst
    this.run()
  }

  exceedsBurst(n: number): boolean {
    return n > this.burst && this._rate !== Infinity
  }

  /** Takes `n` if they are there and nobody is before. */
  take(n: number): boolean {
    if (this._rate === Infinity) return true
    this._serve()
    const left = this._tokensNow() - n
    if (n > this.burst || left < 0 || this._queue.first !== null) return false
    this._tokens = left
    this._since = time.timers.now()
    return true
  }

  /** When one who asks now for `n` gets them. */
  dueFor(n: number): number {
    if (this.exceedsBurst(n)) return Infinity
    this._serve()
    return Math.max(time.timers.now(), this._timeOf(this._asked + n))
  }

  giveBack(n: number): void {
    this._settleAccounts()
    this._tokens += n
    this.run()
  }

  join(waiter: Waiter, n: number): void {
    this._push(waiter, n)
    this._waiting++
    this._setTimer()
  }

  /**
   * Those behind it move up; from the run queue, since one of them may be a case of the very select that withdraws this one because it has
   * been settled.
   */
  leave(waiter: Waiter): void {
    const wasHead = this._queue.first === waiter
    this._remove(waiter)
    if (this._queue.first === null) this._setTimer()
    else if (wasHead) queue.push(this)
  }

  run(): void {
    this._serve()
    this._setTimer()
  }

  private _push(waiter: Waiter, n: number): void {
    waiter.raw = n
    this._asked += n
    this._queue.push(waiter)
  }

  private _remove(waiter: Waiter): void {
    this._queue.remove(waiter)
    this._asked -= waiter.raw as number // what it was pushed with
    if (!(waiter instanceof Booked)) this._waiting--
  }

  /** Grants what has become due, each at its own moment. */
  private _serve(): void {
    const now = time.timers.now()
    for (let head = this._queue.first; head !== null; head = this._queue.first) {
      const n = head.raw as number // what it was pushed with
      const due = this._timeOf(n)
      if (due > now) return
      this._tokens = Math.max(0, this._tokens - n)
      this._since = due
      this._remove(head)
      head.settle(n)
    }
  }

  /** When the bucket, from which nothing is taken before, holds `n`. The one place that says so: two sums could differ by a hair. */
  private _timeOf(n: number): number {
    return n <= this._tokens ? this._since : this._since + ((n - this._tokens) * 1000) / this._rate
  }

  private _tokensNow(): number {
    if (this._rate === Infinity) return this.burst
    const tokens = this._tokens + (Math.max(0, time.timers.now() - this._since) * this._rate) / 1000
    return this._queue.first === null ? Math.min(this.burst, tokens) : tokens
  }

  /** What follows holds from now on, and not for the time that has passed. */
  private _settleAccounts(): void {
    this._serve()
    this._tokens = this._tokensNow()
    this._since = time.timers.now()
  }

  private _setTimer(): void {
    const { timers } = time
    const at = this._waiting > 0 ? this._timeOf((this._queue.first as Waiter).raw as number) : Infinity // who waits is in the queue
    if (this._timer !== null) {
      if (this._timer.at === at) return
      timers.remove(this._timer)
      this._timer = null
    }
    if (at === Infinity) return
    this._timer = timers.add(at, () => {
      this._timer = null
      this.run()
    })
  }
}

class Booked extends Waiter implements Reservation {
  private _isQueued = true
  private _isCanceled = false

  constructor(
    private readonly bucket: Bucket,
    private readonly n: number,
    /** When one may act: as promised when it was made, even where it moves up since. */
    private readonly at: number,
  ) {
    super()
  }

  get ok(): boolean {
    return this.at !== Infinity
  }

  delay(): number {
    return Math.max(0, this.at - time.timers.now())
  }

  cancel(): void {
    if (!this.ok || this._isCanceled || time.timers.now() > this.at) return
    this._isCanceled = true
    if (this.raw !== undefined && this._isQueued) this.bucket.leave(this)
    else this.bucket.giveBack(this.n)
  }

  settle(): void {
    this._isQueued = false
  }
}

class Wait extends Operation<void> {
  constructor(
    private readonly bucket: Bucket,
    private readonly n: number,
  ) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): void | Pending {
    const { bucket, n } = this
    if (bucket.exceedsBurst(n)) throw new RangeError(`rate: Wait(n=${n}) exceeds limiter's burst ${bucket.burst}`)
    return bucket.take(n) ? undefined : PENDING
  }
  park(waiter: Waiter): void {
    this.bucket.join(waiter, this.n)
  }
  withdraw(waiter: Waiter): void {
    this.bucket.leave(waiter)
  }
  override finish(): void {}
  override undo(): void {
    this.bucket.giveBack(this.n)
  }
  override refusal(ctx: Context): unknown {
    const deadline = ctx.deadline()
    if (deadline._tag === 'None' || this.bucket.dueFor(this.n) <= deadline.value) return undefined
    return new Error(`rate: Wait(n=${this.n}) would exceed context deadline`)
  }
  override resources(): readonly Resource[] {
    return [this.bucket]
  }
  describe(): string {
    return 'rate.Limiter.Wait'
  }
}

function checkRate(where: string, perSecond: number): void {
  if (typeof perSecond !== 'number') throw mistyped(where, 'a number from 0 up', perSecond)
  if (!(perSecond >= 0)) throw outOfRange(where, 'a number from 0 up, Infinity for no limit', perSecond)
}
