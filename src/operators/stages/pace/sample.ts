import { from, isObservable, type MonoTypeOperatorFunction, type Observable, type Subscriber } from 'rxjs'
import type { Receiver } from '../../../runtime/index.js'
import { checkTime, mistyped, outOfRange, QueuedTimer, time } from '../../../runtime/internal.js'
import { Demand } from '../../demand/demand.js'
import { stageNotes, type StageNotes } from '../../demand/unpaced.js'
import { described, withDemand } from '../../demand/scope.js'
import { subscribeUntil } from '../../demand/intake.js'
import { LatestStage, type LatestOptions } from './latest.js'

/** Options of `sample`. */
export type SampleOptions = LatestOptions

/**
 * Passes the latest item every `ms`, or at each value of a notifier, if an item has come since. The paced twin of
 * RxJS's `sampleTime` and `sample`: an item that is due waits for the stage below, and a newer item takes its place.
 *
 * Shape: the latest item of each span; a span without an item emits nothing, and sets no timer. Spans are counted from
 * the subscription. Holds 1 item. The source is never paused, so any source may be above; the notifier is never paused
 * either, and its end ends the samples and not the pipeline. Completes, or fails with the error of the source, after
 * an item that is due; an item whose span has not ended is lost. Fails with an error of the notifier. A subscriber
 * that leaves drops the item. Throws RangeError for an `every` that is not above 0, and TypeError for another
 * notifier.
 *
 * @example
 * ```ts
 * fromReceiver(samples).pipe(sample(1000), workerPool(1, work))
 * ```
 */
export function sample<T>(every: number | Observable<unknown> | Receiver<unknown>, options?: SampleOptions): MonoTypeOperatorFunction<T> {
  const clock = clockOf(every)
  const notes = stageNotes('sample', options)
  return (source) =>
    described<T>({ name: notes.name, holds: 1, source }, (subscriber) => {
      const stage = new Sample<T>(subscriber, notes, typeof clock === 'number' ? clock : Infinity)
      stage.flow.connect(source)
      if (typeof clock !== 'number' && !subscriber.closed) stage.listen(subscriber, clock)
    })
}

/** The length of the spans in ms, or the notifier as an observable. */
function clockOf(every: unknown): number | Observable<unknown> {
  if (typeof every === 'number') {
    checkTime('sample(every)', every)
    if (!(every > 0)) throw outOfRange('sample(every)', 'a number of ms above 0', every)
    return every
  }
  if (isObservable(every)) return every
  const { receive } = (every ?? {}) as Partial<Receiver<unknown>> // a caller in JavaScript may pass any value
  if (typeof receive !== 'function') throw mistyped('sample(every)', 'a number of ms, an Observable or a Receiver', every)
  return from(every as Receiver<unknown> & Observable<unknown>) // a Receiver is an observable through `from`
}

class Sample<T> extends LatestStage<T> {
  private readonly _began = time.timers.now()
  private readonly _span = new QueuedTimer(this.scope, () => this.due())

  constructor(
    subscriber: Subscriber<T>,
    notes: StageNotes,
    private readonly _ms: number,
  ) {
    super(subscriber, notes)
  }

  /** Takes a sample at each value of the notifier. */
  listen(subscriber: Subscriber<T>, notifier: Observable<unknown>): void {
    const { scope } = this.flow.downstream
    subscribeUntil(subscriber, withDemand(scope, new Demand(null, scope.demand.scope)), notifier, {
      next: () => this.due(),
      error: (cause) => this.flow.fail(cause),
      complete: () => undefined,
    })
  }

  take(value: T): void {
    this.hold(value, this.isDue)
    if (!this._span.isRunning && this._ms !== Infinity && !this.flow.isOver) this._span.start(this._untilTick())
  }

  private _untilTick(): number {
    const passed = time.timers.now() - this._began
    return (Math.floor(passed / this._ms) + 1) * this._ms - passed
  }

  /** The span under way has no end. */
  override flush(): void {
    this._span.stop()
    if (!this.isDue) this.drop()
  }

  override stopWork(): void {
    this._span.stop()
    super.stopWork()
  }
}
