/** Performing an operation without a goroutine: for `await`, as a promise, and as an observable. */
import type { Operation } from './operation.js'
import { uncaught } from '../base/host.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'
import { PENDING, Waiter } from './waiter.js'

export interface Observer<T> {
  next?(value: T): void
  error?(cause: unknown): void
  complete?(): void
}

export interface Unsubscribable {
  unsubscribe(): void
}

type Callback<T> = (value: T) => unknown

/** What `then` with two functions answers: there is no promise to chain on. */
const notAPromise = {
  then(): never {
    throw new TypeError(
      'then(f, r) with two functions calls back directly and makes no promise; to chain, use then(f).then(undefined, r) or async functions',
    )
  },
}

/** `await op`: polls, and calls back directly where that is safe. */
export function performAsync<T>(operation: Operation<T>, onValue: Callback<T>, onThrow: Callback<unknown>): PromiseLike<never> {
  queue.cameBack()
  let value
  try {
    value = operation.poll()
  } catch (cause) {
    onThrow(cause)
    return notAPromise
  }
  if (value === PENDING) operation.park(new AsyncWaiter(operation, onValue, onThrow))
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

/** An async function that waits. */
export class AsyncWaiter<T> extends Waiter implements Runnable {
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
      uncaught(error) // from a callback that is not the engine's: it must not reach the one who settled
    }
  }
}

/** Performs at once; the result is delivered where the subscriber still listens, and given back where not. */
export function subscribe<T>(operation: Operation<T>, to: Observer<T> | Callback<T>): Unsubscribable {
  const observer = typeof to === 'function' ? { next: to } : to
  let value
  try {
    value = operation.poll()
  } catch (cause) {
    observer.error?.(cause)
    return { unsubscribe() {} }
  }
  if (value === PENDING) {
    const waiter = new SubscriberWaiter(operation, observer)
    operation.park(waiter)
    return waiter
  }
  observer.next?.(value)
  observer.complete?.()
  return { unsubscribe() {} }
}

/**
 *     parked ──settle──▶ granted ──run──▶ over
 *        └──────unsubscribe─────┴────────▶ over   (withdrawn, or given back)
 */
class SubscriberWaiter extends Waiter implements Runnable, Unsubscribable {
  private _state: 'parked' | 'granted' | 'over' = 'parked'

  constructor(
    private readonly operation: Operation<unknown>,
    private readonly observer: Observer<unknown>,
  ) {
    super()
  }

  settle(raw: unknown): void {
    this.raw = raw
    this._state = 'granted'
    queue.push(this)
  }

  run(): void {
    if (this._state === 'over') return
    this._state = 'over'
    let value
    try {
      value = this.operation.finish(this)
    } catch (cause) {
      this.observer.error?.(cause)
      return
    }
    this.observer.next?.(value)
    this.observer.complete?.()
  }

  unsubscribe(): void {
    const state = this._state
    this._state = 'over' // first: what is given back may call somebody who unsubscribes this once more
    if (state === 'parked') this.operation.withdraw(this)
    if (state === 'granted') this.operation.undo(this)
  }
}
