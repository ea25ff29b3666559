/** Doing something only now and then: Go's `rate.Sometimes`, `rate.Every`. */
import { checkCount, checkFunction, checkTime } from '../base/arguments.js'
import { time } from '../scheduler/timers.js'

/** When to run, each option by itself; with none of them only the first call runs. */
export interface SometimesOptions {
  /** The first so many calls run. */
  readonly first?: number
  /** Of each so many calls the first one runs. */
  readonly every?: number
  /** A call runs where so many ms have passed since the last that ran. */
  readonly interval?: number
}

export interface Sometimes {
  /** Calls `f` now, or not. A call that throws has counted. */
  do(f: () => void): void
}

/**
 * Makes a gate that lets through some of the calls: for a log line in a loop, say. Source: Go's `rate.Sometimes`.
 *
 * @example
 * ```ts
 * const seldom = sometimes({ first: 3, interval: 10_000 })
 * for (const it = range(jobs); yield* it.next(); ) seldom.do(() => console.log(it.value))
 * ```
 */
export function sometimes({ first = 0, every = 0, interval = 0 }: SometimesOptions = {}): Sometimes {
  checkCount('sometimes({ first })', 0, first)
  checkCount('sometimes({ every })', 0, every)
  checkTime('sometimes({ interval })', interval)
  return new Gate(first, every, interval)
}

class Gate implements Sometimes {
  private _calls = 0
  private _last = -Infinity

  constructor(
    private readonly first: number,
    private readonly every: number,
    private readonly interval: number,
  ) {}

  do(f: () => void): void {
    checkFunction('sometimes.do(f)', f)
    const call = this._calls++
    const now = time.timers.now()
    const isDue = this.interval > 0 && now - this._last >= this.interval
    if (call > 0 && call >= this.first && !(this.every > 0 && call % this.every === 0) && !isDue) return
    this._last = now
    f()
  }
}

/** The rate, for `rateLimiter`, of one event each `ms`; Infinity for zero and below. Source: Go's `rate.Every`. */
export function rateEvery(ms: number): number {
  checkTime('rateEvery(ms)', ms)
  return ms <= 0 ? Infinity : 1000 / ms
}
