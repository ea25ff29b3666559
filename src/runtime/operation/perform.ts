/**
 * Performing an operation without a goroutine: for a callback, for `await`, as a promise and as an observable.
 *
 * Always true: an operation that has to wait delivers its result from the run queue, never from within the `settle` that granted it. The one
 * exception is `await` of a plain operation, which resolves a promise and so runs no user code.
 */
import type { Operation } from './operation.js'
import { uncaught } from '../base/host.js'
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

type Callback<T> = (value: T) => unknown

/**
 * Performs operations, one after the other, and reports each to methods of its subclass. Used again and again it allocates nothing.
 *
 *     idle ──perform──▶ parked ──settle──▶ granted ──run──▶ idle   (`succeeded` or `failed`)
 *      ▲                  └──────stop─────────┴──────────────┘     (withdrawn, or given back)
 *
 * Always true: at most one operation is under way, and `perform` is called only while there is none.
 */
export abstract class CallbackPerformer<T> extends Waiter implements Runnable {
  private _operation: Operation<T> | null = null
  private _isGranted = false

  /** The operation completed with this value. */
  protected abstract succeeded(value: T): void
  /** The operation threw. */
  protected abstract failed(cause: unknown): void

  /** Performs: reports at once where the operation completes now, and from the run queue where it has to wait. */
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
    if (queue.probe !== null) queue.probe.perform?.(operation)
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

  /** Makes the result of a granted operation, or throws what it throws. */
  protected take(): T {
    const operation = this._operation as Operation<T> // only an operation under way is granted
    this._clear()
    const value = operation.finish(this)
    this.raw = undefined
    return value
  }

  /** Gives up the operation under way, if there is one: withdraws it, or gives back what it was granted. Reports nothing. */
  stop(): void {
    const operation = this._operation
    if (operation === null) return
    const wasGranted = this._isGranted
    this._clear() // first: `undo` may run code that stops this performer once more
    if (wasGranted) operation.undo(this)
    else operation.withdraw(this)
  }

  private _clear(): void {
    this._operation = null
    this._isGranted = false
  }
}

/** Performs at once. After `unsubscribe` nothing is delivered, and a grant is given back. */
export function subscribe<T>(operation: Operation<T>, to: Observer<T> | Callback<T>): Unsubscribable {
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

/** The result of `then` with two functions, which makes no promise to chain on. */
const notAPromise = {
  then(): never {
    throw new TypeError(
      'then(f, r) with two functions calls back directly and makes no promise; to chain, use then(f).then(undefined, r) or async functions',
    )
  },
}

/** `await op`: polls, and calls back directly where that is safe. */
export function performAsync<T>(operation: Operation<T>, onValue: Callback<T>, onThrow: Callback<unknown>): PromiseLike<never> {
  if (queue.probe !== null) queue.probe.perform?.(operation)
  queue.cameBack()
  let value
  try {
    value = operation.poll()
  } catch (cause) {
    onThrow(cause)
    return notAPromise
  }
  if (value === PENDING) operation.park(new AsyncPerformer(operation, onValue, onThrow))
  // Two async functions over a channel would otherwise never leave the microtasks.
  else if ((--queue.operations.left <= 0 && queue.sliceIsOver) || !queue.mayResume) queue.push({ run: () => resume(onValue, value) })
  else resume(onValue, value)
  return notAPromise
}

function resume<T>(how: Callback<T>, outcome: T): void {
  queue.resumed++
  how(outcome)
}

export function performAsPromise<T>(operation: Operation<T>): Promise<T> {
  return new Promise((resolve, reject) => void performAsync(operation, resolve, reject))
}

/** An async function that waits at an `await`. */
export class AsyncPerformer<T> extends Waiter implements Runnable {
  constructor(
    private readonly operation: Operation<T>,
    private readonly onValue: Callback<T>,
    private readonly onThrow: Callback<unknown>,
  ) {
    super()
  }

  settle(raw: unknown): void {
    this.raw = raw
    // A plain operation resolves the promise here and now; that runs no user code, and saves a turn of the queue (async ping-pong: a half).
    if (this.operation.isPlain && queue.mayResume) this.run()
    else queue.push(this)
  }

  run(): void {
    try {
      let value
      try {
        value = this.operation.finish(this)
      } catch (cause) {
        resume(this.onThrow, cause)
        return
      }
      resume(this.onValue, value)
    } catch (error) {
      uncaught(error) // from a callback that is not the engine's: it must not reach the code that settled this waiter
    }
  }
}
