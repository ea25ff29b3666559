/**
 * One run for all who ask at the same time: Go's `golang.org/x/sync/singleflight`.
 *
 * Always true: a call is known by its key while it runs and was not forgotten; it has as many callers as have asked and not left.
 *
 * Where we differ from Go: a call that its last caller leaves is canceled (a generator is unwound, an async function has a context to look
 * at) and forgotten. One who asks again then gets a new run.
 */
import { background, withCancel } from '../context/context.js'
import { checkFunction } from '../base/arguments.js'
import { spawn, type Body, type Owner, type Spawned } from '../goroutine/goroutine.js'
import { hostTurn } from '../base/host.js'
import { Operation } from '../operation/operation.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'
import type { CancelContext, Context, Op } from '../interfaces/op.js'
import { PENDING, type Pending, type Waiter } from '../operation/waiter.js'

export interface SingleFlight<K, V> {
  /**
   * Starts `f`, unless it runs for this key already; what is answered waits for its result, or throws what it throws. `shared` tells whether
   * others got the same. A caller that leaves leaves the run to the others.
   */
  do(key: K, f: Body<[ctx: Context], V>): Op<{ value: V; shared: boolean }>
  /** The next `do` for the key starts anew, even if one runs. */
  forget(key: K): void
}

/**
 * Makes one in which nothing runs. Source: Go's `singleflight.Group`.
 *
 * @example
 * ```ts
 * const lookups = singleflight<string, Address>()
 * const { value } = await lookups.do(host, (ctx) => resolve(host, ctx.signal)).within(ctx)
 * ```
 */
export function singleflight<K, V>(): SingleFlight<K, V> {
  return new Flights<K, V>()
}

class Flights<K, V> implements SingleFlight<K, V> {
  readonly calls = new Map<K, Call<K, V>>()

  do(key: K, f: Body<[ctx: Context], V>): Op<{ value: V; shared: boolean }> {
    checkFunction('singleflight.do(key, f)', f)
    let call = this.calls.get(key)
    if (call === undefined) this.calls.set(key, (call = new Call(this, key, f)))
    call.callers++
    call.asked++
    return new Flight(call)
  }

  forget(key: K): void {
    this.calls.delete(key)
  }
}

class Call<K, V> implements Owner, Runnable {
  /** How many have ever asked, and how many of them have not left. */
  asked = 0
  callers = 0
  readonly goroutine: Spawned<V>
  private readonly _ctx: CancelContext = withCancel(background)

  constructor(
    private readonly flights: Flights<K, V>,
    private readonly key: K,
    f: Body<[ctx: Context], V>,
  ) {
    this.goroutine = spawn(f, [this._ctx], this)
  }

  /**
   * Not at once: who comes back in the same turn of the event loop, a select in a loop say, has not left. And a cancel runs listeners of
   * signals, while the one that leaves may be a case of a select that is being settled.
   */
  leave(): void {
    if (--this.callers > 0) return
    if (queue.isTakenOver) queue.push(this)
    else hostTurn(() => queue.push(this))
  }

  run(): void {
    if (this.callers > 0) return // somebody asked meanwhile
    this._forget()
    this.goroutine.cancel()
    this._ctx.cancel()
  }

  ended(): boolean {
    this._forget()
    return false
  }

  private _forget(): void {
    if (this.flights.calls.get(this.key) === this) this.flights.calls.delete(this.key)
  }
}

/** Joins the run, for one caller. */
class Flight<V> extends Operation<{ value: V; shared: boolean }> {
  private readonly _join: Operation<V>
  private _parked = 0
  /** It is one of the callers; so it is from the `do` on, and again where it is performed once more. */
  private _isCaller = true

  constructor(private readonly call: Call<unknown, V>) {
    super()
    this._join = call.goroutine.join() as Operation<V> // it is one of ours
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): { value: V; shared: boolean } | Pending {
    const value = this._join.poll()
    return value === PENDING ? PENDING : this._answer(value)
  }
  park(waiter: Waiter): void {
    this._parked++
    if (!this._isCaller) this.call.callers++
    this._isCaller = true
    this._join.park(waiter)
  }
  withdraw(waiter: Waiter): void {
    this._join.withdraw(waiter)
    if (--this._parked > 0) return
    this._isCaller = false
    this.call.leave()
  }
  override finish(waiter: Waiter): { value: V; shared: boolean } {
    return this._answer(this._join.finish(waiter))
  }
  describe(): string {
    return 'singleflight.Do'
  }
  private _answer(value: V): { value: V; shared: boolean } {
    return { value, shared: this.call.asked > 1 }
  }
}
