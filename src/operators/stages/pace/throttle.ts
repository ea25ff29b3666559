import type { MonoTypeOperatorFunction, Subscriber } from 'rxjs'
import { checkFlag, checkTime, outOfRange, QueuedTimer } from '../../../runtime/internal.js'
import { stageNotes, type StageNotes } from '../../demand/unpaced.js'
import { operate } from '../../engine/stage.js'
import { LatestStage, type LatestOptions } from './latest.js'

/** Options of `throttle`. */
export interface ThrottleOptions extends LatestOptions {
  /** The first item after a pause passes at once; default true. */
  readonly leading?: boolean
  /** The last item of a pause passes at its end; default false. */
  readonly trailing?: boolean
}

/**
 * Passes an item, and then none for `ms`: at most one item in each span of `ms`, which begins when the item leaves. The
 * items that come meanwhile are lost; with `trailing` the last of them leaves at the end of the span. The paced twin of
 * RxJS's `throttleTime`, with its options. `rateLimit` loses nothing, and pauses the source instead.
 *
 * Shape: a part of the items, in order. Holds 1 item: it waits for the stage below, and with `trailing` a newer item
 * takes its place. The source is never paused, so any source may be above. Completes, or fails with the error of the
 * source, after the item that is held, which leaves at the end of its span. A subscriber that leaves drops the item.
 * Throws RangeError for an `ms` that is not above 0, and TypeError if neither `leading` nor `trailing` is set.
 *
 * @example
 * ```ts
 * fromReceiver(readings).pipe(throttle(100, { trailing: true }), workerPool(1, work))
 * ```
 */
export function throttle<T>(ms: number, options?: ThrottleOptions): MonoTypeOperatorFunction<T> {
  checkTime('throttle(ms)', ms)
  if (!(ms > 0)) throw outOfRange('throttle(ms)', 'a number of ms above 0', ms)
  const notes = stageNotes('throttle', options, ['leading', 'trailing'])
  const { leading = true, trailing = false } = options ?? {}
  checkFlag('throttle(ms, { leading })', leading)
  checkFlag('throttle(ms, { trailing })', trailing)
  if (!leading && !trailing)
    throw new TypeError(
      'throttle(ms, { leading, trailing }): expected at least one of them to be true, got false and false: no item would pass',
    )
  return operate(notes, 1, (subscriber) => new Throttle<T>(subscriber, notes, { ms, leading, trailing }))
}

interface Edges {
  readonly ms: number
  readonly leading: boolean
  readonly trailing: boolean
}

class Throttle<T> extends LatestStage<T> {
  private readonly _span = new QueuedTimer(this.scope, () => this.due())

  constructor(
    subscriber: Subscriber<T>,
    notes: StageNotes,
    private readonly _edges: Edges,
  ) {
    super(subscriber, notes)
  }

  take(value: T): void {
    const { ms, leading, trailing } = this._edges
    if (this._span.isRunning || this.hasItem) {
      if (trailing) this.hold(value, this.isDue)
      else this.flow.free(1)
    } else if (leading) this.hold(value, true)
    else {
      this._span.start(ms)
      this.hold(value, false)
    }
  }

  protected override leaves(): void {
    this._span.start(this._edges.ms)
  }

  override stopWork(): void {
    this._span.stop()
    super.stopWork()
  }
}
