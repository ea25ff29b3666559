import type { Observable, OperatorFunction } from 'rxjs'
import { checkCount, checkFunction } from '../../../runtime/internal.js'
import { stageNotes, type StageOptions } from '../../demand/unpaced.js'
import { operateTrunk, Trunk } from '../../engine/trunk.js'

/**
 * Each item goes to one of `n` branches: the next in turn that has demand. `branch` builds the pipeline of a branch
 * from its items and its index.
 *
 * Shape: the results of all branches together, as they come. Holds 1 item while no branch has demand, and what the
 * branches hold. Completes when the source and all branches have completed; a branch that completes early receives no
 * more items. An error of the source follows the items: it reaches each branch once, and the stage fails with it
 * when all branches have ended. Fails at once with an error of a branch. A subscriber that leaves unsubscribes from the
 * source and every branch. Throws RangeError for an `n` that is no whole number from 1 up.
 *
 * @example
 * ```ts
 * fromReceiver(jobs).pipe(fanOut(3, (branch, i) => branch.pipe(workerPool(1, (job) => connections[i].run(job)))))
 * ```
 */
export function fanOut<T, R>(
  n: number,
  branch: (branch: Observable<T>, i: number) => Observable<R>,
  options?: StageOptions,
): OperatorFunction<T, R> {
  checkCount('fanOut(n)', 1, n)
  checkFunction('fanOut(n, branch)', branch)
  const notes = stageNotes('fanOut', options)
  const builds = Array.from({ length: n }, () => branch)
  return operateTrunk(notes, builds, (subscriber) => new FanOut(subscriber, notes, builds))
}

class FanOut<T, R> extends Trunk<T, R> {
  /** The branch that is next in turn. */
  private _turn = 0

  protected begin(): void {}

  protected hand(value: T): boolean {
    const { branches } = this
    for (let i = 0; i < branches.length; i++) {
      const branch = branches[(this._turn + i) % branches.length]
      if (!branch.isOpen) continue
      this._turn = (this._turn + i + 1) % branches.length
      branch.downstream?.next(value)
      return true
    }
    for (const branch of branches) branch.wait()
    return false
  }
}
