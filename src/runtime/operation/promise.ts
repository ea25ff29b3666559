/**
 * A promise as a case. However many selects it loses, a promise gets one reaction, kept by weak reference; and as a case it counts as
 * handled, so a losing rejection is no unhandled one.
 *
 * It is watched from when it was first made a case, whether that is performed or not, and is ready one microtask later at the earliest: a
 * promise does not tell its state sooner.
 */
import { QueuedOperation } from './queued.js'
import type { Resource } from './resource.js'
import { PENDING, WaitQueue, type Pending } from './waiter.js'

interface Settled {
  readonly failed: boolean
  readonly value: unknown
}

class Watch implements Resource {
  settled: Settled | null = null
  readonly waiters = new WaitQueue()

  get kind(): string {
    return 'promise'
  }

  settle(failed: boolean, value: unknown): void {
    if (this.settled !== null) return // a thenable of the user's may call back twice
    this.settled = { failed, value }
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
    if (settled.failed) throw settled.value
    return settled.value as T // what the promise gave
  }
  override finish(): T {
    return this.poll() as T // settled by now
  }
  override resources(): readonly Resource[] {
    return [this.watch]
  }
  describe(): string {
    return 'promise'
  }
}
