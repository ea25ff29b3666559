/**
 * A stage that subscribes to its source in rounds: shared by `retryWith` and `repeatWith`. Each round runs within the
 * scope of the stage below.
 *
 *     subscribes ──the round ends, the schedule returns ms──▶ pauses ──▶ subscribes
 *         └─the schedule returns null─▶ the end
 *
 * Always true: at most one round or one pause is under way, and none after the subscriber has left.
 */
import { Subscription, type MonoTypeOperatorFunction, type Observable, type Subscriber } from 'rxjs'
import { sleep, type Schedule } from '../../runtime/index.js'
import { checkTime, queue, time, type AsyncScope, type Operation, type Runnable } from '../../runtime/internal.js'
import { described, Downstream, under, type Resubscribing } from '../demand/scope.js'
import { subscribeUntil } from '../demand/intake.js'

/** The operator whose subscriptions are rounds created by `make`. */
export function operateRounds<T>(
  name: string,
  make: (subscriber: Subscriber<T>, source: Observable<T>) => Rounds<T>,
): MonoTypeOperatorFunction<T> {
  return (source) => described<T>({ name, holds: 0, source }, (subscriber) => make(subscriber, source).begin())
}

export abstract class Rounds<T> implements Runnable, Resubscribing {
  protected readonly downstream: Downstream<T>
  /** Rounds that have ended, and the time in ms at which the first began. */
  protected rounds = 0
  protected start = time.timers.now()
  /** The round or the pause under way. */
  private _underWay = new Subscription()
  private _isBetween = false
  /** Stages above that wait for the next round. */
  private _watchers: Set<Runnable> | null = null

  constructor(
    protected readonly subscriber: Subscriber<T>,
    private readonly _source: Observable<T>,
    private readonly _schedule: Schedule,
    private readonly _name: string,
  ) {
    this.downstream = new Downstream(subscriber, false)
  }

  get scope(): AsyncScope | null {
    return this.downstream.demand.scope
  }

  begin(): void {
    this.subscriber.add(() => this._left())
    this.run()
  }

  private _left(): void {
    this._isBetween = false
    this._underWay.unsubscribe()
    if (this._watchers !== null) for (const watcher of this._watchers) queue.push(watcher)
  }

  /** Also while a stage further below is between two rounds. */
  get willSubscribe(): boolean {
    return this._isBetween || this.downstream.scope.rounds?.willSubscribe === true
  }

  watch(watcher: Runnable): void {
    ;(this._watchers ??= new Set()).add(watcher)
    this.downstream.scope.rounds?.watch(watcher)
  }

  protected abstract next(value: T): void
  protected abstract failed(cause: unknown): void
  protected abstract completed(): void

  /** A round has ended: pauses and begins the next, or calls `end` where the schedule returns null. */
  protected roundEnded(cause: unknown, end: () => void): void {
    const failed = { attempts: ++this.rounds, cause, elapsed: time.timers.now() - this.start }
    let pause: number | null
    try {
      pause = under(null, () => this._schedule(failed))
      if (pause !== null) checkTime(`${this._name}(schedule): the result of the schedule`, pause)
    } catch (thrown) {
      return this.downstream.error(thrown)
    }
    if (pause === null) return end()
    this._isBetween = true
    if (pause <= 0) queue.push(this)
    else {
      const pausing = (sleep(pause) as Operation<void>).subscribe(() => this.run()) // every Op of Millrace is an Operation
      this._underWay = new Subscription(() => pausing.unsubscribe())
    }
  }

  /** Begins a round. */
  run(): void {
    if (this.subscriber.closed) return
    this._isBetween = false
    const round = (this._underWay = new Subscription())
    subscribeUntil(round, { ...this.downstream.scope, rounds: this }, this._source, {
      next: (value) => this.next(value),
      error: (cause) => {
        round.unsubscribe()
        this.failed(cause)
      },
      complete: () => {
        round.unsubscribe()
        this.completed()
      },
    })
  }
}
