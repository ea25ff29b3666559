/**
 * A stage that hands its items to branches: shared by `fanOut`, `broadcast` and `groupByKey`. It holds one item, and
 * hands it over as branches have demand; the results of all branches leave together.
 *
 *     above ──▶ [ item ] ──hand──▶ branches ──▶ the pipelines of the user ──results──▶ below
 *                   └──exhausted: each branch completes, or fails with the error of the source──▶ the end
 *
 * Always true:
 * - no branch receives an item while another item is being handed over;
 * - an error of the source follows the items: it reaches each branch once, after the last item, and leaves when the
 *   pipelines of all branches have ended, so it overtakes no item that a branch has accepted;
 * - an error of a branch, of `build` or of `key` ends the stage at once; where the source has failed before, with the
 *   error of the source.
 */
import { isObservable, Subscription, type Observable, type Subscriber } from 'rxjs'
import { mistyped, queue, type AsyncScope, type Runnable } from '../../runtime/internal.js'
import { passedBy, type HeldError } from '../demand/errors.js'
import type { Demand, Hold, Passable } from '../demand/demand.js'
import type { StageNotes } from '../demand/unpaced.js'
import { Downstream, under, type Scope } from '../demand/scope.js'
import { subscribeUntil } from '../demand/intake.js'
import type { Branch, BranchOwner } from './branch.js'
import { OneItemInput, type InputOwner } from './inputs.js'

export abstract class Branching<T, R> implements BranchOwner, InputOwner<T>, Passable, Runnable {
  protected readonly input: OneItemInput<T>
  protected readonly downstream: Downstream<R>
  protected isOver = false
  /** The subscriptions to the source and to the results. */
  private readonly _upstream = new Subscription()
  /** Results leave at once: the stage has no place for them. */
  private readonly _scopeOfResults: Scope
  private _isHanding = false
  private _isExhausted = false

  constructor(
    private readonly _subscriber: Subscriber<R>,
    notes: StageNotes,
  ) {
    this.downstream = new Downstream(_subscriber, false)
    const { scope } = this.downstream
    this._scopeOfResults = { ...scope, nested: scope.nested + 1 }
    this.input = new OneItemInput(notes, this.downstream.scope, this)
    this.input.intake.demand.stage = this
  }

  /** A new item is in the input. */
  protected abstract begin(): void
  /** Hands the item to branches that have demand. Returns false while it has to wait for another. */
  protected abstract hand(value: T): boolean
  /** The branches whose pipeline has not ended. */
  protected abstract runningBranches(): Iterable<Branch<T>>
  /** No item will come: every branch that takes items ends, with the error of the source if it has failed. */
  protected abstract endBranches(error: HeldError | null): void
  /** The pipeline of a branch has ended. */
  protected abstract branchEnded(branch: Branch<T>): void

  protected connectSource(source: Observable<T>): void {
    this._subscriber.add(() => this.end())
    if (!this.isOver) this.input.connect(this._upstream, source)
  }

  /**
   * Calls the function of the user that builds the pipeline of a branch. Throws TypeError for a result that is no
   * observable, and RangeError where branches are nested too deep.
   */
  protected build(make: () => Observable<R>): Observable<R> {
    checkNested(this._scopeOfResults.nested)
    const results = under(null, make)
    if (!isObservable(results))
      throw mistyped(`${this.input.intake.name}: the result of the function of a branch`, 'an Observable', results)
    return results
  }

  protected connectResults(branch: Branch<T>, results: Observable<R>): void {
    subscribeUntil(this._upstream, this._scopeOfResults, results, {
      next: (value) => this.downstream.next(value),
      error: (cause) => {
        const { held, intake } = this.input
        if (!this._isExhausted || held === null) return this.failed(passedBy(cause, intake))
        if (!this.downstream.demand.failsWithCopy) held.beside(cause, intake.name) // else an operator made it of the error of the source
        this.branchEnded(branch)
      },
      complete: () => {
        this._passagesEnd(branch)
        this.branchEnded(branch)
      },
    })
  }

  get scope(): AsyncScope | null {
    return this.downstream.demand.scope
  }

  get below(): Demand {
    return this.downstream.demand
  }

  /** First the item is handed over, and then what the branches hold passes. */
  passes(then: () => void, hold: Hold): boolean {
    return this.input.passes(() => this._branchesPass(then) && then(), hold) && this._branchesPass(then)
  }

  private _branchesPass(then: () => void): boolean {
    const branches = [...this.runningBranches()]
    let waiting = branches.length
    const passed = (): void => void (--waiting === 0 && then())
    for (const branch of branches) if (branch.passes(this.below, passed)) waiting--
    return waiting === 0
  }

  private _passagesEnd(branch: Branch<T>): void {
    try {
      branch.completed()
    } catch (cause) {
      this.failed(cause)
    }
  }

  arrived(): void {
    if (this.isOver) return
    this.begin()
    this.run()
  }

  completed(): void {
    this.run()
  }

  sourceFailed(error: HeldError): void {
    if (this.isOver) error.lost(this.input.intake.name)
    else this.run()
  }

  branchChanged(): void {
    if (!this._isHanding && !this.isOver) queue.push(this)
  }

  branchMissed(items: number): void {
    this.input.intake.saw('missed', items)
  }

  /** An item has come, the source has ended, or a branch has demand or has ended. */
  run(): void {
    if (this._isHanding || this.isOver) return
    const { input } = this
    this._isHanding = true
    while (input.hasItem && !this.isOver && this.hand(input.item)) {
      input.take()
      input.passed()
      if (input.hasItem && !this.isOver) this.begin()
    }
    this._isHanding = false
    if (this.isOver || this._isExhausted || !input.isExhausted) return
    this._isExhausted = true
    this.endBranches(input.held)
  }

  /** The pipelines of all branches have ended. */
  protected finish(): void {
    if (this.isOver) return
    if (this.input.held !== null) return this._failWith(this.input.held)
    this.end()
    this.downstream.complete()
  }

  failed(cause: unknown): void {
    if (this.isOver) return
    const { held, intake } = this.input
    if (held === null) {
      this.end()
      return this.downstream.error(cause)
    }
    held.beside(cause, intake.name)
    this._failWith(held)
  }

  private _failWith(held: HeldError): void {
    const cause = held.release()
    this.end()
    this.downstream.error(cause, held.isCopy)
  }

  protected end(): void {
    this.isOver = true
    this._upstream.unsubscribe()
    this.input.held?.lost(this.input.intake.name)
  }
}

/** Branches within one another through which a result fits on the stack. */
const MOST_NESTED = 800

/** Throws RangeError for branches within one another through which a result does not fit on the stack. */
function checkNested(branches: number): void {
  if (branches > MOST_NESTED)
    throw new RangeError(
      `millrace: more than ${MOST_NESTED} branches within one another do not fit on the stack; put a stage that holds items, such as queue(1), at the end of a branch between them`,
    )
}
