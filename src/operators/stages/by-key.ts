import type { OperatorFunction, Subscriber } from 'rxjs'
import type { Context } from '../../runtime/index.js'
import { checkCount, checkFunction, Ring } from '../../runtime/internal.js'
import { stageNotes, type StageNotes } from '../demand/intake.js'
import { checkFailureOptions, type FailureOptions } from '../engine/failure-policy.js'
import type { Place } from '../engine/worker-slot.js'
import { under } from '../demand/scope.js'
import { operate } from '../engine/stage.js'
import { failedIn } from '../demand/stage-trail.js'
import { Watermark } from '../engine/watermark.js'
import type { Work } from '../engine/work.js'
import { WorkingStage, type Worker } from '../engine/worker-stage.js'

export interface ByKeyOptions<T = never> extends FailureOptions {
  /** How many items may wait for their key or for a worker, so that one slow key does not hold up the others at once; default 16 times `n`. */
  readonly waiting?: number
  /**
   * Told of the lowest unfinished item as it moves: all items up to `item`, which came at `position`, itself included, are through. What a
   * consumer of a log commits. Where it is given, an item has its place until all before it are through, so the stage holds no more than
   * before.
   */
  readonly commit?: (item: T, position: number) => void
}

/**
 * Up to `n` workers in parallel across keys, and one after the other within a key, in order. What waits for its key is bounded (`waiting`), and
 * the source pauses at the bound; a key with nothing to do costs nothing. `work` answers what `workerPool`'s does, and fails as there.
 *
 * @example
 * ```ts
 * fromReceiver(events).pipe(byKey((event) => event.user, 4, async (event, ctx) => store(event, ctx.signal), { commit: (event) => log.commit(event.offset) }))
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
  checkFailureOptions('byKey', options)
  const notes = stageNotes('byKey', options)
  return operate(notes, n + waiting, (subscriber) => new ByKey(subscriber, notes, n + waiting, n, key, work, options))
}

interface Item<T> {
  readonly value: T
  readonly position: number
}

/** The items of one key: the first is under way or waits for a worker, the others wait for it. Mostly there are no others. */
interface Lane<T, K> {
  readonly key: K
  first: Item<T>
  others: Ring<Item<T>> | null
}

class ByKey<T, K, R> extends WorkingStage<T, R> {
  readonly isOrdered = false
  private readonly _lanes = new Map<K, Lane<T, K>>()
  /** Lanes that could go on, if a worker were free; in order. */
  private readonly _ready = new Ring<Lane<T, K>>()
  private _atWork = 0
  private readonly _watermark: Watermark<T> | null

  constructor(
    subscriber: Subscriber<R>,
    notes: StageNotes,
    places: number,
    private readonly _workers: number,
    private readonly _key: (value: T) => K,
    work: Worker<T, R>,
    options: ByKeyOptions<T> | undefined,
  ) {
    super(subscriber, notes, places, work, options)
    this._watermark = options?.commit === undefined ? null : new Watermark(options.commit)
  }

  take(value: T): void {
    const item = { value, position: this.nextPosition++ }
    let key: K
    try {
      key = under(null, () => this._key(value))
    } catch (cause) {
      return this.flow.fail(failedIn(cause, this.stage, item.position))
    }
    this._watermark?.began(value)
    const lane = this._lanes.get(key)
    if (lane !== undefined) return (lane.others ??= new Ring(1)).push(item)
    const made: Lane<T, K> = { key, first: item, others: null }
    this._lanes.set(key, made)
    this._ready.push(made)
    this._beginReady()
  }

  private _beginReady(): void {
    while (this._atWork < this._workers && this._ready.size > 0 && !this.flow.isOver) {
      const lane = this._ready.shift() as Lane<T, K> // its size says that there is one
      const place = this.takePlace()
      this._atWork++
      place.lane = lane
      place.begin(lane.first.value, lane.first.position)
    }
  }

  result(place: Place<T, R>, value: R, isLast: boolean): void {
    if (this.flow.isOver) return
    if (!isLast) return this.flow.deliver(value, 0)
    const frees = this._leave(place)
    this.flow.deliver(value, frees)
    this._commit()
    this._beginReady()
  }

  done(place: Place<T, R>): void {
    if (this.flow.isOver) return
    const frees = this._leave(place)
    this._commit()
    this.flow.free(frees)
    this._beginReady()
  }

  /**
   * The lane goes on with its next item when a worker is free; without one it is forgotten. Answers how many places are free: those of the items
   * that are through and have none before them that is not.
   */
  private _leave(place: Place<T, R>): number {
    const lane = place.lane as Lane<T, K> // it is at work
    place.lane = null
    this._atWork--
    const frees = this._watermark === null ? 1 : this._watermark.finished(place.position)
    this.release(place)
    const next = lane.others?.shift()
    if (next === undefined) this._lanes.delete(lane.key)
    else {
      lane.first = next
      this._ready.push(lane)
    }
    return frees
  }

  /** A throw of `commit` is the error of the pipeline. */
  private _commit(): void {
    if (this._watermark === null || this.flow.isOver) return
    try {
      under(null, () => this._watermark?.tell())
    } catch (cause) {
      this.flow.fail(cause)
    }
  }

  /** The last item is through, and with it ends the stage. */
  override finish(): void {
    try {
      under(null, () => this._watermark?.tell())
    } catch (cause) {
      return this.flow.outlet.error(cause)
    }
    super.finish()
  }
}
