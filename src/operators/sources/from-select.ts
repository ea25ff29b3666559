import type { Observable } from 'rxjs'
import { select, type Cases, type Context, type Tagged } from '../../runtime/index.js'
import { checkFunction } from '../../runtime/internal.js'
import { fromRounds } from './pump.js'

/**
 * Go's for-select as a source: in each round a select over the cases of `make`, when there is demand. Sends are allowed
 * as cases.
 *
 * Shape: one item for each round, the chosen case with its value. Holds 1 item. Completes when `make` returns null.
 * Fails with the error of a chosen case, or of `make`. A subscriber that leaves withdraws every case and ends `ctx`.
 * Throws TypeError for an argument that is no function.
 *
 * @example
 * ```ts
 * fromSelect(() => ({ message: messages.receive(), idle: after(1000), quit: quit.receive() })).pipe(takeWhile((r) => r.case !== 'quit'))
 * ```
 */
export function fromSelect<const C extends Cases>(make: (ctx: Context) => C | null): Observable<Tagged<C>> {
  checkFunction('fromSelect(make)', make)
  const round = (ctx: Context) => {
    const cases = make(ctx)
    return cases === null ? null : select(cases)
  }
  return fromRounds('fromSelect', round, false)
}
