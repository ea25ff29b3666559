import { ignoreElements, type MonoTypeOperatorFunction, type Observable, type OperatorFunction } from 'rxjs'
import { mistyped } from '../../../runtime/internal.js'
import { stageNotes } from '../../demand/unpaced.js'
import { broadcastTo } from './broadcast.js'

/** Options of `tee`. */
export interface TeeOptions {
  /** The name of the stage in warnings, errors and reports; default: `tee`. */
  readonly name?: string
}

/**
 * Passes each item to one more consumer: `sink` is an operator, whose results are ignored, such as `sendTo(audit)` or
 * a `workerPool`. The pipeline and the sink set the pace together: the slower of the two decides, and the source
 * pauses meanwhile. To let the sink lose items rather than slow the pipeline, put `queue(n, policy)` or `conflate()`
 * in front of it.
 *
 * Shape: items pass unchanged, first to the sink. Holds 1 item, and what the sink holds. Completes when the source and
 * the sink have completed, so the sink has done its work by then. A sink that completes early receives no more items.
 * Fails at once with an error of the sink; an error of the source follows the items, in the sink too. A subscriber
 * that leaves ends the sink. Throws TypeError for a sink that is no operator.
 *
 * @example
 * ```ts
 * fromReceiver(rows).pipe(tee(sendTo(results)), workerPool(2, work))
 * ```
 */
export function tee<T>(sink: OperatorFunction<T, unknown>, options?: TeeOptions): MonoTypeOperatorFunction<T> {
  if (typeof sink !== 'function') throw mistyped('tee(sink)', 'an operator such as sendTo(sender)', sink)
  const notes = stageNotes('tee', options)
  const aside = (branch: Observable<T>): Observable<T> => branch.pipe<unknown, never>(sink, ignoreElements())
  return broadcastTo<T, T>(notes, [aside, (branch) => branch])
}
