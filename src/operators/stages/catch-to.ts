import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Sender } from '../../runtime/index.js'
import { checkMethod } from '../../runtime/internal.js'
import type { DeadLetter } from '../demand/errors.js'
import { currentScope, described, under } from '../demand/scope.js'

/**
 * Dead letters: where the work of a stage above fails, the item goes to `sender` with its error, and the pipeline
 * continues. It holds for `workerPool` and `byKey`, except with `onFailure: 'stop'`.
 *
 * Shape: items pass unchanged. Holds no item: the failed item keeps its slot until the send has completed, so a full
 * channel pauses the stage above. An error that belongs to no item (of a source, of an operator of RxJS) ends the
 * pipeline, and so does "send on closed channel". The channel stays open. Throws TypeError for an argument that is no
 * sender.
 *
 * @example
 * ```ts
 * const failed = chan<DeadLetter>(100)
 * run(ctx, fromReceiver(jobs).pipe(workerPool(5, work), catchTo(failed), sendTo(results)))
 * ```
 */
export function catchTo<T>(sender: Sender<DeadLetter>): MonoTypeOperatorFunction<T> {
  checkMethod('catchTo(sender)', 'a Sender', sender, 'send')
  return (source) =>
    described<T>({ name: 'catchTo', holds: 0, source }, (subscriber) =>
      under({ ...currentScope(), deadLetters: sender }, () => source.subscribe(subscriber)),
    )
}
