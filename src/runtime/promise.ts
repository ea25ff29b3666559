/**
 * A promise as a case. However many selects it loses, a promise gets one reaction, kept by weak reference; and as a case it counts as
 * handled, so a losing rejection is no unhandled one.
 *
 * It is ready one microtask after it was first seen at the earliest: a promise does not tell its state sooner.
 */
import { Operation } from './op.js'
import { PENDING, WaitQueue, type Pending, type Waiter } from './waiter.js'

interface Settled {
  readonly failed: boolean
  readonly value: unknown
}

class Watch {
  settled: Settled | null = null
  readonly waiters = new WaitQueue()

  settle(failed: boolean, value: unknown): void {
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
  promise.then(
    (value) => made.settle(false, value),
    (cause: unknown) => made.settle(true, cause),
  )
  return made
}

export class Promised<T> extends Operation<T> {
  constructor(private readonly promise: PromiseLike<T>) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): T | Pending {
    const { settled } = watch(this.promise)
    if (settled === null) return PENDING
    if (settled.failed) throw settled.value
    return settled.value as T
  }
  park(waiter: Waiter): void {
    watch(this.promise).waiters.push(waiter)
  }
  withdraw(waiter: Waiter): void {
    watch(this.promise).waiters.remove(waiter)
  }
  override finish(): T {
    return this.poll() as T // settled by now
  }
  describe(): string {
    return 'promise'
  }
}
