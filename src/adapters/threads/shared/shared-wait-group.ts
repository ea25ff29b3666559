/** A wait group for goroutines of all threads: a word counts. */
import type { Op } from '../../../runtime/index.js'
import { checkWhole, PENDING, type Pending } from '../../../runtime/internal.js'
import { setHandle } from './handle.js'
import { SharedOperation } from './shared-operation.js'
import { VALUE, waitsOf, type Waits } from './waits.js'

/** Counts work of all threads: Go's `sync.WaitGroup`. */
export interface SharedWaitGroup {
  /**
   * Adds `n`, which may be negative. Throws "sync: negative WaitGroup counter", and changes nothing, if the counter would fall
   * below zero.
   */
  add(n: number): void
  /** `add(-1)`. */
  done(): void
  /** Waits until the counter is zero. Throws ThreadLostError where a thread was lost in a job that had the group. */
  wait(): Op<void>
}

export class SharedGroup implements SharedWaitGroup {
  private readonly _waits: Waits

  constructor(memory: ArrayBufferLike) {
    this._waits = waitsOf(memory, 'waitGroup')
    setHandle(this, { kind: 'waitGroup', memory })
  }

  // A field with a function: see AtomicInteger32.
  readonly wait = (): Op<void> => new Wait(this._waits)

  add(n: number): void {
    checkWhole('waitGroup.add(n)', n)
    const { words } = this._waits
    for (let count = Atomics.load(words, VALUE); ; count = Atomics.load(words, VALUE)) {
      if (count + n < 0) throw new RangeError(`sync: negative WaitGroup counter: ${count} and ${n}`)
      if (count + n > MOST) throw new RangeError(`waitGroup.add(n): expected a counter of at most ${MOST}, got ${count + n}`)
      if (Atomics.compareExchange(words, VALUE, count, count + n) === count) break
    }
    if (Atomics.load(words, VALUE) === 0) this._waits.changed()
  }

  done(): void {
    this.add(-1)
  }
}

/** A word holds no more. */
const MOST = 2 ** 31 - 1

class Wait extends SharedOperation<void> {
  /** Waits stand in no order: each completes at zero. */
  override poll(): void | Pending {
    this.waits.check()
    return this.taken()
  }
  take(): void | Pending {
    if (Atomics.load(this.waits.words, VALUE) > 0) return PENDING
  }
  describe(): string {
    return 'shared.waitGroup.Wait'
  }
}
