/**
 * A single run for all callers that ask at the same time: Go's `golang.org/x/sync/singleflight`.
 *
 * Always true: a flight is in the map while its function runs, its key was not forgotten, and it has callers.
 *
 * Where we differ from Go: a flight that its last caller leaves is canceled (a generator is unwound, an async function
 * has a context that ends) and forgotten. The next call for the key starts a new flight.
 */
import { checkFunction } from '../base/arguments.js'
import { Work } from '../goroutine/job.js'
import type { Context } from '../interfaces/context.js'
import type { Body } from '../interfaces/goroutine.js'
import type { Job } from '../interfaces/job.js'
import { SharedRun } from './shared-run.js'

/** Runs one function for each key at a time. */
export interface SingleFlight<K, V> {
  /**
   * A job, shared by all callers of the key. A performance starts `f`, unless a function runs for this key already, and
   * waits for the result, or throws the error of the function. `shared` is true if other callers asked for the same
   * result. A caller that leaves does not stop the run for the others; the last caller cancels it.
   */
  do(key: K, f: Body<[ctx: Context], V>): Job<{ value: V; shared: boolean }>
  /** The next `do` for the key starts a new run, even while a run is under way. */
  forget(key: K): void
}

/**
 * Makes a singleflight in which nothing runs. Source: Go's `singleflight.Group`.
 *
 * @example
 * ```ts
 * const lookups = singleflight<string, Address>()
 * const { value } = await lookups.do(host, (ctx) => resolve(host, ctx.signal)).within(ctx)
 * ```
 */
export function singleflight<K, V>(): SingleFlight<K, V> {
  return new SingleFlightImpl<K, V>()
}

type Flight<V> = SharedRun<[], V>

class SingleFlightImpl<K, V> implements SingleFlight<K, V> {
  private readonly _flights = new Map<K, Flight<V>>()

  do(key: K, f: Body<[ctx: Context], V>): Job<{ value: V; shared: boolean }> {
    checkFunction('singleflight.do(key, f)', f)
    return new Work('singleflight', () => this._join(key, f))
  }

  forget(key: K): void {
    this._flights.delete(key)
  }

  private *_join(key: K, f: Body<[ctx: Context], V>): Generator<never, { value: V; shared: boolean }> {
    const flight = this._flights.get(key) ?? this._start(key, f)
    const value = yield* flight.result('singleflight.do')
    return { value, shared: flight.isShared }
  }

  private _start(key: K, f: Body<[ctx: Context], V>): Flight<V> {
    const flight: Flight<V> = new SharedRun(f, [], (run) => {
      if (this._flights.get(key) === run) this._flights.delete(key)
    })
    this._flights.set(key, flight)
    return flight
  }
}
