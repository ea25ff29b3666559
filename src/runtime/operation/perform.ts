/**
 * Performing operations for callbacks: for operators, and as an observable.
 *
 * Always true: an operation that has to wait delivers its result from the run queue, never from within the `settle`
 * that granted it.
 */
import type { Operation } from './operation.js'
import type { AsyncScope } from '../base/async-scope.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'
import { PENDING, Waiter, type Pending } from './waiter.js'

export interface Observer<T> {
  next?(value: T): void
  error?(cause: unknown): void
  complete?(): void
}

export interface Unsubscribable {
  unsubscribe(): void
}

/**
 * Performs operations in turn, and reports each to methods of its subclass. A performer allocates nothing for its
 * second and later operations.
 *
 *     idle ──perform──▶ parked ──settle──▶ granted ──run──▶ idle   (`succeeded` or `failed`)
 *      ▲                  └──────stop─────────┴──────────────┘     (withdrawn, or given back)
 *
 * Always true: at most one operation is under way, and `perform` is called only while there is none.
 */
export abstract class CallbackPerformer<T> extends Waiter implements Runnable {
  /** Its callbacks run in the async context of its creation, where contexts are kept. */
  readonly scope: AsyncScope | null
  private _operation: Operation<T> | null = null
  private _isGranted = false
  /** The turn of the grant. */
  protected turn = 0

  constructor(scope: AsyncScope | null = queue.scopeHere) {
    super()
    this.scope = scope
  }

  /** The operation completed with this value. */
  protected abstract succeeded(value: T): void
  /** The operation threw. */
  protected abstract failed(cause: unknown): void

  /**
   * Performs: reports at once where the operation completes now, and from the run queue where the operation has to
   * wait.
   */
  protected start(operation: Operation<T>): void {
    let value
    try {
      value = this.perform(operation)
    } catch (cause) {
      this.failed(cause)
      return
    }
    if (value !== PENDING) this.succeeded(value)
  }

  /** Returns the result where the operation completes now, or throws; otherwise parks, and returns PENDING. */
  protected perform(operation: Operation<T>): T | Pending {
    queue.probe?.perform?.(operation)
    const value = operation.poll()
    if (value === PENDING) {
      this._operation = operation
      operation.park(this)
    }
    return value
  }

  /** The operation under way was granted, and its result has not been taken. */
  protected get isGranted(): boolean {
    return this._isGranted
  }

  settle(raw: unknown): void {
    this.raw = raw
    this._isGranted = true
    this.turn = queue.grants++
    queue.push(this)
  }

  /** For the run queue. A performer that was stopped after the grant finds nothing to report. */
  run(): void {
    if (!this._isGranted) return
    let value
    try {
      value = this.take()
    } catch (cause) {
      this.failed(cause)
      return
    }
    this.succeeded(value)
  }

  /** Makes the result of a granted operation, or throws its error. */
  protected take(): T {
    const operation = this._operation as Operation<T> // only an operation under way is granted
    this._clear()
    const value = operation.finish(this)
    this.raw = undefined
    return value
  }

  /** Gives up the operation under way, if any: withdraws the operation, or gives back its grant. Reports nothing. */
  stop(): void {
    const operation = this._operation
    if (operation === null) return
    const wasGranted = this._isGranted
    this._clear() // first: `undo` may run code that stops this performer once more
    if (wasGranted) operation.undo(this, this.turn)
    else operation.withdraw(this)
  }

  private _clear(): void {
    this._operation = null
    this._isGranted = false
  }
}

/** Performs at once. After `unsubscribe` nothing is delivered, and a grant is given back. */
export function subscribe<T>(operation: Operation<T>, to: Observer<T> | ((value: T) => void)): Unsubscribable {
  return new Subscription(operation, typeof to === 'function' ? { next: to } : to)
}

class Subscription<T> extends CallbackPerformer<T> implements Unsubscribable {
  constructor(
    operation: Operation<T>,
    private readonly _observer: Observer<T>,
  ) {
    super()
    this.start(operation)
  }

  protected succeeded(value: T): void {
    this._observer.next?.(value)
    this._observer.complete?.()
  }

  protected failed(cause: unknown): void {
    this._observer.error?.(cause)
  }

  unsubscribe(): void {
    this.stop()
  }
}
