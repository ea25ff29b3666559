/**
 * Mutual exclusion: Go's `sync.Mutex`.
 *
 * Always true: a mutex with a waiter is locked. `unlock` hands the lock to the first waiter, so no goroutine overtakes
 * another.
 *
 * Where we differ from Go: first in, first out always (Go lets a newcomer overtake for up to 1 ms); a wrong `unlock`
 * throws and leaves the mutex usable.
 */
import type { Op } from '../interfaces/op.js'
import { begins, continued, suspended } from '../operation/performer.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, WaitQueue, type Pending, type Waiter } from '../operation/waiter.js'
import { attempted } from '../scheduler/attempt.js'
import { locks, unlocks } from '../scheduler/events.js'
import { queue } from '../scheduler/run-queue.js'
import { Guard, GuardOperation, type Grantor } from './guard.js'

/** A lock for one goroutine at a time. A mutex has no owner: another goroutine may unlock. */
export interface Mutex {
  /**
   * Waits for the lock, first in, first out. Results in a guard that unlocks when it is disposed, once: Go's `defer
   * mu.Unlock()`.
   *
   * A lock operation that is not chosen by a select, or whose context ends, leaves the queue and holds nothing.
   */
  lock(): Op<Disposable>
  /** Takes the lock if the lock is free; returns whether it was. */
  tryLock(): boolean
  /** Hands the lock to the first waiter. Throws "sync: unlock of unlocked mutex". */
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
  return new MutexImpl()
}

export class MutexImpl implements Mutex, Grantor, Resource {
  isLocked = false
  readonly waiters = new WaitQueue()
  private _lock: Lock | null = null

  get kind(): string {
    return 'mutex'
  }

  lock(): Op<Disposable> {
    return queue.probe === null ? (this._lock ??= new Lock(this)) : new Lock(this)
  }

  tryLock(): boolean {
    if (this.isLocked) return attempted(this)
    this.hold()
    return true
  }

  unlock(): void {
    if (!this.isLocked) throw notLocked()
    if (queue.isWatched) unlocks(this, 'unlock')
    const next = this.waiters.shift()
    if (next === null) this.isLocked = false
    else next.settle(this.hold(next))
  }

  /** `by` is the waiter that is granted the lock; null for the code that runs. */
  hold(by: Waiter | null = null): Guard {
    this.isLocked = true
    if (queue.isWatched) locks(this, 'lock', by)
    return new Guard(this, 1)
  }

  giveBack(): void {
    this.unlock()
  }
}

class Lock extends GuardOperation {
  protected readonly waiters: WaitQueue

  constructor(private readonly mutex: MutexImpl) {
    super()
    this.waiters = mutex.waiters
  }
  // The body of Operation.next: see there.
  override next(_received?: unknown): IteratorResult<never, Disposable> {
    if (!begins(arguments.length)) return continued(this, arguments.length)
    const value = this.poll()
    return value === PENDING || --queue.operations.left <= 0 ? suspended(this, value) : { done: true, value }
  }
  poll(): Disposable | Pending {
    return this.mutex.isLocked ? PENDING : this.mutex.hold()
  }
  override resources(): readonly Resource[] {
    return [this.mutex]
  }
  describe(): string {
    return 'sync.Mutex.Lock'
  }
}

export function notLocked(): Error {
  return new Error('sync: unlock of unlocked mutex')
}
