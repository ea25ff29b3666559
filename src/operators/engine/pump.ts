/**
 * A source that performs one operation after the other and emits what each gives, at the pace of the demand.
 *
 *     queued ──run──▶ polls ──ready──▶ emits ──▶ polls …
 *       ▲               ├──not ready──▶ parked ──settle──▶ granted ─┐
 *       │               └──demand closed──▶ waits for demand ───────┤
 *       └───────────────────────────────────────────────────────────┘
 *
 * What was granted while the demand is closed is held, one item, until it opens; a subscriber that leaves gives it back.
 */
import { PENDING, queue, Waiter, type Operation, type Runnable } from '../../runtime/internal.js'
import { lay } from '../demand/scope.js'
import type { Outlet } from '../demand/downstream.js'

export abstract class Pump<R, T> extends Waiter implements Runnable {
  private _state: 'queued' | 'parked' | 'granted' | 'over' = 'queued'
  private _operation: Operation<R> | null = null
  /** What was granted has had to wait for demand. */
  private _wasHeld = false

  constructor(protected readonly outlet: Outlet<T>) {
    super()
    queue.push(this)
  }

  /** The next operation; null completes. User code may run here: no scope is laid. */
  protected abstract nextOperation(): Operation<R> | null
  /** Emits what the operation gave, in the scope; false when that was the end. */
  protected abstract emit(value: R): boolean

  settle(raw: unknown): void {
    this.raw = raw
    this._state = 'granted'
    queue.push(this)
  }

  run(): void {
    const { outlet } = this
    const { demand } = outlet
    if (this._state === 'over') {
      demand.passOn()
      return
    }
    if (!outlet.isOpen) {
      this._wasHeld = this._state === 'granted'
      outlet.wait(this)
      demand.passOn()
      return
    }
    const before = outlet.enter()
    try {
      // It is its turn: one item at least, or two that give way to each other would never emit.
      let hasEmitted = this._state === 'granted' ? this._emitGranted() : this._pollAndEmit()
      while (hasEmitted && this._mayGoOn()) hasEmitted = this._pollAndEmit()
    } catch (cause) {
      this._finish()
      outlet.error(cause)
    } finally {
      outlet.leave(before)
    }
    if (demand.isOpen) demand.passOn()
  }

  stop(): void {
    if (this._state === 'parked') this._operation?.withdraw(this)
    else if (this._state === 'granted') this._operation?.undo(this)
    this._finish()
  }

  private _mayGoOn(): boolean {
    if (this._state === 'over') return false
    const { outlet } = this
    const { demand } = outlet
    if (!outlet.isOpen || demand.othersWait) outlet.wait(this)
    else if (demand.isOthersTurn) queue.push(this)
    else if (--queue.operations.left <= 0 && queue.sliceIsOver) queue.pushAfterHost(this)
    else return true
    return false
  }

  /** False when it has to wait, or that was the end. */
  private _pollAndEmit(): boolean {
    const operation = (this._operation = this._next())
    if (operation === null) {
      this._finish()
      this.outlet.complete()
      return false
    }
    const value = operation.poll()
    if (value === PENDING) {
      this._state = 'parked'
      operation.park(this)
      return false
    }
    this._deliver(value)
    return true
  }

  private _emitGranted(): boolean {
    const { demand } = this.outlet
    const mayBeStop = this._wasHeld && demand.claims > 1 && !demand.isComplete
    this._wasHeld = false
    this._state = 'queued'
    this._deliver((this._operation as Operation<R>).finish(this)) // granted, so there is one
    if (mayBeStop && demand.isComplete && demand.unseen > 0) demand.foreman?.stoppedLate()
    return true
  }

  private _deliver(value: R): void {
    if (this.emit(value)) return
    this._finish()
  }

  private _next(): Operation<R> | null {
    const scope = lay(null)
    try {
      return this.nextOperation()
    } finally {
      lay(scope)
    }
  }

  private _finish(): void {
    this._state = 'over'
    this._operation = null
    this.raw = undefined
  }
}
