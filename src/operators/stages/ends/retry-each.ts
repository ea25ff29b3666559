import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Schedule } from '../../../runtime/index.js'
import { checkFunction } from '../../../runtime/internal.js'
import { currentScope, described, under } from '../../demand/scope.js'

/**
 * Retries for each item: where the work of a stage above fails, the work on that item begins again after the pause
 * that the schedule returns, while the other items go on. It holds for `workerPool` and `byKey`, unless the stage has
 * an `onFailure: 'stop'` or a schedule of its own. `retryWith` subscribes to the whole source again instead.
 *
 * Shape: items pass unchanged. Holds no item: an item keeps its slot during its pauses. The schedule receives the
 * number of failed attempts for the item, the last error, and the ms since the first of them; where it returns null,
 * the item goes to `catchTo` below, or its error ends the pipeline. A pause ends with the pipeline. Throws TypeError
 * for a schedule that is no function.
 *
 * @example
 * ```ts
 * fromReceiver(requests).pipe(workerPool(5, fetchOne), retryEach(backoff({ attempts: 3 })))
 * ```
 */
export function retryEach<T>(schedule: Schedule): MonoTypeOperatorFunction<T> {
  checkFunction('retryEach(schedule)', schedule)
  return (source) =>
    described<T>({ name: 'retryEach', holds: 0, source }, (subscriber) =>
      under({ ...currentScope(), retries: schedule }, () => source.subscribe(subscriber)),
    )
}
