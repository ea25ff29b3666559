/**
 * A mutex for goroutines of all threads.
 *
 *     0 (free) ──lock──▶ the number of the holder's side ──unlock──▶ 0
 *
 * Where we differ from `mutex`: the waiters of one thread are served first in, first out; among threads there is no order.
 */
import type { Mutex, Op } from '../../../runtime/index.js'
import { PENDING, type Pending } from '../../../runtime/internal.js'
import { HOME, setHandle, type Part } from './handle.js'
import { SharedGuard, SharedGuardOperation } from './shared-operation.js'
import { VALUE, waitsOf, type Waits } from './waits.js'

export class SharedMutex implements Mutex {
  private readonly _waits: Waits
  private readonly _side: number

  constructor(memory: ArrayBufferLike, part: Part | null) {
    this._waits = waitsOf(memory, 'mutex')
    this._side = part === null ? HOME : part[0]
    setHandle(this, { kind: 'mutex', memory })
  }

  // A field with a function: see AtomicInteger32.
  readonly lock = (): Op<Disposable> => new Lock(this._waits, this)

  tryLock(): boolean {
    this._waits.check()
    if (this._waits.waiters.first !== null || !this.takes()) return false
    this._waits.acquired()
    return true
  }

  unlock(): void {
    if (Atomics.exchange(this._waits.words, VALUE, 0) === 0) throw new Error('sync: unlock of unlocked mutex')
    this._waits.changed()
  }

  takes(): boolean {
    return Atomics.compareExchange(this._waits.words, VALUE, 0, this._side) === 0
  }
}

class Lock extends SharedGuardOperation {
  constructor(
    waits: Waits,
    private readonly _mutex: SharedMutex,
  ) {
    super(waits)
  }
  take(): Disposable | Pending {
    return this._mutex.takes() ? new SharedGuard(() => this._mutex.unlock()) : PENDING
  }
  describe(): string {
    return 'shared.mutex.Lock'
  }
}
