/**
 * Performing an operation by `await`, or as a promise.
 *
 * Always true:
 * - `settle` runs no user code. A plain operation resolves the promise from within `settle`; the run queue delivers any
 *   other operation, because its `finish` may run user code.
 * - A callback of `then` never runs in the async context of the code that settles.
 *
 * `then(f, r)` calls back directly, because `await` calls `then` with two functions of the engine. Its result is
 * promise-like all the same: the promise is made only for a caller that chains, or where a callback returns a value.
 */
import type { Operation } from './operation.js'
import type { AsyncScope } from '../base/async-scope.js'
import { performs } from '../scheduler/events.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'
import { PENDING, Waiter } from './waiter.js'

type Callback<T> = (value: T) => unknown

/** `await op`: polls, and calls back directly where that is safe. Returns the callback's result, as a promise does. */
export function performAsync<T>(operation: Operation<T>, onValue: Callback<T>, onThrow: Callback<unknown>): PromiseLike<unknown> {
  if (queue.isWatched) performs(operation)
  queue.async.performs()
  let value
  try {
    value = operation.poll()
  } catch (cause) {
    return mustYield() ? new KeptThrow(operation, onValue, onThrow, cause) : outcomeOf(onThrow, cause, undefined)
  }
  if (value === PENDING) {
    const performer = new AsyncPerformer(operation, onValue, onThrow)
    operation.park(performer)
    return performer
  }
  return mustYield() ? new KeptValue(operation, onValue, onThrow, value) : resumed(onValue, value, undefined)
}

export function performAsPromise<T>(operation: Operation<T>): Promise<T> {
  return new Promise((resolve, reject) => void performAsync(operation, resolve, reject))
}

const MOST_NESTED = 64

/** Whether a callback may be called now; else the run queue calls it. */
function mayResume(): boolean {
  return queue.mayResume && queue.async.nested < MOST_NESTED
}

/** Without this check two async functions over a channel would never leave the microtasks. */
function mustYield(): boolean {
  return (--queue.operations.left <= 0 && queue.sliceIsOver) || !mayResume()
}

/** The outcome of a callback that returns nothing, as the functions of the engine do. */
const nothing = /* @__PURE__ */ Promise.resolve()

/** Resumes an async function: `callback` settles the promise that it waits for. */
function resumed<T>(callback: Callback<T>, value: T, performer: unknown): Promise<unknown> {
  queue.async.count++
  return outcomeOf(callback, value, performer)
}

/** Calls back; a throw and a result of the callback go to the code that chains. `own` is the promise of that result. */
function outcomeOf<T>(callback: Callback<T>, value: T, own: unknown): Promise<unknown> {
  let result
  queue.async.nested++
  try {
    result = callback(value)
  } catch (error) {
    return Promise.reject(error) // as it was thrown
  } finally {
    queue.async.nested--
  }
  if (result === undefined) return nothing
  return result === own ? Promise.reject(new TypeError('Chaining cycle detected for promise')) : Promise.resolve(result)
}

/** An async function that waits at an `await`; for a caller of `then` also the promise of its callback's result. */
export class AsyncPerformer<T> extends Waiter implements Runnable {
  readonly scope: AsyncScope | null = queue.scopeHere

  constructor(
    /** Null once it has run: then `raw` is the outcome. */
    private operation: Operation<T> | null,
    private onValue: Callback<T>,
    private onThrow: Callback<unknown>,
  ) {
    super()
    if (queue.isWatched) queue.order?.parks(this)
  }

  settle(raw: unknown): void {
    this.raw = raw
    if (queue.isWatched) queue.order?.wake(this)
    // A plain operation resolves the promise here and now; that runs no user code, and saves a turn of the queue (async
    // ping-pong: a half).
    if ((this.operation as Operation<T>).isPlain && mayResume())
      this._runInScope() // it has not run
    else queue.push(this)
  }

  private _runInScope(): void {
    const scope = this.scope ?? queue.neutral
    if (scope === null) this.run()
    else scope.runInAsyncScope(() => this.run())
  }

  run(): void {
    if (queue.isWatched) this._runWatched()
    else this._resume()
  }

  private _runWatched(): void {
    if (queue.order === null) this._resume()
    else queue.order.within(this, () => this._resume())
  }

  private _resume(): void {
    let value
    try {
      value = this.take(this.operation as Operation<T>) // it has not run
    } catch (cause) {
      this._ends(resumed(this.onThrow, cause, this))
      return
    }
    this._ends(resumed(this.onValue, value, this))
  }

  protected take(operation: Operation<T>): T {
    return operation.finish(this)
  }

  private _ends(outcome: Promise<unknown>): void {
    this.operation = null
    this.raw = outcome
  }

  then<A, B>(
    onValue?: ((value: unknown) => A | PromiseLike<A>) | null,
    onThrow?: ((cause: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this._promise().then(onValue, onThrow)
  }

  catch<B>(onThrow?: ((cause: unknown) => B | PromiseLike<B>) | null): Promise<unknown> {
    return this._promise().catch(onThrow)
  }

  finally(onEnd?: (() => void) | null): Promise<unknown> {
    return this._promise().finally(onEnd)
  }

  private _promise(): Promise<unknown> {
    if (this.operation === null) return this.raw as Promise<unknown> // it has run
    return new Promise((resolve) => {
      const { onValue, onThrow } = this
      this.onValue = (value) => resolvedWith(outcomeOf(onValue, value, this), resolve)
      this.onThrow = (cause) => resolvedWith(outcomeOf(onThrow, cause, this), resolve)
    })
  }
}

/** Passes the outcome on to the code that chained, and to code that chains later. */
function resolvedWith(outcome: Promise<unknown>, resolve: (outcome: unknown) => void): Promise<unknown> {
  resolve(outcome)
  return outcome
}

/** An operation that completed when its slice was over: the async function resumes from the run queue. */
class KeptValue<T> extends AsyncPerformer<T> {
  constructor(operation: Operation<T>, onValue: Callback<T>, onThrow: Callback<unknown>, value: unknown) {
    super(operation, onValue, onThrow)
    this.raw = value
    queue.push(this)
  }

  protected override take(): T {
    return this.raw as T // set by the constructor
  }
}

/** The same for an operation that threw. */
class KeptThrow<T> extends KeptValue<T> {
  protected override take(): never {
    throw this.raw // as the operation threw it
  }
}
