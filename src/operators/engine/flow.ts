/**
 * What passes through a stage, and its places. It is a class of its own, and no base class of the stages, so that its code meets objects of one
 * shape: in a program with five kinds of stages a shared base class would cost every item of all of them twice as much.
 *
 *     above ──next──▶ [ waiting ] ──take──▶ the stage's work ──▶ [ results ] ──▶ below
 *        ◀─ demand: open while there is room and nothing waits ─┘        └─ demand of the stage below
 *
 * Always true: an item has a place from `take` until its result has left, so places bound all that a stage holds.
 */
import type { Observable, Subscriber } from 'rxjs'
import { withCancel, type CancelContext } from '../../runtime/index.js'
import { Ring, type Runnable } from '../../runtime/internal.js'
import { Arrivals, type StageNotes } from '../demand/intake.js'
import { Outlet } from '../demand/downstream.js'
import { subscribeAbove } from '../demand/upstream.js'

/** The stage itself. */
export interface StageWork<T> {
  /** Begins the work on an item; ends with its place freed, by `deliver` or by `free`, or in `fail`. */
  take(value: T): void
  /** What is under way is to stop. */
  stopWork(): void
  /** The source has completed and every item was taken: what was held for more to come goes now. */
  flush(): void
  /** All items have left: the last words of the stage. */
  finish(): void
  /** The pipeline is about to fail here. */
  failing(cause: unknown): void
}

interface Result<R> {
  readonly result: R
  readonly frees: number
}

export class Flow<T, R> implements Runnable {
  readonly outlet: Outlet<R>
  readonly arrivals: Arrivals<T>
  /** For user code: ends when the subscriber leaves. */
  readonly ctx: CancelContext
  private readonly _results = new Ring<Result<R>>()
  private readonly _places: number
  private _isOver = false
  private _waitsBelow = false
  private _isBeginning = false
  private _wasFlushed = false

  constructor(
    private readonly _stage: StageWork<T>,
    private readonly _subscriber: Subscriber<R>,
    notes: StageNotes,
    places: number,
  ) {
    this.outlet = new Outlet(_subscriber)
    this.arrivals = new Arrivals(notes, places, this.outlet.scope)
    this.ctx = withCancel(this.outlet.scope.ctx)
    this._places = places
  }

  get isOver(): boolean {
    return this._isOver
  }

  /** Subscribes to the source, with the stage's demand in the scope. */
  connect(source: Observable<T>): void {
    this._subscriber.add(() => this._end())
    subscribeAbove(this._subscriber, this.outlet.scope, this.arrivals, source, {
      next: (value) => this._arrive(value),
      error: (cause) => this.fail(cause),
      complete: () => this._checkEnd(),
    })
  }

  private _arrive(value: T): void {
    if (this._isOver) return
    const { arrivals } = this
    const unpaced = arrivals.look()
    if (unpaced !== null) this.fail(unpaced)
    else if (arrivals.used >= this._places || arrivals.size > 0) arrivals.keep(value)
    else this._begin(value)
  }

  private _begin(value: T): void {
    const { arrivals } = this
    // Who laid the context ends the pipeline at its next turn; until then no work starts that nobody waits for.
    if (this.ctx.err()._tag === 'Some') return
    if (++arrivals.used >= this._places) arrivals.demand.close()
    this._stage.take(value)
  }

  /** A result; once it has left, so many places are free. */
  deliver(result: R, frees: number): void {
    if (this._isOver) return
    if (this._results.size === 0 && this.outlet.isOpen) {
      this.outlet.next(result)
      if (frees > 0) this.free(frees)
    } else {
      this._results.push({ result, frees })
      this._waitBelow()
    }
  }

  /** Items have left the stage. */
  free(places: number): void {
    if (this._isOver) return
    const { arrivals } = this
    arrivals.used -= places
    if (this._isBeginning) return // work that ends at once: the loop below goes on, and no stack grows
    this._isBeginning = true
    while (arrivals.size > 0 && arrivals.used < this._places && !this._isOver) this._begin(arrivals.take())
    this._isBeginning = false
    if (arrivals.used < this._places && arrivals.size === 0) arrivals.demand.open()
    this._checkEnd()
  }

  private _waitBelow(): void {
    if (this._waitsBelow) return
    this._waitsBelow = true
    this.outlet.wait(this)
  }

  /** The demand below is open again. */
  run(): void {
    this._waitsBelow = false
    const { demand } = this.outlet
    const results = this._results
    while (!this._isOver && results.size > 0 && this.outlet.isOpen) {
      const { result, frees } = results.shift() as Result<R> // its size says that there is one
      this.outlet.next(result)
      if (frees > 0) this.free(frees)
    }
    if (!this._isOver && results.size > 0) this._waitBelow()
    demand.passOn()
  }

  fail(cause: unknown): void {
    if (this._isOver) return
    this._stage.failing(cause)
    this._end()
    this.outlet.error(cause)
  }

  private _checkEnd(): void {
    if (!this.arrivals.demand.isComplete || this._isOver || this.arrivals.size > 0) return
    if (!this._wasFlushed) {
      this._wasFlushed = true
      this._stage.flush()
    }
    if (this._isOver || this.arrivals.used > 0 || this._results.size > 0) return
    this._end()
    this._stage.finish()
  }

  private _end(): void {
    if (this._isOver) return
    this._isOver = true
    this.arrivals.demand.retire()
    this._stage.stopWork()
    this.ctx.cancel()
  }
}
