/**
 * What passes at a point of a pipeline, and how it fares with the stage below it. A meter holds nothing and changes no pace.
 *
 * Saturation is the share of time in which the stage below took no more; wait time is how long such a spell lasts on average; depth is what is
 * in that stage. So a meter stands right above the stage it is to tell of.
 */
import { Observable } from 'rxjs'
import { mistyped, time } from '../../runtime/internal.js'
import { described } from '../engine/description.js'
import { currentScope, type Demand, type DemandWatch } from '../demand/scope.js'
import { instrument } from './telemetry.js'
import { subscribeUntil } from '../demand/upstream.js'

/** Counted over all subscriptions, from the first one on. */
export interface Reading {
  /** Items that have passed. */
  readonly items: number
  /** Subscriptions that ended in an error. */
  readonly errors: number
  /** Items a second, over the last seconds: what is older counts less and less. */
  readonly rate: number
  /** Items in the stage below, now. */
  readonly depth: number
  /** Places in it; 0 where no stage of ours is below. */
  readonly places: number
  /** ms that the stage below was full, on average for each time it was. */
  readonly wait: number
  /** The share of the time in which it was, from 0 to 1. */
  readonly saturation: number
}

export interface Meter {
  <T>(source: Observable<T>): Observable<T>
  readonly meterName: string
  read(): Reading
}

/**
 * Measures what passes here. The numbers are read with `read()`; where the API of OpenTelemetry is registered in the process, they are metrics
 * as well: `millrace.items`, `millrace.errors`, `millrace.depth`, `millrace.wait` and `millrace.saturation`, with the attribute
 * `millrace.meter`. It is not imported, nor needed.
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
  const operator = <T>(source: Observable<T>): Observable<T> =>
    described(
      new Observable<T>((subscriber) => {
        const scope = currentScope()
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
      }),
      { name, holds: 0, source },
    )
  return Object.assign(operator, { meterName: name, read: () => gauge.read() })
}

/** ms after which an item counts half in the rate. */
const HALF_LIFE = 5000

export class Gauge implements DemandWatch {
  items = 0
  errors = 0
  private readonly _demands = new Set<Demand>()
  private _start = NaN
  private _spells = 0
  /** ms of spells that are over, and the beginning of the one under way. */
  private _full = 0
  private _fullSince = NaN
  private _closed = 0
  /** The rate at the time of the last look. */
  private _rate = 0
  private _looked = NaN
  private _itemsThen = 0

  constructor(readonly name: string) {}

  /** Answers how to end the watch. */
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
    for (const { foreman } of this._demands) {
      depth += foreman?.depth ?? 0
      places += foreman?.places ?? 0
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

  /** Since the last look the rate was even, as far as we know; the older one fades with the time that has passed. */
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
