/** A ticker: Go's `time.Ticker`. */
import { checkInterval } from '../base/arguments.js'
import type { Either, Option } from '../base/option.js'
import { Channel } from '../channel/channel.js'
import { ObservableReceiver } from '../channel/subscription.js'
import type { Receiver } from '../interfaces/channel.js'
import type { Op } from '../interfaces/op.js'
import { time, type Entry, type Timers } from '../scheduler/timers.js'

/**
 * Receives ticks: each value is the time of the tick, as Unix time in ms. A slow receiver loses ticks; `size` and
 * `capacity` are 0.
 */
export interface Ticker extends Receiver<number>, Disposable {
  /** Stops the ticks, and drops a tick that was not received. The ticker is not closed: a receiver waits on. */
  stop(): void
  /** Sets the interval: the next tick comes `ms` from now, and then one every `ms`. */
  reset(ms: number): void
  /** For `using`: as `stop`. */
  [Symbol.dispose](): void
}

/**
 * Makes a ticker that ticks every `ms`. Throws RangeError "non-positive interval for NewTicker". A ticker keeps the
 * process alive until it is stopped, which `using` does. It ticks by the clock of the code that makes it. Source: Go's `time.NewTicker`.
 *
 * @example
 * ```ts
 * using beat = ticker(1000)
 * for (const it = range(beat); yield* it.next(); ) console.log(it.value)
 * ```
 */
export function ticker(ms: number): Ticker {
  checkInterval('non-positive interval for NewTicker', ms)
  return new ChannelTicker(ms)
}

class ChannelTicker extends ObservableReceiver<number> implements Ticker {
  readonly size = 0
  readonly capacity = 0
  private readonly _ticks = new Channel<number>(1, 'newest')
  private _timers: Timers = time.timers
  private _entry: Entry | null = null

  constructor(ms: number) {
    super()
    this._start(this._timers.now() + ms, ms)
  }

  receive(): Op<Option<number>> {
    return this._ticks.receive()
  }

  tryReceive(): Either<'empty' | 'closed', number> {
    return this._ticks.tryReceive()
  }

  closed(): Op<void> {
    return this._ticks.closed()
  }

  [Symbol.asyncIterator](): AsyncIterator<number> {
    return this._ticks[Symbol.asyncIterator]()
  }

  stop(): void {
    if (this._entry !== null) this._timers.remove(this._entry)
    this._entry = null
    if (this._ticks.size > 0) this._ticks.take()
  }

  [Symbol.dispose](): void {
    this.stop()
  }

  reset(ms: number): void {
    checkInterval('non-positive interval for Ticker.Reset', ms)
    this.stop()
    if (this._timers.isOver) this._timers = time.timers
    this._start(this._timers.now() + ms, ms)
  }

  private _start(at: number, ms: number): void {
    const timers = this._timers
    this._entry = timers.add(at, () => {
      const now = timers.now()
      // Late by more than an interval: the missed ticks are dropped, and the phase stays.
      this._start(at + ms * Math.max(1, Math.floor((now - at) / ms) + 1), ms)
      this._ticks.offer(timers.wall())
    })
  }
}
