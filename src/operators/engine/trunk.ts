/** A stage that feeds a fixed number of branches: shared by `fanOut` and `broadcast`. */
import type { Observable, OperatorFunction, Subscriber } from 'rxjs'
import type { HeldError } from '../demand/errors.js'
import type { StageNotes } from '../demand/unpaced.js'
import { described } from '../demand/scope.js'
import { Branch } from './branch.js'
import { Branching } from './branching.js'

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

export abstract class Trunk<T, R> extends Branching<T, R> {
  protected readonly branches: Branch<T>[]
  private _running: number

  constructor(
    subscriber: Subscriber<R>,
    notes: StageNotes,
    private readonly _builds: readonly Build<T, R>[],
  ) {
    super(subscriber, notes)
    this.branches = _builds.map(() => new Branch<T>(this))
    this._running = _builds.length
  }

  connect(source: Observable<T>): void {
    for (const [i, build] of this._builds.entries()) if (!this.isOver) this._subscribeTo(build, i)
    this.connectSource(source)
  }

  private _subscribeTo(build: Build<T, R>, i: number): void {
    const branch = this.branches[i]
    let results: Observable<R>
    try {
      results = this.build(() => build(branch.observable, i))
    } catch (cause) {
      return this.failed(cause)
    }
    this.connectResults(branch, results)
  }

  protected runningBranches(): Branch<T>[] {
    return this.branches
  }

  protected endBranches(error: HeldError | null): void {
    for (const branch of this.branches) if (!this.isOver) branch.end(error)
  }

  protected branchEnded(branch: Branch<T>): void {
    branch.ended()
    if (--this._running === 0) this.finish()
  }
}
