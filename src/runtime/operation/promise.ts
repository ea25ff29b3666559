/**
 * A promise as a case of a select. A promise gets a single reaction, kept by weak reference, for any number of selects.
 * The rejection of a case counts as handled, also where another case is chosen.
 *
 * The package watches a promise from the first time the promise is a case, performed or not. The case is ready a
 * microtask later at the earliest, because a promise does not show its state sooner.
 */
import { isOperation } from './operation.js'
import { QueuedOperation } from './queued.js'
import type { Resource } from './resource.js'
import { PENDING, WaitQueue, type Pending } from './waiter.js'
import { mistyped } from '../base/arguments.js'
import { isThenable } from '../base/guards.js'
import { isJob } from '../interfaces/job.js'
import type { Op } from '../interfaces/op.js'
import { queue } from '../scheduler/run-queue.js'

interface Settled {
  readonly failed: boolean
  readonly value: unknown
}

/** The only reaction to a promise, and the waiters for the promise. */
class Watch implements Resource {
  settled: Settled | null = null
  readonly waiters = new WaitQueue()

  get kind(): string {
    return 'promise'
  }

  settle(failed: boolean, value: unknown): void {
    if (this.settled !== null) return // a user's thenable may call back twice
    this.settled = { failed, value }
    queue.order?.release(this, 'end')
    this.waiters.settleAll(undefined)
  }
}

const watches = new WeakMap<PromiseLike<unknown>, Watch>()

function watch(promise: PromiseLike<unknown>): Watch {
  const known = watches.get(promise)
  if (known !== undefined) return known
  const made = new Watch()
  watches.set(promise, made)
  try {
    promise.then(
      (value) => made.settle(false, value),
      (cause: unknown) => made.settle(true, cause),
    )
  } catch (cause) {
    made.settle(true, cause) // a `then` that throws rejects, as it does for `await`
  }
  return made
}

/**
 * The wait for a promise as an operation: for `yield*` in a goroutine, for `within` and `timeout`. It results in the
 * value of the promise, or throws its rejection. The promise itself goes on when the wait is given up, because a promise
 * cannot be stopped: pass `ctx.signal` to the function that makes it. From the call on a rejection counts as handled,
 * also where nothing waits for it.
 *
 * The operation is ready one microtask later at the earliest. Throws TypeError where `promise` is no promise, and for a
 * job, which starts nothing before it is performed.
 *
 * @example
 * ```ts
 * go(function* () {
 *   const response = yield* fromPromise(fetch(url)).timeout(1000)
 *   return response.status
 * })
 * ```
 */
export function fromPromise<T>(promise: PromiseLike<T> & { readonly __job?: undefined }): Op<T> {
  if (isOperation(promise)) return promise as unknown as Op<T> // an operation of T is a promise-like of T
  if (isJob(promise)) throw mistyped('fromPromise(promise)', 'a promise; perform a job by yield*, or use go(job).join()', promise)
  if (!isThenable(promise)) throw mistyped('fromPromise(promise)', 'a promise', promise)
  return new Promised(promise)
}

export class Promised<T> extends QueuedOperation<T> {
  private readonly watch: Watch

  constructor(promise: PromiseLike<T>) {
    super()
    this.watch = watch(promise)
  }
  protected get waiters(): WaitQueue {
    return this.watch.waiters
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): T | Pending {
    const { settled } = this.watch
    if (settled === null) return PENDING
    queue.order?.acquire(this.watch, 'end')
    if (settled.failed) throw settled.value
    return settled.value as T // the promise was fulfilled with a T
  }
  override finish(): T {
    return this.poll() as T // the waiter was settled with the promise, so `poll` is not PENDING
  }
  override resources(): readonly Resource[] {
    return [this.watch]
  }
  describe(): string {
    return 'promise'
  }
}
