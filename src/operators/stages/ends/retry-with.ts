import type { MonoTypeOperatorFunction, Observable, Subscriber } from 'rxjs'
import type { Schedule } from '../../../runtime/index.js'
import { checkFlag, checkFunction, checkOptions, time } from '../../../runtime/internal.js'
import { operateRounds, Rounds } from '../../engine/rounds.js'

/** Options of `retryWith`. */
export interface RetryWithOptions {
  /** An item begins the count of attempts and time anew. */
  readonly resetOnSuccess?: boolean
}

/**
 * Subscribes to the source again after an error. The schedule receives the number of failed attempts, the last error,
 * and the ms since the first attempt began; it returns a pause in ms, or null to give up. The bounded twin of RxJS's
 * `retry({ delay })`, which subscribes outside the scope.
 *
 * Shape: items pass at once. Holds no item. Completes with its source. Fails with the last error when the schedule
 * returns null, or with an error of the schedule. A subscriber that leaves ends the pause. Throws TypeError for a
 * schedule that is no function.
 *
 * @example
 * ```ts
 * fromGoroutine(readFeed).pipe(retryWith(backoff({ attempts: 8 })), workerPool(5, store))
 * ```
 */
export function retryWith<T>(schedule: Schedule, options?: RetryWithOptions): MonoTypeOperatorFunction<T> {
  checkFunction('retryWith(schedule)', schedule)
  checkOptions('retryWith(schedule)', options, ['resetOnSuccess'])
  checkFlag('retryWith(schedule, { resetOnSuccess })', options?.resetOnSuccess)
  return operateRounds('retryWith', (subscriber, source) => new Retry(subscriber, source, schedule, options?.resetOnSuccess === true))
}

class Retry<T> extends Rounds<T> {
  constructor(
    subscriber: Subscriber<T>,
    source: Observable<T>,
    schedule: Schedule,
    private readonly _resets: boolean,
  ) {
    super(subscriber, source, schedule, 'retryWith')
  }

  protected next(value: T): void {
    if (this._resets && this.rounds > 0) {
      this.rounds = 0
      this.start = time.timers.now()
    }
    this.subscriber.next(value)
  }

  protected failed(cause: unknown): void {
    this.roundEnded(cause, () => this.downstream.error(cause))
  }

  protected completed(): void {
    this.downstream.complete()
  }
}
