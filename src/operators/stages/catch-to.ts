import { Observable, type MonoTypeOperatorFunction } from 'rxjs'
import type { Sender } from '../../runtime/index.js'
import { mistyped } from '../../runtime/internal.js'
import type { DeadLetter } from '../demand/dead-letter.js'
import { described } from '../engine/description.js'
import { currentScope, under } from '../demand/scope.js'

/**
 * Dead letters: where the work of a stage above fails on an item, the item goes to `sender` with what was thrown, and the pipeline goes on.
 * The item keeps its place until the send is through, so a full channel paces the stage. It holds for `workerPool` and `byKey`, but for
 * one with `onFailure: 'stop'`. Other errors (of a source, of RxJS's operators) are about no item, and end the pipeline as ever; so does a
 * send on a closed channel.
 *
 * @example
 * ```ts
 * const failed = chan<DeadLetter>(100)
 * run(ctx, fromReceiver(jobs).pipe(workerPool(5, work), catchTo(failed), sendTo(results)))
 * ```
 */
export function catchTo<T>(sender: Sender<DeadLetter>): MonoTypeOperatorFunction<T> {
  // from JavaScript it may be anything
  if (typeof (sender as Partial<Sender<DeadLetter>> | null | undefined)?.send !== 'function')
    throw mistyped('catchTo(sender)', 'a Sender', sender) // from JavaScript it may be anything
  return (source) =>
    described(new Observable((subscriber) => under({ ...currentScope(), letters: sender }, () => source.subscribe(subscriber))), {
      name: 'catchTo',
      holds: 0,
      source,
    })
}
