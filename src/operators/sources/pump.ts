/**
 * The engine of a source that performs one operation after the other, and emits each result while there is demand.
 *
 *     queued ──run──▶ performs ──completes now──▶ emits ──▶ performs …
 *       ▲               ├──has to wait──▶ parked ──settle──▶ granted ─┐
 *       │               └──demand is closed──▶ waits for demand ──────┤
 *       └─────────────────────────────────────────────────────────────┘
 *
 * Always true:
 * - the pump is in one place: the run queue, the queue of an operation, or the queue of the demand;
 * - a result that was granted while the demand is closed is held, one item, until it opens; a subscriber that leaves
 *   gives it back;
 * - once the demand lets a pump run, it emits at least one item if there is one: two pumps that yield to each other
 *   would never emit.
 */
import type { Observable } from 'rxjs'
import { withCancel, type Context, type Op } from '../../runtime/index.js'
import { CallbackPerformer, checkOperation, PENDING, queue, type Operation } from '../../runtime/internal.js'
import { described, Downstream, publish } from '../demand/scope.js'

export abstract class Pump<R, T> extends CallbackPerformer<R> {
  private _isOver = false
  /** A granted result had to wait for demand. */
  private _wasHeld = false

  constructor(protected readonly downstream: Downstream<T>) {
    super(downstream.demand.scope)
    queue.push(this)
  }

  /** Returns the next operation; null completes. Code of the user may run here: no scope is published. */
  protected abstract nextOperation(): Operation<R> | null
  /** Emits the result, in the scope. Returns false when that was the end. */
  protected abstract emit(value: R): boolean

  override run(): void {
    const { downstream } = this
    if (this._isOver) return
    if (!downstream.isOpen) {
      this._wasHeld = this.isGranted
      return downstream.wait(this)
    }
    const before = downstream.enter()
    try {
      let hasEmitted = this.isGranted ? this._emitGranted() : this._performAndEmit()
      while (hasEmitted && this._mayContinue()) hasEmitted = this._performAndEmit()
    } catch (cause) {
      this._isOver = true
      downstream.error(cause)
    } finally {
      downstream.leave(before)
    }
  }

  override stop(): void {
    super.stop()
    this._isOver = true
  }

  private _mayContinue(): boolean {
    if (this._isOver) return false
    const { downstream } = this
    const { demand } = downstream
    if (!downstream.isOpen || demand.othersWait) downstream.wait(this)
    else if (demand.isOthersTurn) queue.push(this)
    else if (--queue.operations.left <= 0 && queue.sliceIsOver) queue.pushAfterHost(this)
    else return true
    return false
  }

  /** Returns false when the operation has to wait, or that was the end. */
  private _performAndEmit(): boolean {
    const operation = this._next()
    if (operation === null) {
      this._isOver = true
      this.downstream.complete()
      return false
    }
    const value = this.perform(operation)
    if (value === PENDING) return false
    this._deliver(value)
    return true
  }

  private _emitGranted(): boolean {
    const { demand } = this.downstream
    const mayBeNotifier = this._wasHeld && demand.claims > 1 && !demand.isComplete
    this._wasHeld = false
    this._deliver(this.take())
    if (mayBeNotifier && demand.isComplete && demand.unseen > 0) demand.owner?.saw('stop')
    return true
  }

  private _deliver(value: R): void {
    if (!this.emit(value)) this._isOver = true
  }

  private _next(): Operation<R> | null {
    const scope = publish(null)
    try {
      return this.nextOperation()
    } finally {
      publish(scope)
    }
  }

  /** `run` takes the result itself, when there is demand. */
  protected succeeded(): void {}
  protected failed(): void {}
}

/** A source that performs the operation of `make` in each round, or once. `ctx` ends when the subscriber leaves. */
export function fromRounds<R>(name: string, make: (ctx: Context) => Op<R> | null, isOnce: boolean): Observable<R> {
  return described<R>({ name, holds: 1 }, (subscriber) => {
    const downstream = new Downstream<R>(subscriber)
    const ctx = withCancel(downstream.scope.ctx)
    const pump = new RoundsPump(downstream, name, () => make(ctx), isOnce)
    return () => {
      pump.stop()
      ctx.cancel()
    }
  })
}

class RoundsPump<R> extends Pump<R, R> {
  constructor(
    downstream: Downstream<R>,
    private readonly _name: string,
    private readonly _make: () => Op<R> | null,
    private readonly _isOnce: boolean,
  ) {
    super(downstream)
  }

  protected nextOperation(): Operation<R> | null {
    const operation = this._make()
    return operation === null ? null : (checkOperation(`${this._name}(make)`, operation) as Operation<R>) // by the type of `make`
  }

  protected emit(value: R): boolean {
    this.downstream.emit(value)
    if (!this._isOnce) return true
    this.downstream.complete()
    return false
  }
}
