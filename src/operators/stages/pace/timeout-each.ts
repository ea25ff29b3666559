import type { MonoTypeOperatorFunction, Observable, Subscriber } from 'rxjs'
import { DeadlineExceededError } from '../../../runtime/index.js'
import { checkTime, outOfRange, QueuedTimer, time } from '../../../runtime/internal.js'
import type { DemandWatch } from '../../demand/demand.js'
import { failedIn } from '../../demand/errors.js'
import { stageNotes } from '../../demand/unpaced.js'
import { described, Downstream } from '../../demand/scope.js'
import { subscribeUntil } from '../../demand/intake.js'

/** Options of `timeoutEach`. */
export interface TimeoutEachOptions {
  /** The name of the stage in errors and reports; default: `timeoutEach`. */
  readonly name?: string
}

/**
 * Fails if no item comes for `ms` although the stage below wants one. The time begins at the subscription and at each
 * item, and stands still while the stage below is full: a slow consumer is not taken for a slow source. The paced twin
 * of RxJS's `timeout({ each })`.
 *
 * Shape: items pass at once. Holds no item. Completes with its source. Fails with DeadlineExceededError, which names
 * the stage and the number of items before, and unsubscribes from the source; `retryWith` below subscribes again. A
 * subscriber that leaves removes the timer. To limit the work on an item use `op.timeout(ms)` in the worker. Throws
 * RangeError for an `ms` that is not above 0.
 *
 * @example
 * ```ts
 * fromGoroutine(readFeed).pipe(timeoutEach(30_000), retryWith(backoff()))
 * ```
 */
export function timeoutEach<T>(ms: number, options?: TimeoutEachOptions): MonoTypeOperatorFunction<T> {
  checkTime('timeoutEach(ms)', ms)
  if (!(ms > 0)) throw outOfRange('timeoutEach(ms)', 'a number of ms above 0', ms)
  const { name } = stageNotes('timeoutEach', options)
  return (source) => described<T>({ name, holds: 0, source }, (subscriber) => new TimeoutEach(subscriber, name, ms).connect(source))
}

/**
 * Always true: `_spent` is the time for which the demand below was open since the last item, up to `_since`; while it
 * is open, the timer runs, and is never later than the end of the time.
 */
class TimeoutEach<T> implements DemandWatch {
  private readonly _downstream: Downstream<T>
  private readonly _timer: QueuedTimer
  private _items = 0
  private _spent = 0
  private _since = time.timers.now()

  constructor(
    private readonly _subscriber: Subscriber<T>,
    private readonly _name: string,
    private readonly _ms: number,
  ) {
    this._downstream = new Downstream(_subscriber, false)
    this._timer = new QueuedTimer(this._downstream.demand.scope, () => this._look())
  }

  connect(source: Observable<T>): void {
    const { demand, scope } = this._downstream
    const watches = (demand.watches ??= new Set())
    watches.add(this)
    if (demand.isOpen) this.opened()
    this._subscriber.add(() => {
      watches.delete(this)
      this._timer.stop()
    })
    subscribeUntil(this._subscriber, scope, source, {
      next: (value) => this._arrive(value),
      error: (cause) => this._subscriber.error(cause),
      complete: () => this._subscriber.complete(),
    })
  }

  private _arrive(value: T): void {
    this._items++
    this._spent = 0
    this._since = time.timers.now()
    this._subscriber.next(value)
  }

  closed(): void {
    this._spent += time.timers.now() - this._since
  }

  opened(): void {
    this._since = time.timers.now()
    if (!this._timer.isRunning) this._timer.start(this._ms - this._spent)
  }

  /** The timer is not moved at each item, so it may be early. */
  private _look(): void {
    if (!this._downstream.demand.isOpen) return
    const left = this._ms - this._spent - (time.timers.now() - this._since)
    if (left > 0) return this._timer.start(left)
    const name = this._downstream.scope.name === '' ? this._name : `${this._downstream.scope.name}/${this._name}`
    const message = `millrace: stage "${name}": no item for ${this._ms} ms, while the stage below wanted one; ${this._items} items before`
    this._downstream.error(failedIn(new DeadlineExceededError(message), name, this._items))
  }
}
