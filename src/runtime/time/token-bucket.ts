/**
 * The token bucket of a rate limiter, which fills at `perSecond` tokens a second up to `burst`, and starts full.
 *
 * Waiters and reservations that are not due stand in one queue, first in, first out; the head gets its tokens at the
 * moment when the bucket holds them. The state is brought up to date only when it is read: `_serve` walks through the
 * grants that have become due since.
 *
 * Always true:
 * - The bucket held `_tokens` at `_since`. That is never negative: no token is taken before it is there.
 * - While the queue is not empty the bucket is not clipped to the burst: its tokens are promised.
 * - While there are waiters, one timer is set for the head. Reservations need none.
 * - `_since` and the requests in the queue are in the time of one clock. A bucket that is used under another clock
 *   moves there with its tokens, unless requests of a clock that goes on are in the queue: it then keeps their time.
 * - The time that was promised to a reservation stays, whatever happens before it. So the tokens that lie between a
 *   request that leaves and the last promise are not given back, as in Go's `CancelAt`: a request that came later would
 *   act together with that reservation. A canceled reservation keeps them in its place in the queue; those of a waiter
 *   go to the next reservation.
 *
 * Differences from Go: a `wait` takes its tokens when it is granted, not when it begins, so waiters behind a waiter that
 * gives up move up, as long as there is no reservation. A cancel never restores
 * more tokens than were reserved, as Go's does after other cancels, and a second cancel changes nothing.
 */
import { TokenReservation, type Reservation, type Reserving } from './reservation.js'
import type { RateLimiter } from './rate-limiter.js'
import { checkCount, checkTime, mistyped, outOfRange } from '../base/arguments.js'
import type { Context } from '../interfaces/context.js'
import type { Op } from '../interfaces/op.js'
import { Operation } from '../operation/operation.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, WaitQueue, type Pending, type Waiter } from '../operation/waiter.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'
import { time, type Entry, type Timers } from '../scheduler/timers.js'

export class TokenBucket implements RateLimiter, Reserving, Runnable, Resource {
  private _tokens: number
  private _timers = time.timers
  private _since = this._timers.now()
  private readonly _queue = new WaitQueue()
  /** The sum of tokens that the queue waits for. */
  private _asked = 0
  /** The latest time that was promised to a reservation. */
  private _promised = -Infinity
  /** The number of waiters in the queue; the rest are reservations. */
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
    const ok = at !== Infinity && at - this._timers.now() <= longest
    const reservation = new TokenReservation(this, n, ok ? at : Infinity, this._timers)
    if (ok) this._promised = Math.max(this._promised, at)
    if (ok && !this.take(n)) this._push(reservation, n)
    return reservation
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

  /** Takes `n` tokens if the bucket holds them and the queue is empty. */
  take(n: number): boolean {
    queue.order?.entry(this, null, true)
    if (this._rate === Infinity) return true
    this._serve()
    const left = this._tokensNow() - n
    if (n > this.burst || left < 0 || this._queue.first !== null) return false
    this._tokens = left
    this._since = this._timers.now()
    return true
  }

  /** When a request for `n` that is made now is granted, in ms. */
  dueFor(n: number): number {
    if (this.exceedsBurst(n)) return Infinity
    this._serve()
    return Math.max(this._timers.now(), this._timeOf(this._asked + n))
  }

  /** Whether a request for `n` that is made now is granted by a deadline, in Unix time. */
  isDueBy(n: number, deadline: number): boolean {
    const at = this.dueFor(n)
    return at - this._timers.now() <= deadline - this._timers.wall()
  }

  restore(n: number, at: number, reservation: Waiter | null): void {
    if (this._rate === Infinity) return
    const restored = n - this._promisedAfter(at, n)
    const before = at - (n * 1000) / this._rate
    if (at === this._promised && before >= this._timers.now()) this._promised = before
    if (reservation === null) this._giveBack(restored)
    else if (restored === reservation.raw) this._remove(reservation)
    else this._grow(reservation, -restored)
    queue.push(this)
  }

  /** Undoes a grant. */
  undo(n: number): void {
    this._giveBack(n - this._promisedAfter(this._timers.now(), n))
  }

  join(waiter: Waiter, n: number): void {
    this._push(waiter, n)
    this._waiting++
    this._setTimer()
  }

  /**
   * Removes a waiter; those behind it move up. The run queue serves them, because one of them may be a case of the
   * select that withdraws this waiter while it is being settled.
   */
  leave(waiter: Waiter): void {
    const wasHead = this._queue.first === waiter
    if (this._promised > this._timers.now()) this._leaveToNext(waiter)
    this._remove(waiter)
    if (this._queue.first === null) this._setTimer()
    else if (wasHead) queue.push(this)
  }

  run(): void {
    this._serve()
    this._setTimer()
  }

  private _giveBack(n: number): void {
    this._settleAccounts()
    this._tokens += n
    this.run()
  }

  /** The next reservation behind a waiter that leaves gets the tokens that are not given back. */
  private _leaveToNext(waiter: Waiter): void {
    let next = waiter.next
    while (next !== null && !(next instanceof TokenReservation)) next = next.next
    if (next === null) return
    let asked = 0
    for (let one: Waiter | null = waiter; one !== null; one = one.previous) asked += one.raw as number // set by `_push`
    this._grow(next, this._promisedAfter(this._timeOf(asked), waiter.raw as number)) // as above
  }

  /** The tokens, `n` at most, that lie between a time and the last promise. */
  private _promisedAfter(at: number, n: number): number {
    return Math.max(0, Math.min(n, ((this._promised - at) * this._rate) / 1000))
  }

  private _grow(waiter: Waiter, n: number): void {
    waiter.raw = (waiter.raw as number) + n // set by `_push`
    this._asked += n
  }

  private _push(waiter: Waiter, n: number): void {
    waiter.raw = n
    this._asked += n
    this._queue.push(waiter)
  }

  private _remove(waiter: Waiter): void {
    this._queue.remove(waiter)
    this._asked -= waiter.raw as number // set by `_push`
    if (!(waiter instanceof TokenReservation)) this._waiting--
  }

  /** Grants every request that has become due, each at its own time; then follows the clock in force. */
  private _serve(): void {
    this._serveDue()
    const { timers } = time
    if (timers !== this._timers && (this._queue.first === null || this._timers.isOver)) this._moveTo(timers)
  }

  private _moveTo(timers: Timers): void {
    this._tokens = this._tokensNow()
    if (this._timer !== null) this._timers.remove(this._timer)
    this._timer = null
    this._timers = timers
    this._promised = -Infinity
    this._since = timers.now()
    this._setTimer()
  }

  private _serveDue(): void {
    const now = this._timers.now()
    for (let head = this._queue.first; head !== null; head = this._queue.first) {
      const n = head.raw as number // set by `_push`
      const due = this._timeOf(n)
      if (due > now) return
      this._tokens = Math.max(0, this._tokens - n)
      this._since = due
      this._remove(head)
      head.settle(n)
    }
  }

  /**
   * When the bucket will hold `n` tokens, if none is taken before. The one place that computes this: two sums could
   * differ by rounding.
   */
  private _timeOf(n: number): number {
    return n <= this._tokens ? this._since : this._since + ((n - this._tokens) * 1000) / this._rate
  }

  private _tokensNow(): number {
    if (this._rate === Infinity) return this.burst
    const tokens = this._tokens + (Math.max(0, this._timers.now() - this._since) * this._rate) / 1000
    return this._queue.first === null ? Math.min(this.burst, tokens) : tokens
  }

  /** Brings the state up to now, so that a change of rate or burst has no effect on the time that has passed. */
  private _settleAccounts(): void {
    this._serve()
    this._tokens = this._tokensNow()
    this._since = this._timers.now()
  }

  private _setTimer(): void {
    const timers = this._timers
    const at = this._waiting > 0 ? this._timeOf((this._queue.first as Waiter).raw as number) : Infinity // a waiter is in the queue
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

class Wait extends Operation<void> {
  constructor(
    private readonly bucket: TokenBucket,
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
    this.bucket.undo(this.n)
  }
  override refusal(ctx: Context): unknown {
    const deadline = ctx.deadline()
    if (deadline._tag === 'None' || this.bucket.isDueBy(this.n, deadline.value)) return undefined
    return new Error(`rate: Wait(n=${this.n}) would exceed context deadline`)
  }
  override resources(): readonly Resource[] {
    return [this.bucket]
  }
  describe(): string {
    return 'rate.Limiter.Wait'
  }
}

export function checkRate(where: string, perSecond: number): void {
  if (typeof perSecond !== 'number') throw mistyped(where, 'a number from 0 up', perSecond)
  if (!(perSecond >= 0)) throw outOfRange(where, 'a number from 0 up, Infinity for no limit', perSecond)
}
