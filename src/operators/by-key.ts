import type { OperatorFunction, Subscriber } from 'rxjs'
import type { Context } from '../runtime/index.js'
import { checkCount, checkFunction, Ring } from '../runtime/kernel.js'
import { stageNotes, type StageNotes, type StageOptions } from './arrivals.js'
import type { Place } from './place.js'
import { under } from './scope.js'
import { operate } from './stage.js'
import type { Work } from './work.js'
import { WorkingStage, type Worker } from './working-stage.js'

export interface ByKeyOptions extends StageOptions {
  /** How many items may wait for their key or for a worker, so that one slow key does not hold up the others at once; default 16 times `n`. */
  readonly waiting?: number
}

/**
 * Up to `n` workers in parallel across keys, and one after the other within a key, in order. What waits for its key is bounded (`waiting`), and
 * the source pauses at the bound; a key with nothing to do costs nothing. `work` answers what `workerPool`'s does.
 *
 * @example
 * ```ts
 * fromReceiver(events).pipe(byKey((event) => event.user, 4, async (event, ctx) => store(event, ctx.signal)))
 * ```
 */
export function byKey<T, K, R>(
  key: (value: T) => K,
  n: number,
  work: (value: T, ctx: Context) => Work<R>,
  options?: ByKeyOptions,
): OperatorFunction<T, R> {
  checkFunction('byKey(key)', key)
  checkCount('byKey(key, n)', 1, n)
  checkFunction('byKey(key, n, work)', work)
  const waiting = options?.waiting ?? 16 * n
  checkCount('byKey(…, { waiting })', 0, waiting)
  const notes = stageNotes('byKey', options)
  return operate(notes, n + waiting, (subscriber) => new ByKey(subscriber, notes, key, n, waiting, work))
}

/** The items of one key: the first is under way or waits for a worker, the others wait for it. */
interface Lane<T, K> {
  readonly key: K
  readonly items: Ring<T>
}

class ByKey<T, K, R> extends WorkingStage<T, R> {
  readonly isOrdered = false
  private readonly _lanes = new Map<K, Lane<T, K>>()
  /** Lanes that could go on, if a worker were free; in order. */
  private readonly _ready = new Ring<Lane<T, K>>()
  private readonly _atWork = new Map<Place<T, R>, Lane<T, K>>()

  constructor(
    subscriber: Subscriber<R>,
    notes: StageNotes,
    private readonly _key: (value: T) => K,
    private readonly _workers: number,
    waiting: number,
    work: Worker<T, R>,
  ) {
    super(subscriber, notes, _workers + waiting, work)
  }

  protected take(value: T): void {
    let key: K
    try {
      key = under(null, () => this._key(value))
    } catch (cause) {
      return this.fail(cause)
    }
    const lane = this._lanes.get(key)
    if (lane !== undefined) return lane.items.push(value)
    const made: Lane<T, K> = { key, items: new Ring(1) }
    made.items.push(value)
    this._lanes.set(key, made)
    this._ready.push(made)
    this._beginReady()
  }

  private _beginReady(): void {
    while (this._atWork.size < this._workers && this._ready.size > 0 && !this.isOver) {
      const lane = this._ready.shift() as Lane<T, K> // its size says that there is one
      const place = this.takePlace()
      this._atWork.set(place, lane)
      place.begin(lane.items.shift() as T) // a ready lane has an item
    }
  }

  result(place: Place<T, R>, value: R, isLast: boolean): void {
    if (this.isOver) return
    if (isLast) this._leave(place)
    this.deliver(value, isLast ? 1 : 0)
    if (isLast) this._beginReady()
  }

  done(place: Place<T, R>): void {
    if (this.isOver) return
    this._leave(place)
    this.free(1)
    this._beginReady()
  }

  /** The lane goes on with its next item when a worker is free; without one it is forgotten. */
  private _leave(place: Place<T, R>): void {
    const lane = this._atWork.get(place) as Lane<T, K> // it is at work
    this._atWork.delete(place)
    this.release(place)
    if (lane.items.size > 0) this._ready.push(lane)
    else this._lanes.delete(lane.key)
  }
}
