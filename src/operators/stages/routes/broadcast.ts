import type { Observable, OperatorFunction } from 'rxjs'
import { checkFunction, mistyped } from '../../../runtime/internal.js'
import { stageNotes, type StageNotes } from '../../demand/unpaced.js'
import { operateTrunk, Trunk, type Build } from '../../engine/trunk.js'

/**
 * Each item goes to every branch. The slowest branch decides: each branch waits for its own demand, and the source
 * pauses meanwhile. To let a branch run ahead, or lose items rather than wait, put `queue(n, policy)` first in it. The
 * bounded twin of `share`.
 *
 * Shape: the results of all branches together, as they come. Holds 1 item, and what the branches hold. Completes when
 * the source and all branches have completed. An item waits for a branch that is not subscribed to yet, or that
 * `retryWith` or `repeatWith` is about to subscribe to again, and not for a branch that has left or completed. An
 * error of the source follows the items: it reaches each branch once, and the stage fails with it when all branches have
 * ended. Fails at once with an error of a branch. A subscriber that leaves unsubscribes from the source and every
 * branch. Throws TypeError without a branch.
 *
 * @example
 * ```ts
 * fromReceiver(events).pipe(broadcast((b) => b.pipe(workerPool(2, store)), (b) => b.pipe(batch({ size: 100 }), workerPool(1, index))))
 * ```
 */
export function broadcast<T, R extends readonly unknown[]>(
  ...branches: { [K in keyof R]: (branch: Observable<T>) => Observable<R[K]> }
): OperatorFunction<T, R[number]> {
  for (const branch of branches) checkFunction('broadcast(...branches)', branch)
  if (branches.length === 0) throw mistyped('broadcast(...branches)', 'at least one branch', undefined)
  const notes = stageNotes('broadcast')
  return broadcastTo<T, R[number]>(notes, branches)
}

/** The operator that hands each item to every branch: for `broadcast` and `tee`. */
export function broadcastTo<T, R>(notes: StageNotes, builds: readonly Build<T, R>[]): OperatorFunction<T, R> {
  return operateTrunk(notes, builds, (subscriber) => new Broadcast(subscriber, notes, builds))
}

class Broadcast<T, R> extends Trunk<T, R> {
  /** Branches that have received the item, or have left. */
  private _handed = 0

  protected begin(): void {
    this._handed = 0
  }

  protected hand(value: T): boolean {
    for (; this._handed < this.branches.length; this._handed++) {
      const branch = this.branches[this._handed]
      if (branch.isAwaited) return false
      if (branch.downstream === null)
        branch.missed++ // it has left
      else if (branch.isOpen) branch.downstream.next(value)
      else {
        branch.wait()
        return false
      }
    }
    return true
  }
}
