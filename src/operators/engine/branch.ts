/**
 * A branch of `fanOut`, `broadcast` or `groupByKey`: an observable that its stage feeds while there is demand in it.
 *
 *     awaited ──subscribed──▶ here ──leaves, and retryWith subscribes again──▶ awaited
 *        │                     └──leaves──▶ left ──subscribed──▶ here, and a warning if it missed items
 *        └──the pipeline of the branch ends──▶ left
 *
 * Always true: a branch has at most one subscriber, and receives items only while its demand is open. A branch that has
 * ended before it was subscribed to ends at once. An error reaches it once: a retry in the branch then completes.
 */
import { Observable } from 'rxjs'
import type { Runnable } from '../../runtime/internal.js'
import type { HeldError } from '../demand/errors.js'
import type { Demand } from '../demand/demand.js'
import { passage } from '../demand/passage.js'
import { Downstream, type Resubscribing } from '../demand/scope.js'

/** The stage of a branch. It runs when a branch has demand again. */
export interface BranchOwner extends Runnable {
  /** A branch was subscribed to, its subscriber has left, or its pipeline has ended. */
  branchChanged(): void
  /** A branch that had left was subscribed to again, and missed this number of items. */
  branchMissed(items: number): void
}

export class Branch<T> {
  /** The subscriber; null while there is none. */
  downstream: Downstream<T> | null = null
  /** Items that went by since the subscriber left. */
  missed = 0
  private _isComplete = false
  /** The error of the source, until a subscriber has it. */
  private _error: HeldError | null = null
  private _isOver = false
  private _wasHere = false
  /** The demand of its last subscriber. */
  private _demand: Demand | null = null
  /** Passages through the pipeline of the branch. */
  private readonly _passing = new Set<() => void>()
  /** The stage that may subscribe to the branch again. */
  private _rounds: Resubscribing | null = null

  /** The function of the user builds a pipeline on this observable. */
  readonly observable = new Observable<T>((subscriber) => {
    if (this.downstream !== null) {
      subscriber.error(new Error('millrace: a branch has one subscriber; use share() inside the branch'))
      return
    }
    const downstream = new Downstream(subscriber)
    if (this._isComplete) {
      this._endNow(downstream)
      return
    }
    this._begin(downstream)
    return () => {
      this.downstream = null
      this._owner.branchChanged()
    }
  })

  constructor(private readonly _owner: BranchOwner) {}

  private _begin(downstream: Downstream<T>): void {
    const { missed } = this
    this.downstream = downstream
    this._demand = downstream.demand
    this.missed = 0
    this._wasHere = true
    this._rounds = downstream.scope.rounds
    this._rounds?.watch(this._owner)
    this._owner.branchChanged()
    if (missed > 0) this._owner.branchMissed(missed)
  }

  get isOpen(): boolean {
    return this.downstream !== null && this.downstream.isOpen
  }

  /** The branch has no subscriber yet: items wait for the subscriber. */
  get isAwaited(): boolean {
    if (this.downstream !== null || this._isOver) return false
    return !this._wasHere || this._rounds?.willSubscribe === true
  }

  /** Runs the stage when the branch has demand. */
  wait(): void {
    this.downstream?.wait(this._owner)
  }

  /** Completes the branch, or fails it with the error of the source. */
  end(error: HeldError | null): void {
    this._isComplete = true
    this._error = error
    if (this.downstream !== null) this._endNow(this.downstream)
  }

  private _endNow(downstream: Downstream<T>): void {
    const error = this._error
    this._error = null
    if (error === null) downstream.complete()
    else downstream.error(error.copy(), true)
  }

  /** True where everything in its pipeline has arrived at `end`; else `then` runs when it has, or the pipeline completes. */
  passes(end: Demand, then: () => void): boolean {
    if (this._demand === null) return true
    const passed = (): void => void (this._passing.delete(passed) && then())
    this._passing.add(passed)
    return passage(this._demand, end, passed) && this._passing.delete(passed)
  }

  /** The pipeline of the branch has completed: the items that it has kept are not wanted. */
  completed(): void {
    this._demand = null
    for (const passed of [...this._passing]) passed()
  }

  /** The pipeline of the branch has ended. */
  ended(): void {
    this._isOver = true
    this._owner.branchChanged()
  }
}
