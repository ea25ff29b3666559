/**
 * A weighted semaphore: Go's `golang.org/x/sync/semaphore`.
 *
 * Always true:
 * - `held` is from 0 to the size.
 * - Requests are served first in, first out: a small one does not overtake a large one, which would otherwise starve.
 * - Whoever waits in the queue fits into the size. A larger request can never be granted, so it waits outside and is in nobody's way.
 *
 * Where we differ from Go: a wrong `release` throws and changes nothing.
 */
import { checkCount } from '../base/arguments.js'
import { Operation } from '../operation/operation.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'
import type { Op } from '../interfaces/op.js'
import { PENDING, WaitQueue, type Pending, type Waiter } from '../operation/waiter.js'

/** A number of permits, of which each request takes one or more. */
export interface Semaphore {
  /**
   * Waits for `k` permits, first in, first out. The guard releases them when disposed, once. More than the size is never granted: it waits
   * until it is withdrawn or its context ends.
   */
  acquire(k?: number): Op<Disposable>
  /** Takes `k` permits if they are free and nobody waits for permits; answers whether it did. */
  tryAcquire(k?: number): boolean
  /** Gives `k` permits back, for those who do not keep the guard. Throws "semaphore: released more than held", and changes nothing. */
  release(k?: number): void
}

/**
 * Makes a semaphore of `n` permits. Throws RangeError unless `n` is a whole number from 1 up. Source: Go's `semaphore.NewWeighted`.
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
  return new Weighted(n)
}

class Weighted implements Semaphore, Runnable {
  held = 0
  readonly waiters = new WaitQueue()
  private readonly _acquireOne = new Acquire(this, 1)

  constructor(readonly size: number) {}

  acquire(k = 1): Op<Disposable> {
    if (k === 1) return this._acquireOne
    checkCount('semaphore.acquire(k)', 0, k)
    return new Acquire(this, k)
  }

  tryAcquire(k = 1): boolean {
    checkCount('semaphore.tryAcquire(k)', 0, k)
    if (!this.fits(k)) return false
    this.take(k)
    return true
  }

  release(k = 1): void {
    checkCount('semaphore.release(k)', 0, k)
    if (k > this.held) throw new RangeError(`semaphore: released more than held: ${k} of ${this.held}`)
    this.held -= k
    if (queue.probe !== null) queue.probe.unlock?.(this)
    this.run()
  }

  fits(k: number): boolean {
    return this.waiters.first === null && k <= this.size - this.held
  }

  take(k: number): Permit {
    this.held += k
    if (queue.probe !== null) queue.probe.lock?.(this)
    return new Permit(this, k)
  }

  /** Serves those at the head who fit by now. */
  run(): void {
    for (let head = this.waiters.first; head !== null && this._fitsNow(head); head = this.waiters.first) {
      this.waiters.remove(head)
      head.settle(this.take(head.raw as number)) // what it parked with
    }
  }

  /**
   * A large request that leaves the head may have held up smaller ones. They are served from the run queue: one of them may be a case of the
   * very select that withdraws this one because it has been settled.
   */
  leave(waiter: Waiter): void {
    const wasHead = this.waiters.first === waiter
    this.waiters.remove(waiter)
    const head = this.waiters.first
    if (wasHead && head !== null && this._fitsNow(head)) queue.push(this)
  }

  private _fitsNow(head: Waiter): boolean {
    return (head.raw as number) <= this.size - this.held // what it parked with
  }
}

class Permit implements Disposable {
  private _isHeld = true

  constructor(
    private readonly semaphore: Weighted,
    private readonly k: number,
  ) {}

  [Symbol.dispose](): void {
    if (!this._isHeld) return
    this._isHeld = false
    this.semaphore.release(this.k)
  }
}

class Acquire extends Operation<Disposable> {
  constructor(
    private readonly semaphore: Weighted,
    private readonly k: number,
  ) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): Disposable | Pending {
    return this.semaphore.fits(this.k) ? this.semaphore.take(this.k) : PENDING
  }
  park(waiter: Waiter): void {
    waiter.raw = this.k
    if (this.k <= this.semaphore.size) this.semaphore.waiters.push(waiter)
  }
  withdraw(waiter: Waiter): void {
    if (this.k <= this.semaphore.size) this.semaphore.leave(waiter)
  }
  override undo(waiter: Waiter): void {
    ;(waiter.raw as Permit)[Symbol.dispose]() // what `run` granted
  }
  describe(): string {
    return 'semaphore.Acquire'
  }
}
