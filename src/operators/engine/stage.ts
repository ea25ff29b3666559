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
 * - an error of the source leaves after every item that was accepted before it, as a channel with a cause is drained; where
 *   the subscriber leaves before, it is a late failure;
 * - in a stage that works on items, an error of the source or of the work ends the work: the flow drains, and the results
 *   that are ready leave before the error. Work that never ends must not hide an error;
 * - a flow whose context has ended fails with the cause; after its end nothing is taken, delivered or emitted;
 * - `finish` runs once, after the source has completed, every item was taken and every result has left.
 *
 * `Flow` is no base class of the stages, so its code meets objects of one shape: a shared base class would double the
 * cost of each item in a program with five kinds of stages.
 */
import { Subscription, type Observable, type Observer, type OperatorFunction, type Subscriber } from 'rxjs'
import { withCancel, type CancelContext } from '../../runtime/index.js'
import { causeOf, queue, Ring, type AsyncScope, type Runnable } from '../../runtime/internal.js'
import type { Demand, HeldPassages, Hold, Passable } from '../demand/demand.js'
import { type StageNotes } from '../demand/unpaced.js'
import { Intake } from '../demand/intake.js'
import { described, Downstream, type Description } from '../demand/scope.js'
import { failedAfterEnd, HeldError } from '../demand/errors.js'

export abstract class Stage<T, R> implements Passable {
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
  /** The source has failed: by default the error waits until every item has left. */
  sourceFailed(): void {}
  /** The subscriber has left, before the end of the flow. */
  leaving(): void {}
  /** All results have left. */
  finish(): void {
    this.flow.downstream.complete()
  }
  get below(): Demand {
    return this.flow.downstream.demand
  }
  /** True where everything that has arrived has left; else `then` runs when it has. Slots are freed in the order of the items. */
  passes(then: () => void, hold: Hold): boolean {
    return this.flow.passesInOrder(then, hold)
  }
}

/** The operator whose subscriptions are stages created by `make`, with this number of slots. */
export function operate<T, R>(
  notes: StageNotes,
  slots: number,
  make: (subscriber: Subscriber<R>) => Stage<T, R>,
  refused?: Description['refused'],
): OperatorFunction<T, R> {
  return (source) => {
    const policy = notes.overflow === 'keep' ? {} : { policy: notes.overflow }
    return described<R>({ name: notes.name, holds: slots, ...policy, source, notes, ...(refused && { refused }) }, (subscriber) =>
      make(subscriber).flow.connect(source),
    )
  }
}

/** The holder of a slot with several results: see `deliverOne`. */
export interface Holder {
  /** Its results that wait for demand. */
  held: number
  /** A result of it has left. */
  left(): void
}

type Result<R> = { readonly result: R; readonly frees: number; readonly holder: Holder | null }

export class Flow<T, R> implements Runnable, Observer<T> {
  readonly downstream: Downstream<R>
  readonly intake: Intake<T>
  /** For code of the user: ends with the flow. */
  readonly ctx: CancelContext
  private readonly _results = new Ring<Result<R>>()
  /** The subscription to the source. */
  private readonly _upstream = new Subscription()
  /** Nothing more is taken or delivered: the flow has ended, or drains. */
  isOver = false
  private _hasEnded = false
  /** The source has completed or failed, or the flow drains: from now on each item that leaves may be the last. */
  private _mayEnd = false
  private _isBeginning = false
  private _wasFlushed = false
  /** The error of the source, until the items before it have left. */
  private _held: HeldError | null = null
  /** An item has come that did not leave: it came after the end, or with the failure. */
  private _hasLost = false
  /** What waits until slots are free, and until results have left; null while nothing does. */
  private _freeing: HeldPassages | null = null
  private _leaving: HeldPassages | null = null

  constructor(
    private readonly _stage: Stage<T, R>,
    private readonly _subscriber: Subscriber<R>,
    notes: StageNotes,
    private readonly _slots: number,
  ) {
    this.downstream = new Downstream(_subscriber)
    this.intake = new Intake(notes, _slots, this.downstream.scope)
    this.ctx = withCancel(this.downstream.scope.ctx)
    this.intake.demand.stage = _stage
  }

  /** The passage through a stage whose slots are freed in the order of its items. */
  passesInOrder(then: () => void, hold: Hold): boolean {
    const held = this.intake.depth
    if (held > 0) this._freeing = hold(this._freeing, then, held)
    return held === 0 && !this._hasLost
  }

  /** The passage of the results that wait for demand. */
  resultsPass(then: () => void, hold: Hold): boolean {
    const held = this._results.size
    if (held > 0) this._leaving = hold(this._leaving, then, held)
    return held === 0 && !this._hasLost
  }

  /** The async context of the pipeline, where contexts are kept. */
  get asyncScope(): AsyncScope | null {
    return this.downstream.demand.scope
  }

  /** Subscribes to the source, with the demand of this stage in the scope. */
  connect(source: Observable<T>): void {
    this._subscriber.add(() => {
      if (!this._hasEnded) this._tell(() => this._stage.leaving())
      this.intake.demand.failure ??= this.downstream.demand.failure
      this._end()
    })
    this._subscriber.add(this._upstream)
    this.intake.connect(this._upstream, source, this)
  }

  /** From the source: an item has come, or it has failed, or completed. */
  next(value: T): void {
    if (this.isOver) return void (this._hasLost = true)
    const { intake } = this
    const unpaced = intake.look()
    if (unpaced !== null) this.fail(unpaced)
    else if (intake.used >= this._slots || intake.size > 0) intake.keep(value)
    else this._begin(value)
  }

  error(cause: unknown): void {
    const error = this.intake.failed(cause)
    if (this.isOver) return error.lost(this.intake.name)
    this._mayEnd = true
    this._held = error
    this._stage.sourceFailed()
    this._checkEnd()
  }

  complete(): void {
    this.intake.completed()
    this._mayEnd = true
    this._checkEnd()
  }

  private _begin(value: T): void {
    const { intake } = this
    // The stage that set the context would end the pipeline at its next turn: no work starts that has no reader.
    if (this.ctx.err()._tag === 'Some') return this.fail(causeOf(this.ctx))
    if (++intake.used >= this._slots) intake.demand.close()
    this._stage.take(value)
  }

  /** Emits a result, now or when there is demand, and then frees this number of slots. */
  deliver(result: R, frees: number): void {
    if (this.isOver) return
    if (this._results.size === 0 && this.downstream.isOpen) {
      this.downstream.next(result)
      if (frees > 0) this.free(frees)
    } else this._keep({ result, frees, holder: null })
  }

  /** Emits a result of several, now or when there is demand. The item keeps its slot while its results wait. */
  deliverOne(result: R, holder: Holder): void {
    if (this.isOver) return
    if (this._results.size === 0 && this.downstream.isOpen) return this.downstream.next(result)
    const unpaced = ++holder.held > 1 ? this.intake.saw('held') : null
    if (unpaced !== null) return this.fail(unpaced)
    this._keep({ result, frees: 0, holder })
  }

  /** Emits the only result of an item, now or when there is demand, and then calls `left`. */
  deliverWith(result: R, holder: Holder): void {
    if (this.isOver || this.downstream.isClosed) return
    if (this._results.size === 0 && this.downstream.isOpen) {
      this.downstream.next(result)
      holder.left()
    } else this._keep({ result, frees: 0, holder })
  }

  /** Frees slots: their items have left the stage. Items that wait in the intake take them. */
  free(slots: number): void {
    const { intake } = this
    queue.order?.release(this, 'end') // the end of the flow comes after it, in whatever name
    intake.used -= slots
    if (this._freeing !== null) this._freeing.left(slots, 0, this.passageFailed)
    if (this.isOver || this._isBeginning) return // work that ends at once: the loop of `_beginWaiting` continues, and no stack grows
    if (intake.size > 0) this._beginWaiting()
    else if (intake.used < this._slots) intake.demand.open()
    if (this._mayEnd) this._checkEnd()
  }

  private _beginWaiting(): void {
    const { intake } = this
    this._isBeginning = true
    while (intake.size > 0 && intake.used < this._slots && !this.isOver) this._begin(intake.take())
    this._isBeginning = false
    if (intake.used < this._slots && intake.size === 0) intake.demand.open()
  }

  readonly passageFailed = (cause: unknown): void => (this.isOver ? failedAfterEnd(cause, this.intake.name) : this.fail(cause))

  private _keep(result: Result<R>): void {
    this._results.push(result)
    this.downstream.wait(this)
  }

  /** The demand below is open again. */
  run(): void {
    const results = this._results
    while (!this._hasEnded && results.size > 0 && this.downstream.isOpen) {
      const { result, frees, holder } = results.shift() as Result<R> // its size is above 0
      this.downstream.next(result)
      if (this._leaving !== null) this._leaving.left(1, 0, this.passageFailed)
      if (frees > 0) this.free(frees)
      else if (holder !== null) holder.left() // also while it drains, or where this item was the last that was wanted
    }
    if (!this._hasEnded && results.size > 0) this.downstream.wait(this)
    if (this.isOver) this._checkEnd()
  }

  /** Ends the pipeline with this error, or with the error of the source where that came first. */
  fail(cause: unknown): void {
    if (this.isOver) return
    if (this._held === null) return this._failWith(cause, false)
    this._held.beside(cause, this.intake.name)
    this._failWith(this._held.release(), this._held.isCopy)
  }

  /** Ends the work now, and the pipeline with this error when the results that are ready have left. */
  drain(cause?: unknown): void {
    if (this.isOver) return
    this._held ??= new HeldError(cause)
    this.intake.demand.failure ??= { error: cause }
    this.isOver = this._mayEnd = true
    this._upstream.unsubscribe()
    this.intake.demand.retire()
    this._stage.stopWork()
    this.ctx.cancel()
    this._checkEnd()
  }

  private _failWith(cause: unknown, isCopy: boolean): void {
    this._hasLost = true
    this.intake.demand.failure ??= { error: cause }
    this._tell(() => this._stage.failing(cause))
    this._end()
    this.downstream.error(cause, isCopy)
  }

  /** A throw of the stage does not take the place of the end under way. */
  private _tell(f: () => void): void {
    try {
      f()
    } catch (cause) {
      failedAfterEnd(cause, this.intake.name)
    }
  }

  private _checkEnd(): void {
    if (this._hasEnded) return
    if (this.isOver) {
      if (this._held !== null && this._results.size === 0) this._failWith(this._held.release(), this._held.isCopy)
      return
    }
    if (!this._mayEnd || this.intake.size > 0) return
    if (!this._wasFlushed) {
      this._wasFlushed = true
      this._stage.flush()
    }
    if (this.isOver || this.intake.used > 0 || this._results.size > 0) return
    queue.order?.acquire(this, 'end')
    if (this._held !== null) return this._failWith(this._held.release(), this._held.isCopy)
    if (this.ctx.err()._tag === 'Some') return this.fail(causeOf(this.ctx))
    this._end()
    this._stage.finish()
  }

  private _end(): void {
    if (this._hasEnded) return
    this.isOver = this._hasEnded = true
    this._held?.lost(this.intake.name)
    this.intake.demand.retire()
    this._stage.stopWork()
    this.ctx.cancel()
  }
}
