import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Schedule } from '../../../runtime/index.js'
import { checkFunction } from '../../../runtime/internal.js'
import { operateRounds, Rounds } from '../../engine/rounds.js'

/**
 * Subscribes to the source again after it has completed. The schedule receives the number of rounds (`attempts`) and
 * the ms since the first round began; it returns a pause in ms, or null to complete. The bounded twin of RxJS's
 * `repeat({ delay })`, which subscribes outside the scope.
 *
 * Shape: the items of every round. Holds no item. Completes when the schedule returns null. Fails with the error of the
 * source or the schedule. A subscriber that leaves ends the pause. Throws TypeError for a schedule that is no function.
 *
 * @example
 * ```ts
 * fromOp(() => poll(url)).pipe(repeatWith(() => 1000), workerPool(5, handle)) // each second
 * ```
 */
export function repeatWith<T>(schedule: Schedule): MonoTypeOperatorFunction<T> {
  checkFunction('repeatWith(schedule)', schedule)
  return operateRounds('repeatWith', (subscriber, source) => new Repeat(subscriber, source, schedule, 'repeatWith'))
}

class Repeat<T> extends Rounds<T> {
  protected next(value: T): void {
    this.subscriber.next(value)
  }

  protected failed(cause: unknown): void {
    this.downstream.error(cause)
  }

  protected completed(): void {
    this.roundEnded(undefined, () => this.downstream.complete())
  }
}
