/**
 * Performing an operation by `await`, or as a promise.
 *
 * Always true: `settle` runs no user code. A plain operation resolves the promise from within `settle`; the run queue
 * delivers any other operation, because its `finish` may run user code.
 */
import type { Operation } from './operation.js'
import { uncaught } from '../base/host.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'
import { PENDING, Waiter } from './waiter.js'

type Callback<T> = (value: T) => unknown

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
  queue.async.performs()
  let value
  try {
    value = operation.poll()
  } catch (cause) {
    onThrow(cause)
    return notAPromise
  }
  if (value === PENDING) operation.park(new AsyncPerformer(operation, onValue, onThrow))
  // Without this check two async functions over a channel would never leave the microtasks.
  else if ((--queue.operations.left <= 0 && queue.sliceIsOver) || !queue.mayResume)
    queue.push({ run: () => queue.async.resume(onValue, value) })
  else queue.async.resume(onValue, value)
  return notAPromise
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
    // A plain operation resolves the promise here and now; that runs no user code, and saves a turn of the queue (async
    // ping-pong: a half).
    if (this.operation.isPlain && queue.mayResume) this.run()
    else queue.push(this)
  }

  run(): void {
    try {
      let value
      try {
        value = this.operation.finish(this)
      } catch (cause) {
        queue.async.resume(this.onThrow, cause)
        return
      }
      queue.async.resume(this.onValue, value)
    } catch (error) {
      uncaught(error) // from a callback that is not the engine's: it must not reach the code that settled this waiter
    }
  }
}
