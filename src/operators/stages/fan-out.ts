import { Observable, Subscription, type OperatorFunction, type Subscriber } from 'rxjs'
import { checkCount, checkFunction, mistyped, queue, type Runnable } from '../../runtime/internal.js'
import { Arrivals, stageNotes, type StageNotes, type StageOptions } from '../demand/intake.js'
import { Branch, type Trunk } from '../engine/branch.js'
import { described } from '../engine/description.js'
import { Outlet } from '../demand/downstream.js'
import { under } from '../demand/scope.js'
import { passedBy } from '../demand/stage-trail.js'
import { subscribeAbove, subscribeUntil } from '../demand/upstream.js'

/**
 * Each item goes to one of `n` branches, the next in turn that has demand; their results come together, as they come. Holds one item while
 * no branch has demand, and pauses the source. Completes when the source and all branches have; a branch that completes early gets no more.
 *
 * @example
 * ```ts
 * fromReceiver(jobs).pipe(fanOut(3, (branch, i) => branch.pipe(workerPool(1, (job) => connections[i].run(job)))))
 * ```
 */
export function fanOut<T, R>(
  n: number,
  branch: (branch: Observable<T>, i: number) => Observable<R>,
  options?: StageOptions,
): OperatorFunction<T, R> {
  checkCount('fanOut(n)', 1, n)
  checkFunction('fanOut(n, branch)', branch)
  const notes = stageNotes('fanOut', options)
  const builds = Array.from({ length: n }, () => branch)
  return (source) =>
    describedTrunk(new Observable((subscriber) => new FanOut(subscriber, notes, builds).connect(source)), notes, builds, source)
}

/**
 * Each item goes to every branch; the source goes at the pace of the slowest, for each branch waits for its demand. The results come together, as
 * they come. Holds one item. Completes when the source and all branches have; a branch that completes early is waited for no more. To let a
 * branch run ahead, or lose items rather than wait, put `queue(n, policy)` first in it.
 *
 * @example
 * ```ts
 * fromReceiver(events).pipe(broadcast((b) => b.pipe(workerPool(2, store)), (b) => b.pipe(batch({ size: 100 }), workerPool(1, index))))
 * ```
 */
export function broadcast<T, R extends readonly unknown[]>(
  ...branches: { [K in keyof R]: (branch: Observable<T>) => Observable<R[K]> }
): OperatorFunction<T, R[number]> {
  for (const branch of branches) checkFunction('broadcast(...branches)', branch)
  if (branches.length === 0) throw mistyped('broadcast(...branches)', 'at least one branch', undefined)
  const notes = stageNotes('broadcast', undefined)
  return (source) =>
    describedTrunk(
      new Observable((subscriber) => new Broadcast<T, R[number]>(subscriber, notes, branches).connect(source)),
      notes,
      branches,
      source,
    )
}

function describedTrunk<T, R>(
  observable: Observable<R>,
  notes: StageNotes,
  builds: readonly Build<T, R>[],
  source: Observable<T>,
): Observable<R> {
  return described(observable, { name: notes.name, holds: 1, source, branches: (root) => builds.map((build, i) => build(root, i)) })
}

type Build<T, R> = (branch: Observable<T>, i: number) => Observable<R>

/** Holds at most one item, and hands it to branches as they have demand. */
abstract class Trunks<T, R> implements Trunk, Runnable {
  protected readonly branches: Branch<T>[]
  protected item: { readonly value: T } | null = null
  private readonly _arrivals: Arrivals<T>
  private readonly _outlet: Outlet<R>
  private readonly _subscription = new Subscription()
  private _running: number
  private _isOver = false
  private _isHanding = false
  private readonly _waits = new Set<Branch<T>>()

  constructor(
    private readonly _subscriber: Subscriber<R>,
    notes: StageNotes,
    private readonly _builds: readonly Build<T, R>[],
  ) {
    this._outlet = new Outlet(_subscriber, false)
    this._arrivals = new Arrivals(notes, 1, this._outlet.scope)
    this.branches = _builds.map(() => new Branch<T>(this))
    this._running = _builds.length
  }

  /** Hands the item to who is to have it and has demand; false while somebody has to be waited for. */
  protected abstract hand(value: T): boolean
  /** A new item: nobody has had it. */
  protected abstract begin(): void

  connect(source: Observable<T>): void {
    this._subscriber.add(() => this._end())
    for (const [i, build] of this._builds.entries()) this._subscribeTo(build, i)
    if (this._isOver) return
    subscribeAbove(this._subscription, this._outlet.scope, this._arrivals, source, {
      next: (value) => this._arrive(value),
      error: (cause) => this._fail(cause),
      complete: () => this.run(),
    })
  }

  private _subscribeTo(build: Build<T, R>, i: number): void {
    let results: Observable<R>
    try {
      results = under(null, () => build(this.branches[i].observable, i))
    } catch (cause) {
      return this._fail(cause)
    }
    subscribeUntil(this._subscription, this._outlet.scope, results, {
      next: (value) => this._outlet.next(value),
      error: (cause) => this._fail(passedBy(cause, this._arrivals)),
      complete: () => {
        if (--this._running > 0 || this._isOver) return
        this._end()
        this._outlet.complete()
      },
    })
  }

  private _arrive(value: T): void {
    if (this._isOver) return
    const unpaced = this._arrivals.look()
    if (unpaced !== null) this._fail(unpaced)
    else if (this.item !== null) this._arrivals.keep(value)
    else this._take(value)
  }

  private _take(value: T): void {
    this.item = { value }
    this._arrivals.demand.close()
    this.begin()
    this.run()
  }

  changed(): void {
    if (!this._isHanding) queue.push(this)
  }

  /** Something has changed: an item has come, a branch has demand, or has left. */
  run(): void {
    if (this._isHanding || this._isOver) return
    this._waits.clear()
    this._isHanding = true
    while (this.item !== null && !this._isOver && this.hand(this.item.value)) {
      this.item = this._arrivals.size > 0 ? { value: this._arrivals.take() } : null
      if (this.item !== null) this.begin()
    }
    this._isHanding = false
    if (this._isOver || this.item !== null) return
    if (this._arrivals.demand.isComplete) for (const branch of this.branches) branch.complete()
    else this._arrivals.demand.open()
  }

  /** Comes back to `run` when the branch has demand. */
  protected waitFor(branch: Branch<T>): void {
    if (branch.outlet === null || this._waits.has(branch)) return
    this._waits.add(branch)
    branch.outlet.wait(this)
  }

  private _fail(cause: unknown): void {
    if (this._isOver) return
    this._end()
    this._outlet.error(cause)
  }

  private _end(): void {
    if (this._isOver) return
    this._isOver = true
    this._arrivals.demand.retire()
    this._subscription.unsubscribe()
  }
}

class FanOut<T, R> extends Trunks<T, R> {
  private _turn = 0

  protected begin(): void {}

  protected hand(value: T): boolean {
    const { branches } = this
    for (let i = 0; i < branches.length; i++) {
      const branch = branches[(this._turn + i) % branches.length]
      if (!branch.isOpen) continue
      this._turn = (this._turn + i + 1) % branches.length
      branch.outlet?.next(value)
      return true
    }
    for (const branch of branches) this.waitFor(branch)
    return false
  }
}

class Broadcast<T, R> extends Trunks<T, R> {
  private _given = 0

  protected begin(): void {
    this._given = 0
  }

  protected hand(value: T): boolean {
    for (; this._given < this.branches.length; this._given++) {
      const branch = this.branches[this._given]
      if (branch.outlet === null) continue // it has left, or has had enough
      if (!branch.isOpen) {
        this.waitFor(branch)
        return false
      }
      branch.outlet.next(value)
    }
    return true
  }
}
