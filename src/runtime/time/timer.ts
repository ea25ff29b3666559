/** A timer that can be stopped and reset: Go's `time.Timer`. */
import { checkTime } from '../base/arguments.js'
import type { Op } from '../interfaces/op.js'
import { QueuedOperation } from '../operation/queued.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, WaitQueue, type Pending, type Waiter } from '../operation/waiter.js'
import { time, type Entry, type Timers } from '../scheduler/timers.js'

/** A timer that expires once, and can be stopped or set again. */
export interface Timer extends Disposable {
  /** Waits for the expiry and consumes it: a second `fired()` waits for the expiry after a `reset`. */
  fired(): Op<void>
  /** Stops the timer; returns false if the expiry was received before, or the timer is stopped already. */
  stop(): boolean
  /** Sets the timer to expire `ms` from now; drops an expiry that was not received. Returns the same as `stop`. */
  reset(ms: number): boolean
  /** For `using`: as `stop`. */
  [Symbol.dispose](): void
}

/**
 * Makes a timer that expires once, `ms` from now. After `stop` or `reset` no stale expiry is received. `using`
 * stops it. Throws RangeError for NaN. Source: Go 1.23's `time.NewTimer`.
 *
 * @example
 * ```ts
 * using idle = newTimer(1000)
 * const r = yield* select({ job: jobs.receive(), idle: idle.fired() })
 * ```
 */
export function newTimer(ms: number): Timer {
  checkTime('newTimer(ms)', ms)
  return new SingleTimer(ms)
}

/**
 *     set ──time──▶ expired ──received──▶ idle
 *      └───────stop────┴──────────────────▲ │
 *      ▲───────────────reset────────────────┘
 */
class SingleTimer implements Timer, Resource {
  private _timers: Timers = time.timers
  private _entry: Entry | null = null
  private _expired = false
  /** The number of stops: an expiry of an earlier round is stale. */
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
    if (this._entry !== null) this._timers.remove(this._entry)
    this._entry = null
    return wasActive
  }

  [Symbol.dispose](): void {
    this.stop()
  }

  reset(ms: number): boolean {
    checkTime('timer.reset(ms)', ms)
    const wasActive = this.stop()
    if (this._timers.isOver) this._timers = time.timers
    this._start(ms)
    return wasActive
  }

  private _start(ms: number): void {
    const timers = this._timers
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

  /** Takes back the expiry of a waiter that left after the grant. */
  giveBack(round: number): void {
    if (round === this._round) this._expire()
  }

  /** Consumes the expiry; returns false where there is none. */
  take(): boolean {
    const timers = this._timers
    // The host's timer may be late, or has not had its turn: an entry that is due has expired.
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
  constructor(private readonly timer: SingleTimer) {
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
    this.timer.giveBack(waiter.raw as number) // granted by `_expire`
  }
  override resources(): readonly Resource[] {
    return [this.timer]
  }
  describe(): string {
    return 'timer'
  }
}
