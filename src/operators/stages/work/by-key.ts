import type { OperatorFunction, Subscriber } from 'rxjs'
import type { Context } from '../../../runtime/index.js'
import { checkCount, checkFunction, Ring } from '../../../runtime/internal.js'
import { under } from '../../demand/scope.js'
import { failedIn } from '../../demand/errors.js'
import { operate } from '../../engine/stage.js'
import { Watermark } from '../../engine/watermark.js'
import type { Work, WorkerSlot } from '../../engine/worker-slot.js'
import { workerPlan, WorkerStage, type FailureOptions, type WorkerPlan } from '../../engine/worker-stage.js'

/** Options of `byKey`. */
export interface ByKeyOptions<T = never> extends FailureOptions {
  /**
   * Items that may wait for their key or for a worker, so that a slow key does not block the others at once; default 16
   * times `n`.
   */
  readonly waiting?: number
  /**
   * Called as the watermark moves: every item up to `item`, at `position`, has finished, and its results have left every
   * stage below, the sink included. One call may commit several items. An item that an operator drops counts as finished,
   * and so does an item that is handed to an operator of RxJS that holds items back. An item that a stage below loses in
   * its failure is not committed, nor is an item after it. A consumer of a log commits its offset here. With `commit`, an
   * item keeps its slot until it and every item before it have left the stage, so the bound stays the same. A throw is
   * the error of the pipeline.
   */
  readonly commit?: (item: T, position: number) => void
}

/**
 * Up to `n` workers in parallel across keys; the items of one key one after the other, in order. `work` is as for
 * `workerPool`.
 *
 * Shape: as `workerPool`, and the results of one key leave in the order of its items. Holds `n + waiting` items; the
 * source pauses at the bound. Keys without items are kept until 256 of them, and more than half of all, have none; objects
 * and functions are not. Completes, fails and cancels as `workerPool`; an error of `key` is the error of the pipeline.
 *
 * @example
 * ```ts
 * fromReceiver(events).pipe(
 *   byKey((event) => event.user, 4, async (event, ctx) => store(event, ctx.signal), { commit: (event) => log.commit(event.offset) }),
 * )
 * ```
 */
export function byKey<T, K, R>(
  key: (value: T) => K,
  n: number,
  work: (value: T, ctx: Context) => Work<R>,
  options?: ByKeyOptions<T>,
): OperatorFunction<T, R> {
  checkFunction('byKey(key)', key)
  checkCount('byKey(key, n)', 1, n)
  checkFunction('byKey(key, n, work)', work)
  const { waiting = 16 * n, commit } = options ?? {}
  checkCount('byKey(…, { waiting })', 0, waiting)
  if (commit !== undefined) checkFunction('byKey(…, { commit })', commit)
  const plan = workerPlan({ operator: 'byKey', own: ['commit', 'waiting'] }, n + waiting, work, options)
  return operate(plan.notes, plan.slots, (subscriber) => new ByKey(subscriber, plan, { key, n, commit }))
}

interface Item<T> {
  readonly value: T
  readonly position: number
}

/**
 * Lanes that may be idle. To drop each lane with its last item would make the map fill and empty all the time: V8 links the table that it
 * has then to the next, and keeps all of them once the first has survived a full collection.
 */
const IDLE = 256

/**
 * The items of one key: the first is at work or waits for a worker, the others wait for the first. Mostly there are no
 * others.
 */
interface Lane<T, K> {
  readonly key: K
  /** Null: the lane is idle. */
  first: Item<T> | null
  others: Ring<Item<T>> | null
}

interface Lanes<T, K> {
  readonly key: (value: T) => K
  readonly n: number
  readonly commit: ((item: T, position: number) => void) | undefined
}

/**
 * Always true:
 * - a key has a lane while one of its items is unfinished; an idle lane stays for the next item of its key, unless the key is an object;
 * - a lane that is not idle is in `_ready`, or its first item is at work, never both;
 * - at most `n` items are at work.
 */
class ByKey<T, K, R> extends WorkerStage<T, R> {
  readonly isOrdered = false
  private _lanes = new Map<K, Lane<T, K>>()
  private _idle = 0
  /** Lanes that wait for a worker, in order. */
  private readonly _ready = new Ring<Lane<T, K>>()
  private _atWork = 0
  private _isBeginning = false
  private readonly _watermark: Watermark<T> | null

  constructor(
    subscriber: Subscriber<R>,
    plan: WorkerPlan<T, R>,
    private readonly _options: Lanes<T, K>,
  ) {
    super(subscriber, plan)
    this._watermark = _options.commit === undefined ? null : new Watermark((item, position) => this._commitTo(item, position), this.below)
  }

  take(value: T): void {
    const item = { value, position: this.nextPosition++ }
    let key: K
    try {
      key = under(null, () => this._options.key(value))
    } catch (cause) {
      return this.flow.fail(failedIn(cause, this.flow.intake.name, item.position))
    }
    this._watermark?.began(value)
    const lane = this._laneOf(key)
    if (lane.first !== null) return (lane.others ??= new Ring(1)).push(item)
    lane.first = item
    this._idle--
    this._ready.push(lane)
    this._beginReady()
  }

  private _laneOf(key: K): Lane<T, K> {
    let lane = this._lanes.get(key)
    if (lane === undefined) {
      this._lanes.set(key, (lane = { key, first: null, others: null }))
      this._idle++
    }
    return lane
  }

  /** Work that ends at once only adds to the loop that runs already, and no stack grows. */
  private _beginReady(): void {
    if (this._isBeginning) return
    this._isBeginning = true
    while (this._atWork < this._options.n && this._ready.size > 0 && !this.flow.isOver) {
      const lane = this._ready.shift() as Lane<T, K> // its size is above 0
      const slot = this.takeSlot()
      this._atWork++
      slot.lane = lane
      const { value, position } = lane.first as Item<T> // a lane that is ready is not idle
      slot.begin(value, position)
    }
    this._isBeginning = false
  }

  result(slot: WorkerSlot<T, R>, value: R): void {
    if (this.flow.isOver) return
    const { position } = slot
    this._finish(slot)
    if (this._watermark === null) this.deliver(value, position)
    else this.flow.deliverWith(value, { held: 1, left: () => this._finished(position) })
    this._beginReady()
  }

  /** The item has finished, and its result has left: with `commit`, the slots of the items below the watermark are free. */
  private _finished(position: number): void {
    this.workEnded(position)
    const frees = this._watermark === null ? 1 : this._watermark.finished(position)
    this._commit()
    this.flow.free(frees)
  }

  done(slot: WorkerSlot<T, R>): void {
    if (this.flow.isOver) return
    const { position } = slot
    this._finish(slot)
    this._finished(position)
    this._beginReady()
  }

  /** The next item of the lane waits for a worker; without a next item the lane is idle. */
  private _finish(slot: WorkerSlot<T, R>): void {
    const lane = slot.lane as Lane<T, K> // set when its item began
    slot.lane = null
    this._atWork--
    this.release(slot)
    const next = lane.others?.shift()
    lane.first = next ?? null
    if (next !== undefined) this._ready.push(lane)
    else if (typeof lane.key === 'object' || typeof lane.key === 'function')
      this._lanes.delete(lane.key) // it may be large
    else if (++this._idle > IDLE && this._idle * 2 > this._lanes.size) this._dropIdle()
  }

  private _dropIdle(): void {
    this._lanes = new Map([...this._lanes].filter(([, { first }]) => first !== null))
    this._idle = 0
  }

  private _commit(): void {
    try {
      this._watermark?.commit()
    } catch (cause) {
      this.flow.passageFailed(cause)
    }
  }

  /** A throw goes to this stage, or where it has ended, to the stage below that the last item left. */
  private _commitTo(item: T, position: number): void {
    try {
      under(null, () => this._options.commit?.(item, position))
    } catch (cause) {
      if (this.flow.isOver) throw cause
      this.flow.fail(cause)
    }
  }
}
