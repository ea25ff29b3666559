/**
 * A weighted semaphore: Go's `golang.org/x/sync/semaphore`.
 *
 * Always true:
 * - `held` is from 0 to the size.
 * - Requests are served first in, first out: a small request does not overtake a large request, which could starve
 *   otherwise.
 * - Every request in the queue fits into the size. A larger request can never be granted, so it waits outside the queue
 *   and delays nobody.
 *
 * Where we differ from Go: a wrong `release` throws and changes nothing.
 */
import { checkCount } from '../base/arguments.js'
import type { Op } from '../interfaces/op.js'
import { begins, continued, suspended } from '../operation/performer.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, WaitQueue, type Pending, type Waiter } from '../operation/waiter.js'
import { attempted } from '../scheduler/attempt.js'
import { locks, unlocks } from '../scheduler/events.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'
import { Guard, GuardOperation, type Grantor } from './guard.js'

/** A number of permits. A request takes 1 permit or more. */
export interface Semaphore {
  /**
   * Waits for `k` permits, first in, first out; 1 by default. Results in a guard that releases them when it is
   * disposed, once. A request for more than the size is never granted: the request waits until its performer gives up
   * or its context ends.
   */
  acquire(k?: number): Op<Disposable>
  /** Takes `k` permits if they are free and no request waits; returns whether they were taken. */
  tryAcquire(k?: number): boolean
  /**
   * Gives `k` permits back, for callers that do not keep the guard. Throws "semaphore: released more than held", and
   * changes nothing.
   */
  release(k?: number): void
}

/**
 * Makes a semaphore of `n` permits. Throws RangeError unless `n` is a whole number from 1 up. Source: Go's
 * `semaphore.NewWeighted`.
 *
 * @example
 * ```ts
 * const uploads = semaphore(3)
 * go(function* () {
 *   using permit = yield* uploads.acquire()
 *   yield* upload(file)
 * })
 * ```
 */
export function semaphore(n: number): Semaphore {
  checkCount('semaphore(n)', 1, n)
  return new SemaphoreImpl(n)
}

class SemaphoreImpl implements Semaphore, Grantor, Resource, Runnable {
  held = 0
  readonly waiters = new WaitQueue()
  private _acquireOne: Acquire | null = null

  constructor(readonly size: number) {}

  get kind(): string {
    return 'semaphore'
  }

  acquire(k = 1): Op<Disposable> {
    if (k === 1 && queue.probe === null) return (this._acquireOne ??= new Acquire(this, 1))
    checkCount('semaphore.acquire(k)', 0, k)
    return new Acquire(this, k)
  }

  tryAcquire(k = 1): boolean {
    checkCount('semaphore.tryAcquire(k)', 0, k)
    if (!this.fits(k)) return attempted(this)
    this.take(k)
    return true
  }

  release(k = 1): void {
    checkCount('semaphore.release(k)', 0, k)
    if (k > this.held) throw new RangeError(`semaphore: released more than held: ${k} of ${this.held}`)
    this.held -= k
    if (queue.isWatched) unlocks(this, 'permit')
    this.run()
  }

  giveBack(share: number): void {
    this.release(share)
  }

  fits(k: number): boolean {
    return this.waiters.first === null && k <= this.size - this.held
  }

  /** `by` is the waiter that is granted the permits; null for the code that runs. */
  take(k: number, by: Waiter | null = null): Guard {
    this.held += k
    if (queue.isWatched) locks(this, 'permit', by)
    return new Guard(this, k)
  }

  /** Grants the requests at the head of the queue that fit now. */
  run(): void {
    for (let head = this.waiters.first; head !== null && this._fitsNow(head); head = this.waiters.first) {
      this.waiters.remove(head)
      head.settle(this.take(head.raw as number, head)) // a waiter parks with its number of permits
    }
  }

  /**
   * A large request that leaves the head may have held up smaller requests. They are granted from the run queue: a
   * smaller request may be a case of the select that was settled and withdraws the large request.
   */
  leave(waiter: Waiter): void {
    const wasHead = this.waiters.first === waiter
    this.waiters.remove(waiter)
    const head = this.waiters.first
    if (wasHead && head !== null && this._fitsNow(head)) queue.push(this)
  }

  private _fitsNow(head: Waiter): boolean {
    return (head.raw as number) <= this.size - this.held // a waiter parks with its number of permits
  }
}

class Acquire extends GuardOperation {
  protected readonly waiters: WaitQueue

  constructor(
    private readonly semaphore: SemaphoreImpl,
    private readonly k: number,
  ) {
    super()
    this.waiters = semaphore.waiters
  }
  // The body of Operation.next: see there.
  override next(_received?: unknown): IteratorResult<never, Disposable> {
    if (!begins(arguments.length)) return continued(this, arguments.length)
    const value = this.poll()
    return value === PENDING || --queue.operations.left <= 0 ? suspended(this, value) : { done: true, value }
  }
  poll(): Disposable | Pending {
    return this.semaphore.fits(this.k) ? this.semaphore.take(this.k) : PENDING
  }
  override park(waiter: Waiter): void {
    waiter.raw = this.k
    if (this.k <= this.semaphore.size) super.park(waiter)
  }
  override withdraw(waiter: Waiter): void {
    if (this.k <= this.semaphore.size) this.semaphore.leave(waiter)
  }
  override resources(): readonly Resource[] {
    return [this.semaphore]
  }
  describe(): string {
    return 'semaphore.Acquire'
  }
}
