import type { Observable } from 'rxjs'
import type { Context, Op } from '../../runtime/index.js'
import { checkFunction } from '../../runtime/internal.js'
import { fromRounds } from './pump.js'

/**
 * A source that performs the operation of `make` once for each subscriber, when there is demand.
 *
 * Shape: one item, the result. Holds 1 item. Completes after the item. Fails with the error of the operation, or of
 * `make`. A subscriber that leaves withdraws the operation and ends `ctx`; a result that was granted but not emitted is
 * given back. Throws TypeError for an argument that is no function.
 *
 * @example
 * ```ts
 * fromOp(() => jobs.receive())
 * ```
 */
export function fromOp<T>(make: (ctx: Context) => Op<T>): Observable<T> {
  checkFunction('fromOp(make)', make)
  return fromRounds('fromOp', make, true)
}
