/**
 * A lock for many readers or one writer: Go's `sync.RWMutex`.
 *
 *     write unlocked: all readers who wait go in, then it is the first writer's turn
 *     read unlocked by the last reader: the first writer goes in
 *
 * Always true:
 * - There are readers in it, or one writer, or nobody.
 * - A writer waits only while somebody is in; readers wait only while a writer is in or waits. So a writer waits for those readers who were
 *   in before it came, and writers do not starve; nor do readers, who go in together after each writer.
 *
 * Where we differ from Go: writers are served first in, first out; wrong unlocks throw and change nothing.
 */
import { Operation } from '../operation/operation.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'
import type { Op } from '../interfaces/op.js'
import { PENDING, WaitQueue, type Pending, type Waiter } from '../operation/waiter.js'

/** A lock for many readers or one writer. There is no upgrade: a reader that locks for writing waits for itself. */
export interface RWMutex {
  /** Waits until nobody is in. The guard unlocks when disposed, once. */
  lock(): Op<Disposable>
  /** Waits until no writer is in or waits. The guard unlocks when disposed, once. */
  rLock(): Op<Disposable>
  tryLock(): boolean
  tryRLock(): boolean
  /** Throws "sync: Unlock of unlocked RWMutex". */
  unlock(): void
  /** Throws "sync: RUnlock of unlocked RWMutex". */
  rUnlock(): void
  /** The readers' side as a lock, for `cond` say. */
  rLocker(): { lock(): Op<Disposable>; unlock(): void }
}

/**
 * Makes an unlocked one. Source: Go's `sync.RWMutex`.
 *
 * @example
 * ```ts
 * const rw = rwMutex()
 * go(function* () {
 *   using guard = yield* rw.rLock()
 *   return table.get(key)
 * })
 * ```
 */
export function rwMutex(): RWMutex {
  return new ReadersOrWriter()
}

class ReadersOrWriter implements RWMutex, Runnable {
  isWriting = false
  readers = 0
  readonly waitingWriters = new WaitQueue()
  readonly waitingReaders = new WaitQueue()
  /** Readers are on their way in: it is nobody else's turn. */
  private _isAdmitting = false
  private readonly _lock = new Enter(this, true)
  private readonly _rLock = new Enter(this, false)

  lock(): Op<Disposable> {
    return this._lock
  }

  rLock(): Op<Disposable> {
    return this._rLock
  }

  tryLock(): boolean {
    if (this.keepsWriterOut) return false
    this.enterWriter()
    return true
  }

  tryRLock(): boolean {
    if (this.keepsReaderOut) return false
    this.enterReader()
    return true
  }

  unlock(): void {
    if (!this.isWriting) throw new Error('sync: Unlock of unlocked RWMutex')
    this.isWriting = false
    if (queue.probe !== null) queue.probe.unlock?.(this)
    this._admitReaders()
  }

  rUnlock(): void {
    if (this.readers === 0) throw new Error('sync: RUnlock of unlocked RWMutex')
    this.readers--
    if (queue.probe !== null) queue.probe.unlock?.(this)
    this._admitWriter()
  }

  rLocker(): { lock(): Op<Disposable>; unlock(): void } {
    return { lock: () => this._rLock, unlock: () => this.rUnlock() }
  }

  get keepsWriterOut(): boolean {
    return this.isWriting || this.readers > 0 || this.waitingWriters.first !== null || this.waitingReaders.first !== null
  }

  get keepsReaderOut(): boolean {
    return this.isWriting || this.waitingWriters.first !== null
  }

  enterWriter(): Guard {
    this.isWriting = true
    return this._guard(true)
  }

  enterReader(): Guard {
    this.readers++
    return this._guard(false)
  }

  private _guard(writes: boolean): Guard {
    if (queue.probe !== null) queue.probe.lock?.(this)
    return new Guard(this, writes)
  }

  /**
   * The readers whom a writer kept out go in when the last such writer leaves. From the run queue, since one of them may be a case of the
   * very select that withdraws this writer because it has been settled.
   */
  writerLeaves(waiter: Waiter): void {
    this.waitingWriters.remove(waiter)
    if (!this.keepsReaderOut && this.waitingReaders.first !== null) queue.push(this)
  }

  run(): void {
    if (this.keepsReaderOut) this._admitWriter()
    else this._admitReaders()
  }

  /** All readers who wait, and then it is the writers' turn. */
  private _admitReaders(): void {
    this._isAdmitting = true
    for (let reader = this.waitingReaders.shift(); reader !== null; reader = this.waitingReaders.shift()) reader.settle(this.enterReader())
    this._isAdmitting = false
    this._admitWriter()
  }

  private _admitWriter(): void {
    if (this._isAdmitting || this.readers > 0 || this.isWriting) return
    this.waitingWriters.shift()?.settle(this.enterWriter())
  }
}

class Guard implements Disposable {
  private _isIn = true

  constructor(
    private readonly rw: ReadersOrWriter,
    private readonly writes: boolean,
  ) {}

  [Symbol.dispose](): void {
    if (!this._isIn) return
    this._isIn = false
    if (this.writes) this.rw.unlock()
    else this.rw.rUnlock()
  }
}

class Enter extends Operation<Disposable> {
  constructor(
    private readonly rw: ReadersOrWriter,
    private readonly writes: boolean,
  ) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): Disposable | Pending {
    const { rw } = this
    if (this.writes) return rw.keepsWriterOut ? PENDING : rw.enterWriter()
    return rw.keepsReaderOut ? PENDING : rw.enterReader()
  }
  park(waiter: Waiter): void {
    if (this.writes) this.rw.waitingWriters.push(waiter)
    else this.rw.waitingReaders.push(waiter)
  }
  withdraw(waiter: Waiter): void {
    if (this.writes) this.rw.writerLeaves(waiter)
    else this.rw.waitingReaders.remove(waiter)
  }
  override undo(waiter: Waiter): void {
    ;(waiter.raw as Guard)[Symbol.dispose]() // what it was granted
  }
  describe(): string {
    return this.writes ? 'sync.RWMutex.Lock' : 'sync.RWMutex.RLock'
  }
}
