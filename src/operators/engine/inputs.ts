/**
 * An input that holds one item: the way in of every stage that is not a `Flow` (mergeFair, zipBounded, fanOut,
 * broadcast, groupByKey).
 *
 *     above ──▶ [ item ] ──take──▶ the stage
 *        ◀── demand: open while the input is empty
 *
 * Always true:
 * - the demand is closed exactly while the input has an item;
 * - items that arrive while it has an item wait in the intake, and move up at `take`;
 * - `arrived` is called for an item that finds the input empty; `completed` once, at the end of the source;
 * - an error of the source does not overtake the items that were accepted before it.
 */
import { from, type Observable, type ObservableInput, type Observer, type Subscription } from 'rxjs'
import { mistyped } from '../../runtime/internal.js'
import { type StageNotes } from '../demand/unpaced.js'
import { Intake } from '../demand/intake.js'
import type { Demand, HeldPassages, Hold, Passable } from '../demand/demand.js'
import type { Scope } from '../demand/scope.js'
import type { HeldError } from '../demand/errors.js'

/** Checks that RxJS takes each of them for a source. */
export function checkSources(operator: string, sources: readonly ObservableInput<unknown>[]): void {
  for (const [i, source] of sources.entries()) {
    try {
      from(source)
    } catch {
      throw mistyped(`${operator}(…sources): source ${i}`, 'an Observable, a promise or an iterable', source)
    }
  }
}

/** The stage of an input. */
export interface InputOwner<T> {
  /** An item has come. */
  arrived(input: OneItemInput<T>): void
  /** The source has completed; the input may still have an item. */
  completed(input: OneItemInput<T>): void
  failed(cause: unknown): void
  /** The source has failed; the input may still have an item, and the error follows it. */
  sourceFailed(error: HeldError): void
}

export class OneItemInput<T> implements Passable, Observer<T> {
  readonly intake: Intake<T>
  hasItem = false
  /** The error of the source. */
  held: HeldError | null = null
  readonly below: Demand
  private _item: T | undefined = undefined
  /** Null until a passage waits. */
  private _passages: HeldPassages | null = null

  constructor(
    notes: StageNotes,
    below: Scope,
    private readonly _owner: InputOwner<T>,
  ) {
    this.intake = new Intake(notes, 1, below)
    this.intake.demand.stage = this
    this.below = below.demand
  }

  /** Subscribes to the source, until `until` is unsubscribed. */
  connect(until: Subscription, source: Observable<T>): void {
    until.add(() => this.intake.demand.retire())
    this.intake.connect(until, source, this)
  }

  error(cause: unknown): void {
    this.held = this.intake.failed(cause)
    this._owner.sourceFailed(this.held)
  }

  complete(): void {
    this.intake.completed()
    this._owner.completed(this)
  }

  next(value: T): void {
    const unpaced = this.intake.look()
    if (unpaced !== null) this._owner.failed(unpaced)
    else if (this.hasItem) this.intake.keep(value)
    else {
      this.hasItem = true
      this.intake.used = 1
      this._item = value
      this.intake.demand.close()
      this._owner.arrived(this)
    }
  }

  /** The item; only while `hasItem`. */
  get item(): T {
    return this._item as T // called only while `hasItem` is true
  }

  /** Takes the item out. The next item moves up, or the demand opens. */
  take(): T {
    const { item, intake } = this
    this.hasItem = intake.size > 0
    intake.used = this.hasItem ? 1 : 0
    this._item = this.hasItem ? intake.take() : undefined
    if (!this.hasItem) intake.demand.open()
    return item
  }

  passes(then: () => void, hold: Hold): boolean {
    const held = (this.hasItem ? 1 : 0) + this.intake.size
    if (held > 0) this._passages = hold(this._passages, then, held)
    return held === 0
  }

  /** To be called when an item that was taken has been handed on. */
  passed(): void {
    if (this._passages !== null) this._passages.left(1, 0, (cause) => this._owner.failed(cause))
  }

  /** The source has completed or failed, and no item is left. */
  get isExhausted(): boolean {
    return !this.hasItem && (this.intake.demand.isComplete || this.held !== null)
  }
}
