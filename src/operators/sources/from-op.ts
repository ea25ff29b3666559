import type { Observable } from 'rxjs'
import { go, type Context, type Job, type Op } from '../../runtime/index.js'
import { checkFunction, isJob } from '../../runtime/internal.js'
import { fromRounds } from './pump.js'

/**
 * A source that performs the operation, or the job, of `make` once for each subscriber, when there is demand.
 *
 * Shape: one item, the result. Holds 1 item. Completes after the item. Fails with the error of the operation or job, or
 * of `make`. A subscriber that leaves withdraws the operation, cancels the job, and ends `ctx`; a result that was granted
 * but not emitted is given back. Throws TypeError for an argument that is no function.
 *
 * @example
 * ```ts
 * fromOp(() => jobs.receive())
 * ```
 */
export function fromOp<T>(make: (ctx: Context) => Op<T> | Job<T>): Observable<T> {
  checkFunction('fromOp(make)', make)
  return fromRounds('fromOp', (ctx) => operationOf(make(ctx), ctx), true)
}

/** A job runs as a goroutine, which ends with the context of the subscriber. */
function operationOf<T>(made: Op<T> | Job<T>, ctx: Context): Op<T> {
  return isJob(made) ? go(made.within(ctx)).join() : made // the same job
}
