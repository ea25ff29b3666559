/**
 * A single run for all callers that ask at the same time: Go's `golang.org/x/sync/singleflight`.
 *
 * Always true: a flight is in the map while its function runs and its key was not forgotten. A flight counts the
 * callers that have asked and not left.
 *
 * Where we differ from Go: a flight that its last caller leaves is canceled (a generator is unwound, an async function
 * has a context that ends) and forgotten. The next call for the key starts a new flight.
 */
import type { CancelContext, Context } from '../interfaces/context.js'
import type { Task } from '../goroutine/task.js'
import type { Owner } from '../goroutine/owner.js'
import type { Body } from '../interfaces/goroutine.js'
import { checkFunction } from '../base/arguments.js'
import { hostTurn } from '../base/host.js'
import { background, withCancel } from '../context/context.js'
import { spawn } from '../goroutine/goroutine.js'
import type { Op } from '../interfaces/op.js'
import { Operation } from '../operation/operation.js'
import { PENDING, type Pending, type Waiter } from '../operation/waiter.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'

/** The result of a flight; `shared` is true if other callers received the value too. */
interface Outcome<V> {
  value: V
  shared: boolean
}

/** Runs one function for each key at a time. */
export interface SingleFlight<K, V> {
  /**
   * Starts `f`, unless a function runs for this key already. Returns an operation that waits for the result, or throws
   * the error of the function. `shared` is true if other callers received the same result. A caller that leaves does
   * not stop the run for the others.
   */
  do(key: K, f: Body<[ctx: Context], V>): Op<{ value: V; shared: boolean }>
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

class SingleFlightImpl<K, V> implements SingleFlight<K, V> {
  readonly flights = new Map<K, Flight<K, V>>()

  do(key: K, f: Body<[ctx: Context], V>): Op<Outcome<V>> {
    checkFunction('singleflight.do(key, f)', f)
    let flight = this.flights.get(key)
    if (flight === undefined) this.flights.set(key, (flight = new Flight(this.flights, key, f)))
    flight.callers++
    flight.asked++
    return new JoinFlight(flight)
  }

  forget(key: K): void {
    this.flights.delete(key)
  }
}

class Flight<K, V> implements Owner, Runnable {
  /** The number of calls ever, and the number of callers that have not left. */
  asked = 0
  callers = 0
  readonly goroutine: Task<V>
  private readonly _ctx: CancelContext = withCancel(background)

  constructor(
    private readonly flights: Map<K, Flight<K, V>>,
    private readonly key: K,
    f: Body<[ctx: Context], V>,
  ) {
    this.goroutine = spawn(f, [this._ctx], this)
  }

  /**
   * The cancel comes later, from the run queue: a caller that comes back in the same turn of the host, such as a select
   * in a loop, has not left. And a cancel runs listeners of signals, while the caller may be a case of a select that is
   * being settled.
   */
  leave(): void {
    if (--this.callers > 0) return
    if (queue.isTakenOver) queue.push(this)
    else hostTurn(() => queue.push(this))
  }

  run(): void {
    if (this.callers > 0) return // a caller has come meanwhile
    this._forget()
    this.goroutine.cancel()
    this._ctx.cancel()
  }

  ended(): boolean {
    this._forget()
    return false
  }

  private _forget(): void {
    if (this.flights.get(this.key) === this) this.flights.delete(this.key)
  }
}

/** Joins the run of a flight, for a single caller. */
class JoinFlight<V> extends Operation<Outcome<V>> {
  private readonly _join: Operation<V>
  private _parked = 0
  /** Counted among the callers: from `do` on, and again at a performance after the caller left. */
  private _isCaller = true

  constructor(private readonly flight: Flight<unknown, V>) {
    super()
    this._join = flight.goroutine.join() as Operation<V> // `Task.join` makes an Operation
  }
  override get isPlain(): boolean {
    return true
  }
  override parts(): readonly Operation<unknown>[] {
    return [this._join]
  }
  poll(): Outcome<V> | Pending {
    const value = this._join.poll()
    return value === PENDING ? PENDING : this._outcome(value)
  }
  park(waiter: Waiter): void {
    this._parked++
    if (!this._isCaller) this.flight.callers++
    this._isCaller = true
    this._join.park(waiter)
  }
  withdraw(waiter: Waiter): void {
    this._join.withdraw(waiter)
    if (--this._parked > 0) return
    this._isCaller = false
    this.flight.leave()
  }
  override finish(waiter: Waiter): Outcome<V> {
    return this._outcome(this._join.finish(waiter))
  }
  describe(): string {
    return 'singleflight.Do'
  }
  private _outcome(value: V): Outcome<V> {
    return { value, shared: this.flight.asked > 1 }
  }
}
