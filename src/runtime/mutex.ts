/**
 * Mutual exclusion: Go's `sync.Mutex`.
 *
 * Always true: while someone waits there is a holder; `unlock` makes the first who waits the next holder, so nobody overtakes.
 *
 * Where we differ from Go: first in, first out always (Go lets a newcomer overtake for up to 1 ms); a wrong `unlock` throws and leaves the
 * mutex usable; and the lock is a guard, which unlocks only what it stands for.
 */
import { Operation } from './op.js'
import { queue } from './run-queue.js'
import type { Op } from './types.js'
import { PENDING, WaitQueue, type Pending, type Waiter } from './waiter.js'

/** A lock for one at a time. It belongs to nobody: another goroutine may unlock it. */
export interface Mutex {
  /**
   * Waits for the lock, first in, first out. The guard unlocks when disposed, once; and not at all where `unlock` was called before.
   *
   * As a case that is not chosen, or given up by a context, it leaves the queue and holds nothing.
   */
  lock(): Op<Disposable>
  /** Takes the lock if it is free; answers whether it did. */
  tryLock(): boolean
  /** Hands the lock to the first who waits. Throws "sync: unlock of unlocked mutex". */
  unlock(): void
}

/**
 * Makes an unlocked mutex. Source: Go's `sync.Mutex`.
 *
 * @example
 * ```ts
 * const mu = mutex()
 * go(function* () {
 *   using guard = yield* mu.lock()
 *   balance += yield* deposit()
 * })
 * ```
 */
export function mutex(): Mutex {
  return new Lockable()
}

class Lockable implements Mutex {
  holder: Guard | null = null
  readonly waiters = new WaitQueue()
  private readonly _lock = new Lock(this)

  lock(): Op<Disposable> {
    return this._lock
  }

  tryLock(): boolean {
    if (this.holder !== null) return false
    this.hold()
    return true
  }

  unlock(): void {
    if (this.holder === null) throw new Error('sync: unlock of unlocked mutex')
    const next = this.waiters.shift()
    if (next === null) this.holder = null
    else next.settle(this.hold())
  }

  hold(): Guard {
    if (queue.probe !== null) queue.probe.lock?.(this)
    return (this.holder = new Guard(this))
  }
}

class Guard implements Disposable {
  constructor(private readonly mutex: Lockable) {}

  [Symbol.dispose](): void {
    if (this.mutex.holder === this) this.mutex.unlock()
  }
}

class Lock extends Operation<Disposable> {
  constructor(private readonly mutex: Lockable) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): Disposable | Pending {
    return this.mutex.holder === null ? this.mutex.hold() : PENDING
  }
  park(waiter: Waiter): void {
    this.mutex.waiters.push(waiter)
  }
  withdraw(waiter: Waiter): void {
    this.mutex.waiters.remove(waiter)
  }
  override undo(waiter: Waiter): void {
    ;(waiter.raw as Guard)[Symbol.dispose]() // what `unlock` granted
  }
  describe(): string {
    return 'sync.Mutex.Lock'
  }
}
