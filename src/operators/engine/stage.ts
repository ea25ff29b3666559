/**
 * A stage: what it does with an item (`Stage`, a class for each operator), and the flow of items through it (`Flow`,
 * the same for all).
 *
 *     above ──next──▶ [ intake ] ──take──▶ the work of the stage ──deliver──▶ [ results ] ──▶ below
 *        ◀── demand: open while a slot is free and nothing waits ──┘              └── demand of the stage below
 *
 * Always true:
 * - an item has a slot from `take` until its result has left, so the slots bound everything that a stage holds;
 * - the demand is closed while all slots are in use or items wait in the intake;
 * - results leave in the order of `deliver`, and only while the demand below is open;
 * - after the end of the flow nothing is taken, delivered or emitted;
 * - `finish` runs once, after the source has completed, every item was taken and every result has left.
 *
 * `Flow` is a class of its own and not the base class of the stages: so its code always meets objects of one shape. In
 * a program with five kinds of stages, a shared base class would double the cost of every item of all of them.
 */
import type { Observable, OperatorFunction, Subscriber } from 'rxjs'
import { withCancel, type CancelContext } from '../../runtime/index.js'
import { Ring, type Runnable } from '../../runtime/internal.js'
import { Intake, type StageNotes } from '../demand/intake.js'
import { described, Downstream } from '../demand/scope.js'

export abstract class Stage<T, R> {
  readonly flow: Flow<T, R>

  constructor(subscriber: Subscriber<R>, notes: StageNotes, slots: number) {
    this.flow = new Flow<T, R>(this, subscriber, notes, slots)
  }

  /** Begins the work on an item. The work ends with `flow.deliver`, `flow.free` or `flow.fail`. */
  abstract take(value: T): void
  /** Stops the work that is under way: the flow has ended. */
  abstract stopWork(): void
  /** The source has completed and every item was taken: a stage that collects items delivers the rest. */
  flush(): void {}
  /** The pipeline is about to fail here. */
  failing(_cause: unknown): void {}
  /** All results have left. */
  finish(): void {
    this.flow.downstream.complete()
  }
}

/** The operator whose subscriptions are stages created by `make`, with this number of slots. */
export function operate<T, R>(notes: StageNotes, slots: number, make: (subscriber: Subscriber<R>) => Stage<T, R>): OperatorFunction<T, R> {
  return (source) => {
    const policy = notes.overflow === 'keep' ? {} : { policy: notes.overflow }
    return described<R>({ name: notes.name, holds: slots, ...policy, source }, (subscriber) => make(subscriber).flow.connect(source))
  }
}

/** The holder of a slot with several results: see `deliverOne`. */
export interface Holder {
  /** Its results that wait for demand. */
  held: number
  /** A result of it has left. */
  left(): void
}

interface Result<R> {
  readonly result: R
  readonly frees: number
  readonly holder: Holder | null
}

export class Flow<T, R> implements Runnable {
  readonly downstream: Downstream<R>
  readonly intake: Intake<T>
  /** For code of the user: ends with the flow. */
  readonly ctx: CancelContext
  private readonly _results = new Ring<Result<R>>()
  private _isOver = false
  private _waitsBelow = false
  private _isBeginning = false
  private _wasFlushed = false

  constructor(
    private readonly _stage: Stage<T, R>,
    private readonly _subscriber: Subscriber<R>,
    notes: StageNotes,
    private readonly _slots: number,
  ) {
    this.downstream = new Downstream(_subscriber)
    this.intake = new Intake(notes, _slots, this.downstream.scope)
    this.ctx = withCancel(this.downstream.scope.ctx)
  }

  get isOver(): boolean {
    return this._isOver
  }

  /** Subscribes to the source, with the demand of this stage in the scope. */
  connect(source: Observable<T>): void {
    this._subscriber.add(() => this._end())
    this.intake.connect(this._subscriber, source, {
      next: (value) => this._arrive(value),
      error: (cause) => this.fail(cause),
      complete: () => this._checkEnd(),
    })
  }

  private _arrive(value: T): void {
    if (this._isOver) return
    const { intake } = this
    const unpaced = intake.look()
    if (unpaced !== null) this.fail(unpaced)
    else if (intake.used >= this._slots || intake.size > 0) intake.keep(value)
    else this._begin(value)
  }

  private _begin(value: T): void {
    const { intake } = this
    // The stage that set the context ends the pipeline at its next turn; until then no work starts that has no reader.
    if (this.ctx.err()._tag === 'Some') return
    if (++intake.used >= this._slots) intake.demand.close()
    this._stage.take(value)
  }

  /** Emits a result, now or when there is demand, and then frees this number of slots. */
  deliver(result: R, frees: number): void {
    if (this._isOver) return
    if (this._results.size === 0 && this.downstream.isOpen) {
      this.downstream.next(result)
      if (frees > 0) this.free(frees)
    } else {
      this._results.push({ result, frees, holder: null })
      this._waitBelow()
    }
  }

  /** Emits a result of several, now or when there is demand. The item keeps its slot while its results wait. */
  deliverOne(result: R, holder: Holder): void {
    if (this._isOver) return
    if (this._results.size === 0 && this.downstream.isOpen) return this.downstream.next(result)
    const unpaced = ++holder.held > 1 ? this.intake.lookAtHeld() : null
    if (unpaced !== null) return this.fail(unpaced)
    this._results.push({ result, frees: 0, holder })
    this._waitBelow()
  }

  /** Frees slots: their items have left the stage. Items that wait in the intake take them. */
  free(slots: number): void {
    if (this._isOver) return
    const { intake } = this
    intake.used -= slots
    if (this._isBeginning) return // work that ends at once: the loop below continues, and no stack grows
    this._isBeginning = true
    while (intake.size > 0 && intake.used < this._slots && !this._isOver) this._begin(intake.take())
    this._isBeginning = false
    if (intake.used < this._slots && intake.size === 0) intake.demand.open()
    this._checkEnd()
  }

  private _waitBelow(): void {
    if (this._waitsBelow) return
    this._waitsBelow = true
    this.downstream.wait(this)
  }

  /** The demand below is open again. */
  run(): void {
    this._waitsBelow = false
    const results = this._results
    while (!this._isOver && results.size > 0 && this.downstream.isOpen) {
      const { result, frees, holder } = results.shift() as Result<R> // its size is above 0
      this.downstream.next(result)
      if (frees > 0) this.free(frees)
      else if (holder !== null && !this._isOver) holder.left()
    }
    if (!this._isOver && results.size > 0) this._waitBelow()
  }

  /** Ends the pipeline with this error. */
  fail(cause: unknown): void {
    if (this._isOver) return
    this._stage.failing(cause)
    this._end()
    this.downstream.error(cause)
  }

  private _checkEnd(): void {
    if (!this.intake.demand.isComplete || this._isOver || this.intake.size > 0) return
    if (!this._wasFlushed) {
      this._wasFlushed = true
      this._stage.flush()
    }
    if (this._isOver || this.intake.used > 0 || this._results.size > 0) return
    this._end()
    this._stage.finish()
  }

  private _end(): void {
    if (this._isOver) return
    this._isOver = true
    this.intake.demand.retire()
    this._stage.stopWork()
    this.ctx.cancel()
  }
}
