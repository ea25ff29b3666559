/** Subscribing to the source again: after an error, or after its end; at once or after a while, and always within the scope of the stage below. */
import { Observable, Subscription, type MonoTypeOperatorFunction, type Subscriber } from 'rxjs'
import type { Schedule } from '../../runtime/index.js'
import { checkFunction, time } from '../../runtime/internal.js'
import { described } from '../engine/description.js'
import { Pause } from '../engine/failure-policy.js'
import { Outlet } from '../demand/downstream.js'
import { under } from '../demand/scope.js'
import { subscribeUntil } from '../demand/upstream.js'

export interface RetryWithOptions {
  /** Once an item has come, attempts and time are counted anew. */
  readonly resetOnSuccess?: boolean
}

/**
 * Subscribes again after an error, when the schedule says: it is told how many attempts have failed, the last error, and the ms since the first
 * began, and answers ms to wait, or null to let the error pass. The bounded twin of RxJS's `retry({ delay })`, which subscribes where no scope
 * reaches. A throw of the schedule is the pipeline's error.
 *
 * @example
 * ```ts
 * fromGoroutine(readFeed).pipe(retryWith(backoff({ attempts: 8 })), workerPool(5, store))
 * ```
 */
export function retryWith<T>(schedule: Schedule, options?: RetryWithOptions): MonoTypeOperatorFunction<T> {
  checkFunction('retryWith(schedule)', schedule)
  return operateAgain('retryWith', (subscriber, source) => new Retry(subscriber, source, schedule, options?.resetOnSuccess === true))
}

/**
 * Subscribes again after the end, when the schedule says: it is told how many rounds are over (`attempts`) and the ms since the first began,
 * and answers ms to wait, or null to end. An error ends it. The bounded twin of RxJS's `repeat({ delay })`.
 *
 * @example
 * ```ts
 * fromOp(() => poll(url)).pipe(repeatWith(() => 1000), workerPool(5, handle)) // each second
 * ```
 */
export function repeatWith<T>(schedule: Schedule): MonoTypeOperatorFunction<T> {
  checkFunction('repeatWith(schedule)', schedule)
  return operateAgain('repeatWith', (subscriber, source) => new Repeat(subscriber, source, schedule))
}

function operateAgain<T>(name: string, make: (subscriber: Subscriber<T>, source: Observable<T>) => Again<T>): MonoTypeOperatorFunction<T> {
  return (source) => described(new Observable((subscriber) => make(subscriber, source).begin()), { name, holds: 0, source })
}

abstract class Again<T> {
  protected readonly outlet: Outlet<T>
  protected rounds = 0
  protected start = time.timers.now()
  private readonly _subscription = new Subscription()
  private _pause: Pause | null = null

  constructor(
    private readonly _subscriber: Subscriber<T>,
    private readonly source: Observable<T>,
    private readonly schedule: Schedule,
  ) {
    this.outlet = new Outlet(_subscriber, false)
  }

  begin(): void {
    this._subscriber.add(() => {
      this._pause?.stop()
      this._subscription.unsubscribe()
    })
    this._subscribe()
  }

  protected abstract next(value: T): void
  protected abstract failed(cause: unknown): void
  protected abstract completed(): void

  /** Waits as the schedule says, and begins anew; where it says no more, `end` has the last word. */
  protected again(cause: unknown, end: () => void): void {
    const { outlet } = this
    const failed = { attempts: ++this.rounds, cause, elapsed: time.timers.now() - this.start }
    let wait: number | null
    try {
      wait = under(null, () => this.schedule(failed))
    } catch (thrown) {
      return outlet.error(thrown)
    }
    if (wait === null) end()
    else this._pause = new Pause(wait, () => this._subscribe())
  }

  private _subscribe(): void {
    const round = new Subscription() // one that is over is not to be kept: there is no end to how often it is begun
    this._subscription.add(round)
    const leave = (): void => {
      this._subscription.remove(round)
      round.unsubscribe()
    }
    subscribeUntil(round, this.outlet.scope, this.source, {
      next: (value) => this.next(value),
      error: (cause) => {
        leave()
        this.failed(cause)
      },
      complete: () => {
        leave()
        this.completed()
      },
    })
  }
}

class Retry<T> extends Again<T> {
  constructor(
    private readonly subscriber: Subscriber<T>,
    source: Observable<T>,
    schedule: Schedule,
    private readonly resets: boolean,
  ) {
    super(subscriber, source, schedule)
  }
  protected next(value: T): void {
    if (this.resets && this.rounds > 0) {
      this.rounds = 0
      this.start = time.timers.now()
    }
    this.subscriber.next(value)
  }
  protected failed(cause: unknown): void {
    this.again(cause, () => this.outlet.error(cause))
  }
  protected completed(): void {
    this.outlet.complete()
  }
}

class Repeat<T> extends Again<T> {
  constructor(
    private readonly subscriber: Subscriber<T>,
    source: Observable<T>,
    schedule: Schedule,
  ) {
    super(subscriber, source, schedule)
  }
  protected next(value: T): void {
    this.subscriber.next(value)
  }
  protected failed(cause: unknown): void {
    this.outlet.error(cause)
  }
  protected completed(): void {
    this.again(undefined, () => this.outlet.complete())
  }
}
