import type { MonoTypeOperatorFunction, Subscriber } from 'rxjs'
import { checkCount, checkFunction, checkOptions, mistyped, outOfRange, type AsyncScope, type Runnable } from '../../../runtime/internal.js'
import { failedIn } from '../../demand/errors.js'
import { stageNotes, type StageNotes, type StageOptions } from '../../demand/unpaced.js'
import type { HeldPassages, Hold } from '../../demand/demand.js'
import { under } from '../../demand/scope.js'
import { operate, Stage } from '../../engine/stage.js'

/** Options of `prioritize`. */
export interface PrioritizeOptions extends StageOptions {
  /** Items that may wait; default 64. */
  readonly size?: number
}

/**
 * A buffer from which the item with the highest `key` leaves first; of items with the same key, the item that came
 * first. The source is paused while the buffer is full, so an urgent item overtakes at most the items in the buffer.
 *
 * Shape: every item once; at once while the stage below takes items. Holds `size` items, 64 by default. An item of low
 * priority waits for as long as items of higher priority come faster than they leave. Completes, or fails with the
 * error of the source, after every item has left. A subscriber that leaves drops the items. Fails with an error of
 * `key`, and with TypeError or RangeError where it returns anything but a number. Throws RangeError for a `size` that
 * is no whole number from 1 up.
 *
 * @example
 * ```ts
 * fromReceiver(readings).pipe(prioritize(({ value }) => value, { size: 100 }), workerPool(2, work))
 * ```
 */
export function prioritize<T>(key: (value: T) => number, options?: PrioritizeOptions): MonoTypeOperatorFunction<T> {
  checkFunction('prioritize(key)', key)
  checkOptions('prioritize(key)', options)
  const { size = 64 } = options ?? {}
  checkCount('prioritize(key, { size })', 1, size)
  const notes = stageNotes('prioritize', options, ['size'])
  return operate(notes, size, (subscriber) => new Prioritize(subscriber, notes, size, key))
}

interface Ranked<T> {
  readonly value: T
  readonly key: number
  readonly position: number
}

const goesBefore = <T>(a: Ranked<T>, b: Ranked<T>): boolean => a.key > b.key || (a.key === b.key && a.position < b.position)

/** A binary heap: always true, no item goes before the item at half its index. */
class Heap<T> {
  private readonly _items: Ranked<T>[] = []

  get size(): number {
    return this._items.length
  }

  clear(): void {
    this._items.length = 0
  }

  push(item: Ranked<T>): void {
    const items = this._items
    let at = items.push(item) - 1
    for (let above = (at - 1) >> 1; at > 0 && goesBefore(item, items[above]); above = (at - 1) >> 1) {
      items[at] = items[above]
      at = above
    }
    items[at] = item
  }

  /** The first item; only while `size` is above 0. */
  take(): Ranked<T> {
    const items = this._items
    const first = items[0]
    const last = items.pop() as Ranked<T> // `size` is above 0
    if (items.length > 0) this._sink(last)
    return first
  }

  private _sink(item: Ranked<T>): void {
    const items = this._items
    let at = 0
    for (let below = 1; below < items.length; below = 2 * at + 1) {
      if (below + 1 < items.length && goesBefore(items[below + 1], items[below])) below++
      if (!goesBefore(items[below], item)) break
      items[at] = items[below]
      at = below
    }
    items[at] = item
  }
}

class Prioritize<T> extends Stage<T, T> implements Runnable {
  private readonly _items = new Heap<T>()
  private _position = 0
  /** Null until a passage waits. */
  private _passages: HeldPassages | null = null

  constructor(
    subscriber: Subscriber<T>,
    notes: StageNotes,
    size: number,
    private readonly _key: (value: T) => number,
  ) {
    super(subscriber, notes, size)
  }

  get scope(): AsyncScope | null {
    return this.flow.asyncScope
  }

  take(value: T): void {
    const position = this._position++
    let key: number
    try {
      key = under(null, () => checkKey(this._key(value)))
    } catch (cause) {
      return this.flow.fail(failedIn(cause, this.flow.intake.name, position))
    }
    this._items.push({ value, key, position })
    this.run()
  }

  /** An item has come, or there is demand again. */
  run(): void {
    const { downstream } = this.flow
    while (this._items.size > 0 && !this.flow.isOver) {
      if (!downstream.isOpen) return downstream.wait(this)
      const { value, position } = this._items.take()
      this.flow.deliver(value, 1)
      if (this._passages !== null) this._passages.left(1, position, this.flow.passageFailed)
    }
  }

  /** The items leave in any order, so those that have come are counted by their positions. */
  override passes(then: () => void, hold: Hold): boolean {
    const held = this._items.size + this.flow.intake.size
    if (held === 0) return super.passes(then, hold)
    this._passages = hold(this._passages, then, held, this._position + this.flow.intake.size)
    return false
  }

  stopWork(): void {
    this._items.clear()
  }
}

function checkKey(key: number): number {
  if (typeof key !== 'number') throw mistyped('prioritize(key): the result of key', 'a number', key)
  if (Number.isNaN(key)) throw outOfRange('prioritize(key): the result of key', 'a number', key)
  return key
}
