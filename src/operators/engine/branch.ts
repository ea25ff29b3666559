/**
 * A branch of `fanOut`, `broadcast` or `groupByKey`: an observable that its stage feeds while there is demand in it.
 *
 * Always true: a branch has at most one subscriber, and receives items only while its demand is open. A branch that was
 * completed before it was subscribed to completes at once.
 */
import { Observable } from 'rxjs'
import { Downstream } from '../demand/scope.js'

/** The stage of a branch. */
export interface BranchOwner {
  /** A branch was subscribed to, or its subscriber has left. */
  branchChanged(): void
}

export class Branch<T> {
  /** The subscriber; null while there is none. */
  downstream: Downstream<T> | null = null
  private _isComplete = false

  /** The function of the user builds a pipeline on it. */
  readonly observable = new Observable<T>((subscriber) => {
    if (this.downstream !== null) {
      subscriber.error(new Error('millrace: a branch has one subscriber; use share() inside the branch'))
      return
    }
    const downstream = new Downstream(subscriber)
    if (this._isComplete) {
      downstream.complete()
      return
    }
    this.downstream = downstream
    this._owner.branchChanged()
    return () => {
      this.downstream = null
      this._owner.branchChanged()
    }
  })

  constructor(private readonly _owner: BranchOwner) {}

  get isOpen(): boolean {
    return this.downstream !== null && this.downstream.isOpen
  }

  complete(): void {
    this._isComplete = true
    this.downstream?.complete()
  }
}
