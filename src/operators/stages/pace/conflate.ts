import type { MonoTypeOperatorFunction, Subscriber } from 'rxjs'
import { checkFunction } from '../../../runtime/internal.js'
import { failedIn } from '../../demand/errors.js'
import { stageNotes, type StageNotes } from '../../demand/unpaced.js'
import { under } from '../../demand/scope.js'
import { operate } from '../../engine/stage.js'
import { LatestStage, type LatestOptions } from './latest.js'

/** Options of `conflate`. */
export type ConflateOptions = LatestOptions

/**
 * Passes items at once while the stage below takes them, and holds the latest while that stage is busy: a slow consumer
 * sees the newest item, and the source never waits. With `combine` the item that waits and the newer item become one,
 * so that nothing is lost: a sum, a merged record.
 *
 * Shape: items pass in order; an item that waits is replaced by the next. Holds 1 item. The source is never paused, so
 * any source may be above. Completes, or fails with the error of the source, after the item that waits has left. Fails
 * with an error of `combine`. A subscriber that leaves drops the item. Throws TypeError for a `combine` that is no
 * function. Source: Akka's `conflate`, Kotlin's `conflate`, Reactor's `onBackpressureLatest`.
 *
 * @example
 * ```ts
 * fromReceiver(samples).pipe(conflate(), workerPool(1, work))
 * ```
 */
export function conflate<T>(combine?: ((held: T, next: T) => T) | null, options?: ConflateOptions): MonoTypeOperatorFunction<T> {
  if (combine !== undefined && combine !== null) checkFunction('conflate(combine)', combine)
  const notes = stageNotes('conflate', options)
  return operate(notes, 1, (subscriber) => new Conflate<T>(subscriber, notes, combine ?? null))
}

class Conflate<T> extends LatestStage<T> {
  constructor(
    subscriber: Subscriber<T>,
    notes: StageNotes,
    private readonly _combine: ((held: T, next: T) => T) | null,
  ) {
    super(subscriber, notes)
  }

  take(value: T): void {
    const { _combine: combine } = this
    if (combine === null || !this.hasItem) return this.hold(value, true)
    const { item } = this
    let both: T
    try {
      both = under(null, () => combine(item, value))
    } catch (cause) {
      return this.flow.fail(failedIn(cause, this.flow.intake.name, this.flow.intake.arrived - 1))
    }
    this.hold(both, true)
  }
}
