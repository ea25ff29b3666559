import { Observable } from 'rxjs'
import { select, withCancel, type Cases, type Context, type Op, type Tagged } from '../../runtime/index.js'
import { checkFunction, checkOperation, type Operation } from '../../runtime/internal.js'
import { described } from '../engine/description.js'
import { Outlet } from '../demand/downstream.js'
import { Pump } from '../engine/pump.js'

/** Performs an operation anew each round, made with a context that ends when the subscriber leaves. */
class RoundsPump<R> extends Pump<R, R> {
  constructor(
    outlet: Outlet<R>,
    private readonly make: () => Op<R> | null,
    private readonly isOnce: boolean,
  ) {
    super(outlet)
  }

  protected nextOperation(): Operation<R> | null {
    const operation = this.make()
    // what `make` answers performs to R
    return operation === null ? null : (checkOperation('fromOp(make)', operation) as Operation<R>)
  }

  protected emit(value: R): boolean {
    this.outlet.emit(value)
    if (!this.isOnce) return true
    this.outlet.complete()
    return false
  }
}

function rounds<R>(name: string, make: (ctx: Context) => Op<R> | null, isOnce: boolean): Observable<R> {
  return described(
    new Observable((subscriber) => {
      const outlet = new Outlet<R>(subscriber)
      const ctx = withCancel(outlet.scope.ctx)
      const pump = new RoundsPump(outlet, () => make(ctx), isOnce)
      return () => {
        pump.stop()
        ctx.cancel()
      }
    }),
    { name, holds: 1 },
  )
}

/**
 * Performs the operation that `make` answers, once for each subscriber, when there is demand; emits its result and completes. Its throw is
 * the error. `ctx` ends when the subscriber leaves, who withdraws the operation.
 *
 * @example
 * ```ts
 * fromOp(() => jobs.receive())
 * ```
 */
export function fromOp<T>(make: (ctx: Context) => Op<T>): Observable<T> {
  checkFunction('fromOp(make)', make)
  return rounds('fromOp', make, true)
}

/**
 * Go's for-select: in each round a select over the cases that `make` answers, armed anew, when there is demand. Sends are allowed as cases.
 * Completes when `make` answers null; fails with the throw of a chosen case.
 *
 * @example
 * ```ts
 * fromSelect(() => ({ message: inbox.receive(), idle: after(1000), quit: quit.receive() })).pipe(takeWhile((r) => r.case !== 'quit'))
 * ```
 */
export function fromSelect<const C extends Cases>(make: (ctx: Context) => C | null): Observable<Tagged<C>> {
  checkFunction('fromSelect(make)', make)
  return rounds(
    'fromSelect',
    (ctx) => {
      const cases = make(ctx)
      return cases === null ? null : select(cases)
    },
    false,
  )
}
