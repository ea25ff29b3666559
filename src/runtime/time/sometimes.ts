/** Running some calls of many: Go's `rate.Sometimes`. */
import { checkCount, checkFunction, checkOptions, checkTime } from '../base/arguments.js'
import { time } from '../scheduler/timers.js'

/** Which calls run: those that any of the options lets through. Without options only the first call runs. */
export interface SometimesOptions {
  /** The number of calls, from the first on, that run. */
  readonly first?: number
  /** With n, the first of every n calls runs. */
  readonly every?: number
  /** A call runs when this many ms have passed since the last call that ran. */
  readonly interval?: number
}

/** A gate that lets some calls through. Source: `rate.Sometimes` of golang.org/x/time. */
export interface Sometimes {
  /** Calls `f` now, or does nothing. A call that throws counts. */
  do(f: () => void): void
}

/**
 * Makes a gate that lets some calls through, for a log line in a loop for example. Throws RangeError where `first` or
 * `every` is not a whole number from 0 up, or `interval` is NaN. Source: Go's `rate.Sometimes`.
 *
 * @example
 * ```ts
 * const seldom = sometimes({ first: 3, interval: 10_000 })
 * for (const it = range(jobs); yield* it.next(); ) seldom.do(() => console.log(it.value))
 * ```
 */
export function sometimes(options: SometimesOptions = {}): Sometimes {
  checkOptions('sometimes()', options, ['first', 'every', 'interval'])
  const { first = 0, every = 0, interval = 0 } = options
  checkCount('sometimes({ first })', 0, first)
  checkCount('sometimes({ every })', 0, every)
  checkTime('sometimes({ interval })', interval)
  return new SometimesGate(first, every, interval)
}

class SometimesGate implements Sometimes {
  private _calls = 0
  private _last = -Infinity
  /** The clock of `_last`. */
  private _timers = time.timers

  constructor(
    private readonly first: number,
    private readonly every: number,
    private readonly interval: number,
  ) {}

  do(f: () => void): void {
    checkFunction('sometimes.do(f)', f)
    const call = this._calls++
    const { timers } = time
    if (timers !== this._timers) this._last = -Infinity // under another clock no call has run yet
    this._timers = timers
    const now = timers.now()
    const isDue = this.interval > 0 && now - this._last >= this.interval
    if (call > 0 && call >= this.first && !(this.every > 0 && call % this.every === 0) && !isDue) return
    this._last = now
    f()
  }
}
