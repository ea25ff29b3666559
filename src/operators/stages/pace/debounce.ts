import type { MonoTypeOperatorFunction, Subscriber } from 'rxjs'
import { checkTime, outOfRange, QueuedTimer } from '../../../runtime/internal.js'
import { stageNotes, type StageNotes } from '../../demand/unpaced.js'
import { operate } from '../../engine/stage.js'
import { LatestStage, type LatestOptions } from './latest.js'

/** Options of `debounce`. */
export type DebounceOptions = LatestOptions

/**
 * Passes an item when no other has come for `ms`: the last item of a burst. The paced twin of RxJS's `debounceTime`: an
 * item that is due waits for the stage below, and a newer item takes its place.
 *
 * Shape: the last item of each burst. Holds 1 item. The source is never paused, so any source may be above. Completes,
 * or fails with the error of the source, after the item under way, which leaves at once. A subscriber that leaves drops
 * the item. A source that is never quiet for `ms` emits nothing before its end. Throws RangeError for a negative `ms`.
 *
 * @example
 * ```ts
 * fromReceiver(requests).pipe(debounce(250), workerPool(1, fetchOne))
 * ```
 */
export function debounce<T>(ms: number, options?: DebounceOptions): MonoTypeOperatorFunction<T> {
  checkTime('debounce(ms)', ms)
  if (ms < 0) throw outOfRange('debounce(ms)', 'a number of ms from 0 up', ms)
  const notes = stageNotes('debounce', options)
  return operate(notes, 1, (subscriber) => new Debounce<T>(subscriber, notes, ms))
}

class Debounce<T> extends LatestStage<T> {
  private readonly _quiet = new QueuedTimer(this.scope, () => this.due())

  constructor(
    subscriber: Subscriber<T>,
    notes: StageNotes,
    private readonly _ms: number,
  ) {
    super(subscriber, notes)
  }

  take(value: T): void {
    this.hold(value, false)
    this._quiet.start(this._ms)
  }

  override flush(): void {
    this._quiet.stop()
    this.due()
  }

  override stopWork(): void {
    this._quiet.stop()
    super.stopWork()
  }
}
