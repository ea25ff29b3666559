/** Sleeping, timers and tickers. Durations are in ms; NaN is refused, zero and below mean at once, beyond 2^31-1 is no limit. */
import { Channel, type Receiver } from '../channel/channel.js'
import { checkTime, outOfRange } from '../base/arguments.js'
import { Operation } from '../operation/operation.js'
import { QueuedOperation } from '../operation/queued.js'
import type { Resource } from '../operation/resource.js'
import type { Either, Option } from '../base/option.js'
import { ObservableReceiver } from '../channel/subscription.js'
import { time, type Entry } from '../scheduler/timers.js'
import type { Op } from '../interfaces/op.js'
import { PENDING, WaitQueue, type Pending, type Waiter } from '../operation/waiter.js'

/**
 * Waits `ms` from when it is performed; returns at once for zero and below. One timer of the host serves all that sleep.
 *
 * Throws RangeError for NaN. Source: Go's `time.Sleep`, `time.After`.
 *
 * @example
 * ```ts
 * yield* sleep(100)
 * ```
 */
export function sleep(ms: number): Op<void> {
  checkTime('sleep(ms)', ms)
  return new Sleep(ms)
}

/** `sleep`, as one reads it in a select: `timeout: after(1000)`. Performed again, it waits again. */
export function after(ms: number): Op<void> {
  checkTime('after(ms)', ms)
  return new Sleep(ms)
}

class Sleep extends Operation<void> {
  constructor(private readonly ms: number) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): void | Pending {
    return this.ms <= 0 ? undefined : PENDING
  }
  park(waiter: Waiter): void {
    const { timers } = time
    waiter.raw = timers.add(timers.now() + this.ms, () => waiter.settle(undefined))
  }
  withdraw(waiter: Waiter): void {
    time.timers.remove(waiter.raw as Entry) // what it parked with
  }
  override finish(): void {}
  describe(): string {
    return 'sleep'
  }
}

/** One expiry, which can be put off or called off. */
export interface Timer {
  /** Waits for the expiry, and takes it: a second `fired()` waits for the one after a `reset`. */
  fired(): Op<void>
  /** Calls it off; true if that came in time, which it does as long as nobody has received the expiry. */
  stop(): boolean
  /** Starts anew with `ms` from now; takes back an expiry that nobody has received. Answers as `stop` does. */
  reset(ms: number): boolean
}

/**
 * A timer that expires once, `ms` from now. Source: Go 1.23's `time.NewTimer`: after `stop` or `reset` no stale expiry is received.
 *
 * @example
 * ```ts
 * const idle = newTimer(1000)
 * const r = yield* select({ job: jobs.receive(), idle: idle.fired() })
 * idle.stop()
 * ```
 */
export function newTimer(ms: number): Timer {
  checkTime('newTimer(ms)', ms)
  return new OneTimer(ms)
}

/**
 *     set ──time──▶ expired ──received──▶ idle
 *      └───────stop────┴──────────────────▲ │
 *      ▲───────────────reset────────────────┘
 */
class OneTimer implements Timer, Resource {
  private _entry: Entry | null = null
  private _expired = false
  /** Counts the stops: an expiry of a round before is stale. */
  private _round = 0
  private readonly _waiters = new WaitQueue()

  constructor(ms: number) {
    this._start(ms)
  }

  get kind(): string {
    return 'timer'
  }

  fired(): Op<void> {
    return new Fired(this)
  }

  stop(): boolean {
    const wasActive = this._expired || this._entry !== null
    this._round++
    this._expired = false
    if (this._entry !== null) time.timers.remove(this._entry)
    this._entry = null
    return wasActive
  }

  reset(ms: number): boolean {
    checkTime('timer.reset(ms)', ms)
    const wasActive = this.stop()
    this._start(ms)
    return wasActive
  }

  private _start(ms: number): void {
    const { timers } = time
    this._entry = timers.add(timers.now() + ms, () => {
      this._entry = null
      this._expire()
    })
  }

  private _expire(): void {
    const waiter = this._waiters.shift()
    if (waiter === null) this._expired = true
    else waiter.settle(this._round)
  }

  /** From one who was granted the expiry of that round, and left. */
  giveBack(round: number): void {
    if (round === this._round) this._expire()
  }

  take(): boolean {
    const { timers } = time
    // The host's timer may be late, or not have had its turn: what is due has expired.
    if (this._entry !== null && this._entry.at <= timers.now()) {
      timers.remove(this._entry)
      this._entry = null
      this._expired = true
    }
    const expired = this._expired
    this._expired = false
    return expired
  }

  get waiters(): WaitQueue {
    return this._waiters
  }
}

class Fired extends QueuedOperation<void> {
  constructor(private readonly timer: OneTimer) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  protected get waiters(): WaitQueue {
    return this.timer.waiters
  }
  poll(): void | Pending {
    return this.timer.take() ? undefined : PENDING
  }
  override finish(): void {}
  override undo(waiter: Waiter): void {
    this.timer.giveBack(waiter.raw as number) // what it was granted
  }
  override resources(): readonly Resource[] {
    return [this.timer]
  }
  describe(): string {
    return 'timer'
  }
}

/** Ticks as values: the time of each, in ms since 1970 began. A slow receiver loses ticks; `size` and `capacity` are 0. */
export interface Ticker extends Receiver<number> {
  /** No more ticks, and the one not yet received is taken back; it closes nothing. */
  stop(): void
  /** The next tick comes `ms` from now, and then each `ms`. */
  reset(ms: number): void
}

/**
 * Ticks each `ms`. Throws RangeError "non-positive interval for NewTicker". Keeps the process alive until it is stopped. Source: Go's
 * `time.NewTicker`.
 *
 * @example
 * ```ts
 * const beat = ticker(1000)
 * for (const it = range(beat); yield* it.next(); ) console.log(it.value)
 * ```
 */
export function ticker(ms: number): Ticker {
  checkInterval('non-positive interval for NewTicker', ms)
  return new Ticks(ms)
}

class Ticks extends ObservableReceiver<number> implements Ticker {
  readonly size = 0
  readonly capacity = 0
  private readonly _ticks = new Channel<number>(1, 'newest')
  private _entry: Entry | null = null

  constructor(ms: number) {
    super()
    this._start(time.timers.now() + ms, ms)
  }

  receive(): Op<Option<number>> {
    return this._ticks.receive()
  }

  tryReceive(): Either<'empty' | 'closed', number> {
    return this._ticks.tryReceive()
  }

  [Symbol.asyncIterator](): AsyncIterator<number> {
    return this._ticks[Symbol.asyncIterator]()
  }

  stop(): void {
    if (this._entry !== null) time.timers.remove(this._entry)
    this._entry = null
    if (this._ticks.size > 0) this._ticks.take()
  }

  reset(ms: number): void {
    checkInterval('non-positive interval for Ticker.Reset', ms)
    this.stop()
    this._start(time.timers.now() + ms, ms)
  }

  private _start(at: number, ms: number): void {
    const { timers } = time
    this._entry = timers.add(at, () => {
      const now = timers.now()
      // Late by more than a round: what was missed is dropped, and the beat kept.
      this._start(at + ms * Math.max(1, Math.floor((now - at) / ms) + 1), ms)
      this._ticks.offer(now)
    })
  }
}

function checkInterval(where: string, ms: number): void {
  checkTime(where, ms)
  if (ms <= 0) throw outOfRange(where, 'more than 0 ms', ms)
}
