/**
 * A lock for each key: work on one key waits for work on the same key only.
 *
 * Always true: a key has an entry exactly while it is locked, so keys that nobody locks cost nothing.
 */
import { Operation } from '../operation/operation.js'
import { queue } from '../scheduler/run-queue.js'
import type { Op } from '../interfaces/op.js'
import { PENDING, WaitQueue, type Pending, type Waiter } from '../operation/waiter.js'

/** Locks by key; keys are compared as a Map does. */
export interface KeyedMutex<K> {
  /** Waits for the lock of `key`, first in, first out. The guard unlocks it when disposed, once. */
  lock(key: K): Op<Disposable>
  tryLock(key: K): boolean
  /** Throws "sync: unlock of unlocked mutex". */
  unlock(key: K): void
}

/**
 * Makes one with nothing locked.
 *
 * @example
 * ```ts
 * const accounts = keyedMutex<string>()
 * go(function* () {
 *   using guard = yield* accounts.lock(id)
 *   yield* transfer(id)
 * })
 * ```
 */
export function keyedMutex<K>(): KeyedMutex<K> {
  return new Locks<K>()
}

class Locks<K> implements KeyedMutex<K> {
  /** Who waits for a key that is locked. */
  readonly waiting = new Map<K, WaitQueue>()

  lock(key: K): Op<Disposable> {
    return new LockKey(this, key)
  }

  tryLock(key: K): boolean {
    if (this.waiting.has(key)) return false
    this.hold(key)
    return true
  }

  unlock(key: K): void {
    const waiters = this.waiting.get(key)
    if (waiters === undefined) throw new Error('sync: unlock of unlocked mutex')
    const next = waiters.shift()
    if (next === null) this.waiting.delete(key)
    else next.settle(this._guard(key))
  }

  hold(key: K): Disposable {
    this.waiting.set(key, new WaitQueue())
    return this._guard(key)
  }

  private _guard(key: K): Guard<K> {
    if (queue.probe !== null) queue.probe.lock?.(this)
    return new Guard(this, key)
  }
}

class Guard<K> implements Disposable {
  private _isHeld = true

  constructor(
    private readonly locks: Locks<K>,
    private readonly key: K,
  ) {}

  [Symbol.dispose](): void {
    if (!this._isHeld) return
    this._isHeld = false
    this.locks.unlock(this.key)
  }
}

class LockKey<K> extends Operation<Disposable> {
  constructor(
    private readonly locks: Locks<K>,
    private readonly key: K,
  ) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): Disposable | Pending {
    return this.locks.waiting.has(this.key) ? PENDING : this.locks.hold(this.key)
  }
  park(waiter: Waiter): void {
    this.locks.waiting.get(this.key)?.push(waiter) // it is locked
  }
  withdraw(waiter: Waiter): void {
    this.locks.waiting.get(this.key)?.remove(waiter)
  }
  override undo(waiter: Waiter): void {
    ;(waiter.raw as Guard<K>)[Symbol.dispose]() // what `unlock` granted
  }
  describe(): string {
    return 'sync.Mutex.Lock'
  }
}
