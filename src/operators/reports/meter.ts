/**
 * A meter counts the items at a point of a pipeline, and measures the stage below it: put it right above that stage. It
 * holds nothing and pauses nothing.
 *
 *     saturation   the share of the time in which the stage below was full
 *     wait         the average length in ms of such a spell
 *     depth        items in that stage now
 */
import { isObservable, type Observable } from 'rxjs'
import { mistyped, time } from '../../runtime/internal.js'
import type { Demand, DemandWatch } from '../demand/demand.js'
import { described, scopeFor } from '../demand/scope.js'
import { subscribeUntil } from '../demand/intake.js'
import { instrument, type Instrumented } from './telemetry.js'

/** The numbers of a meter, over all its subscriptions, from the first on. */
export interface Reading {
  /** Items that have passed. */
  readonly items: number
  /** Subscriptions that ended in an error. */
  readonly errors: number
  /** Items a second over the last seconds: older items count less and less. */
  readonly rate: number
  /** Items in the stage below, now. */
  readonly depth: number
  /**
   * Slots of the stage below; 0 where no stage of Millrace is below. Of an adaptive pool, the limit of this moment;
   * Infinity for a stage that never pauses its source.
   */
  readonly places: number
  /** The average length in ms of a spell in which the stage below was full. */
  readonly wait: number
  /** The share of the time in which the stage below was full, from 0 to 1. */
  readonly saturation: number
}

/** An operator that `meter` returns. */
export interface Meter {
  <T>(source: Observable<T>): Observable<T>
  readonly meterName: string
  /** The numbers of this moment. */
  read(): Reading
}

/**
 * An operator that measures the items that pass, and the stage below it. `read()` returns the numbers. Where the API of
 * OpenTelemetry is registered in the process, the numbers are also metrics: `millrace.items`, `millrace.errors`,
 * `millrace.depth`, `millrace.wait` and `millrace.saturation`, with the attribute `millrace.meter`. The API is neither
 * imported nor required.
 *
 * Shape: items pass at once. Holds no item. Completes, fails and cancels with its source. Throws TypeError for an empty
 * name.
 *
 * @example
 * ```ts
 * const jobsMeter = meter('jobs')
 * run(ctx, fromReceiver(jobs).pipe(jobsMeter, workerPool(5, work)))
 * setInterval(() => console.log(jobsMeter.read()), 1000)
 * ```
 */
export function meter(name: string): Meter {
  if (typeof name !== 'string' || name === '') throw mistyped('meter(name)', 'a name', name)
  const gauge = new Gauge(name)
  const operator = <T>(source: Observable<T>): Observable<T> => {
    if (!isObservable(source)) throw mistyped('meter(name)(source)', 'an Observable', source)
    return described<T>({ name, holds: 0, source }, (subscriber) => {
      const scope = scopeFor(subscriber)
      subscriber.add(gauge.watch(scope.demand))
      subscribeUntil(subscriber, scope, source, {
        next(value) {
          gauge.items++
          subscriber.next(value)
        },
        error(cause) {
          gauge.errors++
          subscriber.error(cause)
        },
        complete: () => subscriber.complete(),
      })
    })
  }
  return Object.assign(operator, { meterName: name, read: () => gauge.read() })
}

/** The time in ms after which an item counts half in the rate. */
const HALF_LIFE = 5000

/** Always true: `_closed` counts the watched demands that are closed; a spell is under way while it is above 0. */
class Gauge implements DemandWatch, Instrumented {
  items = 0
  errors = 0
  private readonly _demands = new Set<Demand>()
  private _start = NaN
  private _spells = 0
  /** The ms of the spells that are over, and the beginning of the spell under way. */
  private _full = 0
  private _fullSince = NaN
  private _closed = 0
  /** The rate, the time and the items at the last reading. */
  private _rate = 0
  private _looked = NaN
  private _itemsThen = 0

  constructor(readonly name: string) {}

  /** Returns a function that ends the watch. */
  watch(demand: Demand): () => void {
    if (Number.isNaN(this._start)) this._begin()
    this._demands.add(demand)
    const watches = (demand.watches ??= new Set())
    watches.add(this)
    if (!demand.isOpen) this.closed()
    return () => {
      watches.delete(this)
      if (!demand.isOpen) this.opened()
      this._demands.delete(demand)
    }
  }

  private _begin(): void {
    this._start = this._looked = time.timers.now()
    instrument(this)
  }

  closed(): void {
    if (this._closed++ > 0) return
    this._spells++
    this._fullSince = time.timers.now()
  }

  opened(): void {
    if (this._closed === 0 || --this._closed > 0) return
    this._full += time.timers.now() - this._fullSince
    this._fullSince = NaN
  }

  read(): Reading {
    const now = time.timers.now()
    const full = this._full + (this._closed > 0 ? now - this._fullSince : 0)
    const lifetime = now - this._start
    let depth = 0
    let places = 0
    for (const { owner } of this._demands) {
      depth += owner?.depth ?? 0
      places += owner?.limit ?? owner?.slots ?? 0
    }
    return {
      items: this.items,
      errors: this.errors,
      rate: this._rateAt(now),
      depth,
      places,
      wait: this._spells === 0 ? 0 : full / this._spells,
      saturation: lifetime > 0 ? full / lifetime : 0,
    }
  }

  /** Takes the rate since the last reading as even; the rate before fades with the time that has passed. */
  private _rateAt(now: number): number {
    const passed = now - this._looked
    if (!(passed > 0)) return this._rate
    const since = ((this.items - this._itemsThen) / passed) * 1000
    const fades = this._looked === this._start ? 0 : 2 ** (-passed / HALF_LIFE)
    this._rate = this._rate * fades + since * (1 - fades)
    this._looked = now
    this._itemsThen = this.items
    return this._rate
  }
}
