/**
 * Mutual exclusion: Go's `sync.Mutex`.
 *
 * Always true: while someone waits it is locked; `unlock` hands it to the first who waits, so nobody overtakes.
 *
 * Where we differ from Go: first in, first out always (Go lets a newcomer overtake for up to 1 ms); a wrong `unlock` throws and leaves the
 * mutex usable.
 */
import { Operation } from '../operation/operation.js'
import { queue } from '../scheduler/run-queue.js'
import type { Op } from '../interfaces/op.js'
import { PENDING, WaitQueue, type Pending, type Waiter } from '../operation/waiter.js'

/** A lock for one at a time. It belongs to nobody: another goroutine may unlock it. */
export interface Mutex {
  /**
   * Waits for the lock, first in, first out. The guard is Go's `defer mu.Unlock()`: disposed, it unlocks, once.
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
  isLocked = false
  readonly waiters = new WaitQueue()
  private readonly _lock = new Lock(this)

  lock(): Op<Disposable> {
    return this._lock
  }

  tryLock(): boolean {
    if (this.isLocked) return false
    this.hold()
    return true
  }

  unlock(): void {
    if (!this.isLocked) throw new Error('sync: unlock of unlocked mutex')
    if (queue.probe !== null) queue.probe.unlock?.(this)
    const next = this.waiters.shift()
    if (next === null) this.isLocked = false
    else next.settle(this.hold())
  }

  hold(): Guard {
    this.isLocked = true
    if (queue.probe !== null) queue.probe.lock?.(this)
    return new Guard(this)
  }
}

class Guard implements Disposable {
  private _isHeld = true

  constructor(private readonly mutex: Lockable) {}

  [Symbol.dispose](): void {
    if (!this._isHeld) return
    this._isHeld = false
    this.mutex.unlock()
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
    return this.mutex.isLocked ? PENDING : this.mutex.hold()
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
