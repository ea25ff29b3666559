import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Sender } from '../../../runtime/index.js'
import { checkMethod } from '../../../runtime/internal.js'
import type { DeadLetter } from '../../demand/errors.js'
import { currentScope, described, under } from '../../demand/scope.js'

/**
 * Dead letters: where the work of a stage above fails, the item goes to `sender` with its error, and the pipeline
 * continues. It holds for `workerPool` and `byKey`, except with `onFailure: 'stop'`.
 *
 * Shape: items pass unchanged. Holds no item: the failed item keeps its slot until the send has completed, so a full
 * channel pauses the stage above. An error that belongs to no item (of a source, of an operator of RxJS) ends the
 * pipeline, and so does "send on closed channel". The channel stays open. Throws TypeError for an argument that is no
 * sender.
 *
 * The type of the letters, `DeadLetter<T>`, states the type of the items that reach the stage above; the compiler does
 * not check it, because an observable has only the type of its results.
 *
 * @example
 * ```ts
 * const failed = chan<DeadLetter<number>>(100)
 * run(ctx, fromReceiver(jobs).pipe(workerPool(5, work), catchTo(failed), sendTo(results)))
 * ```
 */
export function catchTo<R, T = unknown>(sender: Sender<DeadLetter<T>>): MonoTypeOperatorFunction<R> {
  checkMethod('catchTo(sender)', 'a Sender', sender, 'send')
  const deadLetters = sender as Sender<DeadLetter<never>> as Sender<DeadLetter> // the caller says that items are of type T
  return (source) =>
    described<R>({ name: 'catchTo', holds: 0, source }, (subscriber) =>
      under({ ...currentScope(), deadLetters }, () => source.subscribe(subscriber)),
    )
}
