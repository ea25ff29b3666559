/**
 * A stage that feeds a fixed number of branches: shared by `fanOut` and `broadcast`. It holds one item, and hands it to
 * branches as they have demand; the results of all branches leave together.
 *
 * Always true: no branch receives an item while another item is being handed over.
 */
import { Subscription, type Observable, type OperatorFunction, type Subscriber } from 'rxjs'
import { queue, type Runnable } from '../../runtime/internal.js'
import type { StageNotes } from '../demand/intake.js'
import { described, Downstream, subscribeUntil, under } from '../demand/scope.js'
import { passedBy, type HeldError } from '../demand/errors.js'
import { Branch, type BranchOwner } from './branch.js'
import { OneItemInput, type InputOwner } from './inputs.js'

/** The function of the user that builds the pipeline of a branch. */
export type Build<T, R> = (branch: Observable<T>, i: number) => Observable<R>

/** The operator whose subscriptions are trunks created by `make`. */
export function operateTrunk<T, R>(
  notes: StageNotes,
  builds: readonly Build<T, R>[],
  make: (subscriber: Subscriber<R>) => Trunk<T, R>,
): OperatorFunction<T, R> {
  const branches = (root: Observable<never>): Observable<R>[] => builds.map((build, i) => build(root, i))
  return (source) => described<R>({ name: notes.name, holds: 1, source, branches }, (subscriber) => make(subscriber).connect(source))
}

export abstract class Trunk<T, R> implements BranchOwner, InputOwner<T>, Runnable {
  protected readonly branches: Branch<T>[]
  private readonly _downstream: Downstream<R>
  private readonly _input: OneItemInput<T>
  private readonly _subscription = new Subscription()
  private _running: number
  private _isOver = false
  private _isHanding = false

  constructor(
    private readonly _subscriber: Subscriber<R>,
    notes: StageNotes,
    private readonly _builds: readonly Build<T, R>[],
  ) {
    this._downstream = new Downstream(_subscriber, false)
    this._input = new OneItemInput(notes, this._downstream.scope, this)
    this.branches = _builds.map(() => new Branch<T>(this))
    this._running = _builds.length
  }

  /** Hands the item to branches that have demand. Returns false while it has to wait for another. */
  protected abstract hand(value: T): boolean
  /** A new item: no branch has received it. */
  protected abstract begin(): void

  connect(source: Observable<T>): void {
    this._subscriber.add(() => this._end())
    for (const [i, build] of this._builds.entries()) this._subscribeTo(build, i)
    if (!this._isOver) this._input.connect(this._subscription, source)
  }

  private _subscribeTo(build: Build<T, R>, i: number): void {
    let results: Observable<R>
    try {
      results = under(null, () => build(this.branches[i].observable, i))
    } catch (cause) {
      return this.failed(cause)
    }
    subscribeUntil(this._subscription, this._downstream.scope, results, {
      next: (value) => this._downstream.next(value),
      error: (cause) => this.failed(passedBy(cause, this._input.intake)),
      complete: () => {
        this.branches[i].ended()
        if (--this._running > 0 || this._isOver) return
        this._end()
        this._downstream.complete()
      },
    })
  }

  arrived(): void {
    if (this._isOver) return
    this.begin()
    this.run()
  }

  completed(): void {
    this.run()
  }

  branchChanged(): void {
    if (!this._isHanding && !this._isOver) queue.push(this)
  }

  branchMissed(items: number): void {
    this._input.intake.missed(items)
  }

  /** An item has come, the source has completed, or a branch has demand or has left. */
  run(): void {
    if (this._isHanding || this._isOver) return
    const input = this._input
    this._isHanding = true
    while (input.hasItem && !this._isOver && this.hand(input.item)) {
      input.take()
      if (input.hasItem) this.begin()
    }
    this._isHanding = false
    if (!this._isOver && input.isExhausted) for (const branch of this.branches) branch.complete()
  }

  sourceFailed(error: HeldError): void {
    this.failed(error.release())
  }

  failed(cause: unknown): void {
    if (this._isOver) return
    this._end()
    this._downstream.error(cause)
  }

  private _end(): void {
    if (this._isOver) return
    this._isOver = true
    this._subscription.unsubscribe()
  }
}
