/**
 * A semaphore for goroutines of all threads. A word counts the permits that are held, and a word of each side those that it holds: a lost
 * thread gives them back.
 *
 * Where we differ from `semaphore`: the requests of one thread are served first in, first out; among threads there is no order.
 */
import type { Op, Semaphore } from '../../../runtime/index.js'
import { checkCount, PENDING, type Pending } from '../../../runtime/internal.js'
import { setHandle, type Part } from './handle.js'
import { SharedGuard, SharedGuardOperation } from './shared-operation.js'
import { VALUE, waitsOf, type Waits } from './waits.js'

const SIZE = VALUE + 1

export class SharedSemaphore implements Semaphore {
  private readonly _waits: Waits

  constructor(
    memory: ArrayBufferLike,
    private readonly _part: Part | null,
  ) {
    this._waits = waitsOf(memory, 'semaphore')
    setHandle(this, { kind: 'semaphore', memory })
  }

  /** Once, by its maker. */
  begin(size: number): void {
    this._waits.words[SIZE] = size
  }

  // A field with a function: see AtomicInteger32.
  readonly acquire = (k = 1): Op<Disposable> => {
    checkCount('semaphore.acquire(k)', 0, k)
    return new Acquire(this._waits, this, k)
  }

  tryAcquire(k = 1): boolean {
    checkCount('semaphore.tryAcquire(k)', 0, k)
    if (this._waits.waiters.first !== null || !this.takes(k)) return false
    this._waits.acquired()
    return true
  }

  release(k = 1): void {
    checkCount('semaphore.release(k)', 0, k)
    const { words } = this._waits
    for (let held = Atomics.load(words, VALUE); ; held = Atomics.load(words, VALUE)) {
      if (k > held) throw new RangeError(`semaphore: released more than held: ${k} of ${held}`)
      if (Atomics.compareExchange(words, VALUE, held, held - k) === held) break
    }
    if (this._part !== null) Atomics.store(this._part, 1, Math.max(0, Atomics.load(this._part, 1) - k))
    this._waits.changed()
  }

  takes(k: number): boolean {
    const { words } = this._waits
    const size = words[SIZE]
    for (let held = Atomics.load(words, VALUE); held + k <= size; held = Atomics.load(words, VALUE)) {
      if (Atomics.compareExchange(words, VALUE, held, held + k) !== held) continue
      if (this._part !== null) Atomics.add(this._part, 1, k)
      return true
    }
    return false
  }

  /** By a guard: a lost thread has given back what it held. */
  giveBack(k: number): void {
    if (this._part === null || Atomics.load(this._part, 1) >= k) this.release(k)
  }

  /** More than there are: never granted, so nobody waits behind it. */
  isTooMany(k: number): boolean {
    return k > this._waits.words[SIZE]
  }
}

class Acquire extends SharedGuardOperation {
  constructor(
    waits: Waits,
    private readonly _semaphore: SharedSemaphore,
    private readonly _k: number,
  ) {
    super(waits)
  }
  take(): Disposable | Pending {
    return this._semaphore.takes(this._k) ? new SharedGuard(() => this._semaphore.giveBack(this._k)) : PENDING
  }
  override park(...args: Parameters<SharedGuardOperation['park']>): void {
    if (!this._semaphore.isTooMany(this._k)) super.park(...args)
  }
  override withdraw(...args: Parameters<SharedGuardOperation['withdraw']>): void {
    if (!this._semaphore.isTooMany(this._k)) super.withdraw(...args)
  }
  describe(): string {
    return 'shared.semaphore.Acquire'
  }
}
