import type { MonoTypeOperatorFunction, Observable, Subscriber } from 'rxjs'
import { checkCount, checkFunction, checkOptions, checkTime, outOfRange, QueuedTimer, time } from '../../../runtime/internal.js'
import { stageNotes } from '../../demand/unpaced.js'
import { described, Downstream, under } from '../../demand/scope.js'
import { subscribeUntil } from '../../demand/intake.js'

/** A report of `progress`. */
export interface Progress {
  /** Items that have passed. */
  readonly items: number
  /** Items in all, where that is known. */
  readonly total: number | null
  /** ms since the subscription. */
  readonly elapsed: number
  /** Items a second over the last seconds: older items count less and less. */
  readonly rate: number
  /** The estimated ms until the last item has passed; null where the total is not known, or nothing has passed. */
  readonly left: number | null
  /** The source has completed or failed: this is the last report. */
  readonly isOver: boolean
}

/** Options of `progress`. */
export interface ProgressOptions {
  /** Items in all; default: not known. */
  readonly total?: number
  /** ms between two reports at least; default 1000. */
  readonly every?: number
  /** The name of the stage in reports; default: `progress`. */
  readonly name?: string
}

/**
 * Calls `report` with the number of items that have passed, their rate and the estimated time left: at most every
 * `every` ms while items pass, and once at the end. A pipeline that stands still makes no report, and sets no timer.
 *
 * Shape: items pass at once. Holds no item. Completes and fails with its source, after the last report; a subscriber
 * that leaves gets none. An error of `report` ends the pipeline. Each subscription counts by itself. Throws TypeError
 * for a `report` that is no function, and RangeError for a `total` or an `every` below 0.
 *
 * @example
 * ```ts
 * const report = ({ items, total }: Progress) => console.log(`${items} of ${total}`)
 * fromReceiver(rows).pipe(progress(report, { total: 3 }), batch({ size: 100 }), workerPool(1, insert))
 * ```
 */
export function progress<T>(report: (progress: Progress) => void, options?: ProgressOptions): MonoTypeOperatorFunction<T> {
  checkFunction('progress(report)', report)
  checkOptions('progress(report)', options)
  const { total, every = 1000 } = options ?? {}
  if (total !== undefined) checkCount('progress(report, { total })', 0, total)
  checkTime('progress(report, { every })', every)
  if (every < 0) throw outOfRange('progress(report, { every })', 'a number of ms from 0 up', every)
  const { name } = stageNotes('progress', options, ['total', 'every'])
  return (source) =>
    described<T>({ name, holds: 0, source }, (subscriber) =>
      new Reporting<T>(subscriber, report, { total: total ?? null, every }).connect(source),
    )
}

/** The time in ms after which an item counts half in the rate. */
const HALF_LIFE = 5000

interface Plan {
  readonly total: number | null
  readonly every: number
}

class Reporting<T> {
  private readonly _downstream: Downstream<T>
  private readonly _timer: QueuedTimer
  private readonly _start = time.timers.now()
  private _items = 0
  /** The rate, the time and the items at the last report. */
  private _rate = 0
  private _reported = this._start
  private _itemsThen = 0

  constructor(
    private readonly _subscriber: Subscriber<T>,
    private readonly _report: (progress: Progress) => void,
    private readonly _plan: Plan,
  ) {
    this._downstream = new Downstream(_subscriber, false)
    this._timer = new QueuedTimer(this._downstream.demand.scope, () => this._tell(false))
  }

  connect(source: Observable<T>): void {
    this._subscriber.add(() => this._timer.stop())
    subscribeUntil(this._subscriber, this._downstream.scope, source, {
      next: (value) => {
        this._items++
        if (!this._timer.isRunning) this._timer.start(this._plan.every)
        this._subscriber.next(value)
      },
      error: (cause) => this._tell(true) && this._subscriber.error(cause),
      complete: () => this._tell(true) && this._subscriber.complete(),
    })
  }

  /** Returns false where the report has ended the pipeline. */
  private _tell(isOver: boolean): boolean {
    const progress = this._now(isOver)
    try {
      under(null, () => this._report(progress))
    } catch (cause) {
      this._downstream.error(cause)
      return false
    }
    return true
  }

  private _now(isOver: boolean): Progress {
    const now = time.timers.now()
    const { total } = this._plan
    const rate = this._rateAt(now)
    const left = total === null || rate === 0 ? null : (Math.max(0, total - this._items) / rate) * 1000
    return { items: this._items, total, elapsed: now - this._start, rate, left, isOver }
  }

  /** As the rate of a meter: even since the last report, and the rate before fades. */
  private _rateAt(now: number): number {
    const passed = now - this._reported
    if (!(passed > 0)) return this._rate
    const since = ((this._items - this._itemsThen) / passed) * 1000
    const fades = this._reported === this._start ? 0 : 2 ** (-passed / HALF_LIFE)
    this._rate = this._rate * fades + since * (1 - fades)
    this._reported = now
    this._itemsThen = this._items
    return this._rate
  }
}
