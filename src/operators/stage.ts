/**
 * What all stages have in common: items arrive from above under a scope of the stage's own, results leave below at the pace of the demand
 * there.
 *
 *     above ──next──▶ [ waiting ] ──take──▶ the stage's work ──▶ [ results ] ──▶ below
 *        ◀─ demand: open while there is room and nothing waits ─┘        └─ demand of the stage below
 *
 * Always true: an item has a place from `take` until its result has left, so places bound all that a stage holds.
 */
import { Observable, type OperatorFunction, type Subscriber } from 'rxjs'
import { withCancel, type CancelContext } from '../runtime/index.js'
import { Ring, type Runnable } from '../runtime/kernel.js'
import { Arrivals, type StageNotes } from './arrivals.js'
import { Outlet } from './outlet.js'
import { under } from './scope.js'

export abstract class Stage<T, R> implements Runnable {
  protected readonly outlet: Outlet<R>
  protected readonly arrivals: Arrivals<T>
  /** For user code: ends when the subscriber leaves. */
  protected readonly ctx: CancelContext
  private readonly _results = new Ring<R>()
  private readonly _places: number
  private _used = 0
  private _sourceIsDone = false
  private _isOver = false
  private _waitsBelow = false
  /** Places to free once the results that wait below have left. */
  private _toFree = 0
  private _isBeginning = false

  constructor(subscriber: Subscriber<R>, notes: StageNotes, places: number) {
    this.outlet = new Outlet(subscriber)
    this.arrivals = new Arrivals(notes, places)
    this.ctx = withCancel(this.outlet.scope.ctx)
    this._places = places
  }

  /** Begins the work on an item; ends in `deliver` any number of times and then `free`, or in `fail`. */
  protected abstract take(value: T): void
  /** What is under way is to stop. */
  protected abstract stopWork(): void
  /** The source has completed, and all items have left: the last words of the stage. */
  protected finish(): void {
    this.outlet.complete()
  }

  protected get isOver(): boolean {
    return this._isOver
  }

  /** Subscribes to the source, with the stage's demand in the scope. */
  connect(source: Observable<T>): () => void {
    const subscription = under({ demand: this.arrivals.demand, ctx: this.outlet.scope.ctx }, () =>
      source.subscribe({
        next: (value) => this.arrive(value),
        error: (cause) => this.fail(cause),
        complete: () => {
          this._sourceIsDone = true
          this._checkEnd()
        },
      }),
    )
    if (this._isOver) subscription.unsubscribe()
    return () => {
      this._end()
      subscription.unsubscribe()
    }
  }

  protected arrive(value: T): void {
    if (this._isOver) return
    const { arrivals } = this
    const unpaced = arrivals.look()
    if (unpaced !== null) this.fail(unpaced)
    else if (this._used >= this._places || arrivals.size > 0) arrivals.keep(value)
    else this._begin(value)
  }

  private _begin(value: T): void {
    this._used++
    if (this._used >= this._places) this.arrivals.demand.close()
    this.take(value)
  }

  /** One result of an item that keeps its place. */
  protected deliver(result: R): void {
    if (this._isOver) return
    if (this._results.size === 0 && this.outlet.demand.isOpen) this.outlet.next(result)
    else {
      this._results.push(result)
      this._waitBelow()
    }
  }

  /** The last result of an item, or the only one; its place is free once that has left. */
  protected deliverLast(result: R): void {
    this.deliver(result)
    if (this._results.size === 0) this.free()
    else this._toFree++
  }

  /** An item has left the stage. */
  protected free(): void {
    if (this._isOver) return
    this._used--
    if (this._isBeginning) return // work that ends at once: the loop below goes on, and no stack grows
    this._isBeginning = true
    while (this.arrivals.size > 0 && this._used < this._places && !this._isOver) this._begin(this.arrivals.take())
    this._isBeginning = false
    if (this._used < this._places && this.arrivals.size === 0) this.arrivals.demand.open()
    this._checkEnd()
  }

  private _waitBelow(): void {
    if (this._waitsBelow) return
    this._waitsBelow = true
    this.outlet.demand.wait(this)
  }

  /** The demand below is open again. */
  run(): void {
    this._waitsBelow = false
    const { demand } = this.outlet
    const results = this._results
    while (!this._isOver && results.size > 0 && demand.isOpen) {
      this.outlet.next(results.shift() as R) // its size says that there is one
      if (this._toFree > results.size) {
        this._toFree--
        this.free()
      }
    }
    if (!this._isOver && results.size > 0) this._waitBelow()
    else demand.passOn()
  }

  protected fail(cause: unknown): void {
    if (this._isOver) return
    this._end()
    this.outlet.error(cause)
  }

  private _checkEnd(): void {
    if (!this._sourceIsDone || this._isOver || this._used > 0 || this.arrivals.size > 0 || this._results.size > 0) return
    this._end()
    this.finish()
  }

  private _end(): void {
    if (this._isOver) return
    this._isOver = true
    this.arrivals.demand.retire()
    this.stopWork()
    this.ctx.cancel()
  }
}

/** The operator whose subscriptions are stages made by `make`. */
export function operate<T, R>(make: (subscriber: Subscriber<R>) => Stage<T, R>): OperatorFunction<T, R> {
  return (source) => new Observable((subscriber) => make(subscriber).connect(source))
}
