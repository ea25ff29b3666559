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
import { PENDING, queue, Waiter, type Operation, type Runnable } from '../runtime/kernel.js'
import { lay } from './scope.js'
import type { Outlet } from './outlet.js'

export abstract class Pump<R, T> extends Waiter implements Runnable {
  #state: 'queued' | 'parked' | 'granted' | 'over' = 'queued'
  #operation: Operation<R> | null = null

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
    this.#state = 'granted'
    queue.push(this)
  }

  run(): void {
    const { outlet } = this
    const { demand } = outlet
    if (this.#state === 'over') {
      demand.passOn()
      return
    }
    if (!demand.isOpen) {
      demand.wait(this)
      return
    }
    const before = outlet.enter()
    try {
      if (this.#state === 'granted') this.#emitGranted()
      while (this.#mayGoOn() && this.#pollAndEmit());
    } catch (cause) {
      this.#finish()
      outlet.error(cause)
    } finally {
      outlet.leave(before)
    }
    if (demand.isOpen) demand.passOn()
  }

  stop(): void {
    if (this.#state === 'parked') this.#operation?.withdraw(this)
    else if (this.#state === 'granted') this.#operation?.undo(this)
    this.#finish()
  }

  #mayGoOn(): boolean {
    if (this.#state === 'over') return false
    const { demand } = this.outlet
    if (!demand.isOpen || demand.othersWait) demand.wait(this)
    else if (--queue.operations.left <= 0 && queue.sliceIsOver) queue.pushAfterHost(this)
    else return true
    return false
  }

  /** False when it has to wait, or that was the end. */
  #pollAndEmit(): boolean {
    const operation = (this.#operation = this.#next())
    if (operation === null) {
      this.#finish()
      this.outlet.complete()
      return false
    }
    const value = operation.poll()
    if (value === PENDING) {
      this.#state = 'parked'
      operation.park(this)
      return false
    }
    this.#deliver(value)
    return true
  }

  #emitGranted(): void {
    this.#state = 'queued'
    this.#deliver((this.#operation as Operation<R>).finish(this)) // granted, so there is one
  }

  #deliver(value: R): void {
    if (this.emit(value)) return
    this.#finish()
  }

  #next(): Operation<R> | null {
    const scope = lay(null)
    try {
      return this.nextOperation()
    } finally {
      lay(scope)
    }
  }

  #finish(): void {
    this.#state = 'over'
    this.#operation = null
    this.raw = undefined
  }
}
