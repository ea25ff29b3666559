/**
 * A lock for each key: work on a key waits only for other work on that key.
 *
 * Always true: a key has a mutex in the map exactly while the key is locked, so a key that is not locked costs nothing.
 */
import type { Op } from '../interfaces/op.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, type Pending, type WaitQueue } from '../operation/waiter.js'
import { attempted } from '../scheduler/attempt.js'
import { queue } from '../scheduler/run-queue.js'
import { GuardOperation } from './guard.js'
import { MutexImpl, notLocked } from './mutex.js'

/** Locks by key. Keys are compared as a Map compares them. */
export interface KeyedMutex<K> {
  /**
   * Waits for the lock of `key`, first in, first out. Results in a guard that unlocks the key when it is disposed,
   * once.
   */
  lock(key: K): Op<Disposable>
  /** Takes the lock of `key` if the lock is free; returns whether it was. */
  tryLock(key: K): boolean
  /** Hands the lock of `key` to its first waiter. Throws "sync: unlock of unlocked mutex". */
  unlock(key: K): void
}

/**
 * Makes a keyed mutex in which no key is locked.
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
  return new KeyedMutexImpl<K>()
}

class KeyedMutexImpl<K> implements KeyedMutex<K> {
  /** The mutexes of the keys that are locked. */
  readonly locked = new Map<K, MutexImpl>()

  lock(key: K): Op<Disposable> {
    return new LockKey(this, key)
  }

  tryLock(key: K): boolean {
    return this.locked.has(key) ? attempted(this) : this.add(key).tryLock()
  }

  unlock(key: K): void {
    const mutex = this.locked.get(key)
    if (mutex === undefined) throw notLocked()
    mutex.unlock()
  }

  add(key: K): MutexImpl {
    const mutex = new KeyMutex(this.locked, key)
    this.locked.set(key, mutex)
    queue.order?.entry(this.locked, key, false)
    return mutex
  }
}

/** The mutex of a key. Leaves the map when unlocked and without waiters. */
class KeyMutex<K> extends MutexImpl {
  constructor(
    private readonly locked: Map<K, MutexImpl>,
    private readonly key: K,
  ) {
    super()
  }

  override unlock(): void {
    super.unlock()
    if (this.isLocked) return
    this.locked.delete(this.key)
    queue.order?.entry(this.locked, this.key, true)
  }
}

class LockKey<K> extends GuardOperation {
  constructor(
    private readonly keyed: KeyedMutexImpl<K>,
    private readonly key: K,
  ) {
    super()
  }
  protected get waiters(): WaitQueue {
    return (this.keyed.locked.get(this.key) as MutexImpl).waiters // a waiter is parked only while the key is locked
  }
  poll(): Disposable | Pending {
    const { keyed, key } = this
    return keyed.locked.has(key) ? PENDING : keyed.add(key).hold()
  }
  /** None while the key is not locked. */
  override resources(): readonly Resource[] {
    const mutex = this.keyed.locked.get(this.key)
    return mutex === undefined ? [] : [mutex]
  }
  describe(): string {
    return 'sync.Mutex.Lock'
  }
}
