/**
 * A stage that takes items as fast as its source emits, and holds the latest: shared by `conflate`, `debounce`, `throttle`
 * and `sample`.
 *
 *     above ──▶ [ item ] ──due, and the demand below is open──▶ below
 *                  ▲ a newer item takes its place until it has left
 *
 * Always true:
 * - the demand of the stage is never closed, so any source may be above, a foreign source included;
 * - the stage holds at most one item; an item that is replaced is done;
 * - an item leaves only when it is due and the demand below is open: the stage never emits faster than the stage below takes.
 */
import type { Subscriber } from 'rxjs'
import type { AsyncScope, Runnable } from '../../../runtime/internal.js'
import type { StageNotes } from '../../demand/unpaced.js'
import type { HeldPassages, Hold } from '../../demand/demand.js'
import { Stage } from '../../engine/stage.js'

/** Options of a stage that never pauses its source. */
export interface LatestOptions {
  /** The name of the stage in errors and reports; default: the name of the operator. */
  readonly name?: string
  /** A filter above drops most items: no warning when thousands of items in a row do not arrive. */
  readonly sparse?: boolean
}

export abstract class LatestStage<T> extends Stage<T, T> implements Runnable {
  protected hasItem = false
  protected isDue = false
  private _item: T | undefined = undefined
  /** Null until a passage waits. */
  private _passages: HeldPassages | null = null

  constructor(subscriber: Subscriber<T>, notes: StageNotes) {
    super(subscriber, notes, Infinity)
  }

  get scope(): AsyncScope | null {
    return this.flow.asyncScope
  }

  /** The item is about to leave. */
  protected leaves(): void {}

  /** The item; only while `hasItem`. */
  protected get item(): T {
    return this._item as T // called only while `hasItem` is true
  }

  /** Holds the item in the place of the item before. */
  protected hold(value: T, isDue: boolean): void {
    const replaces = this.hasItem
    this.hasItem = true
    this._item = value
    this.isDue = isDue
    if (replaces) this.flow.free(1)
    if (isDue) this.run()
  }

  /** The item leaves now, or when there is demand. */
  protected due(): void {
    if (!this.hasItem) return
    this.isDue = true
    this.run()
  }

  protected drop(): void {
    if (!this.hasItem) return
    this._clear()
    this.flow.free(1)
    this._passed()
  }

  private _clear(): void {
    this.hasItem = this.isDue = false
    this._item = undefined
  }

  /** The item is due, or the demand below is open again. */
  run(): void {
    const { downstream } = this.flow
    if (!this.isDue || this.flow.isOver) return
    if (!downstream.isOpen) return downstream.wait(this)
    const value = this.item
    this._clear()
    this.leaves()
    this.flow.deliver(value, 1)
    this._passed()
  }

  private _passed(): void {
    if (this._passages !== null) this._passages.left(1, 0, this.flow.passageFailed)
  }

  /** An item that takes the place of another counts as that item. */
  override passes(then: () => void, hold: Hold): boolean {
    if (!this.hasItem) return super.passes(then, hold)
    this._passages = hold(this._passages, then, 1)
    return false
  }

  stopWork(): void {
    this._clear()
  }
}
