/**
 * A lock for many readers or a single writer: Go's `sync.RWMutex`.
 *
 *     unlock: all waiting readers enter, then the first waiting writer is next
 *     rUnlock by the last reader: the first waiting writer enters
 *
 * Always true:
 * - Readers hold the lock, or a single writer, or nobody.
 * - A writer waits only while the lock is held; a reader waits only while a writer holds the lock or waits. So a writer
 *   waits for the readers that entered before it came, and writers do not starve; nor do readers, which enter together
 *   after each writer.
 *
 * Where we differ from Go: writers are served first in, first out; a wrong unlock throws and changes nothing.
 */
import type { Op } from '../interfaces/op.js'
import { begins, continued, suspended } from '../operation/performer.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, WaitQueue, type Pending, type Waiter } from '../operation/waiter.js'
import { attempted } from '../scheduler/attempt.js'
import { locks, unlocks } from '../scheduler/events.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'
import { Guard, GuardOperation, type Grantor } from './guard.js'

/**
 * A lock for many readers or a single writer. There is no upgrade: a reader that locks for writing waits for itself.
 */
export interface RWMutex {
  /** Waits until nobody holds the lock. Results in a guard that unlocks when it is disposed, once. */
  lock(): Op<Disposable>
  /** Waits until no writer holds the lock or waits. Results in a guard that unlocks when it is disposed, once. */
  rLock(): Op<Disposable>
  /** Takes the lock for writing if that needs no waiting; returns whether the lock was taken. */
  tryLock(): boolean
  /** Takes the lock for reading if that needs no waiting; returns whether the lock was taken. */
  tryRLock(): boolean
  /** Ends the writing. Throws "sync: Unlock of unlocked RWMutex". */
  unlock(): void
  /** Ends the reading of a reader. Throws "sync: RUnlock of unlocked RWMutex". */
  rUnlock(): void
  /** The reader's side as a lock of its own, for `cond` for example. */
  rLocker(): { lock(): Op<Disposable>; unlock(): void }
}

/**
 * Makes an unlocked rwMutex. Source: Go's `sync.RWMutex`.
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
  return new RWMutexImpl()
}

/** The shares that guards give back. */
const READING = 1
const WRITING = 2

class RWMutexImpl implements RWMutex, Grantor, Resource, Runnable {
  isWriting = false
  readers = 0
  readonly waitingWriters = new WaitQueue()
  readonly waitingReaders = new WaitQueue()
  /** Waiting readers are entering: no writer may. */
  private _isAdmitting = false
  private _lock: WriteLock | null = null
  private _rLock: ReadLock | null = null

  get kind(): string {
    return 'rwMutex'
  }

  lock(): Op<Disposable> {
    return queue.probe === null ? (this._lock ??= new WriteLock(this)) : new WriteLock(this)
  }

  rLock(): Op<Disposable> {
    return queue.probe === null ? (this._rLock ??= new ReadLock(this)) : new ReadLock(this)
  }

  tryLock(): boolean {
    if (this.keepsWriterOut) return attempted(this)
    this.enterWriter()
    return true
  }

  tryRLock(): boolean {
    if (this.keepsReaderOut) return attempted(this)
    this.enterReader()
    return true
  }

  unlock(): void {
    if (!this.isWriting) throw new Error('sync: Unlock of unlocked RWMutex')
    this.isWriting = false
    if (queue.isWatched) unlocks(this, 'unlock')
    this._admitReaders()
  }

  rUnlock(): void {
    if (this.readers === 0) throw new Error('sync: RUnlock of unlocked RWMutex')
    this.readers--
    if (queue.isWatched) unlocks(this, 'rUnlock')
    this._admitWriter()
  }

  giveBack(share: number): void {
    if (share === WRITING) this.unlock()
    else this.rUnlock()
  }

  rLocker(): { lock(): Op<Disposable>; unlock(): void } {
    return { lock: () => this.rLock(), unlock: () => this.rUnlock() }
  }

  get keepsWriterOut(): boolean {
    return this.isWriting || this.readers > 0 || this.waitingWriters.first !== null || this.waitingReaders.first !== null
  }

  get keepsReaderOut(): boolean {
    return this.isWriting || this.waitingWriters.first !== null
  }

  /** `by` is the waiter that enters; null for the code that runs. */
  enterWriter(by: Waiter | null = null): Guard {
    this.isWriting = true
    return this._guard(WRITING, by)
  }

  enterReader(by: Waiter | null = null): Guard {
    this.readers++
    return this._guard(READING, by)
  }

  private _guard(share: number, by: Waiter | null): Guard {
    if (queue.isWatched) locks(this, share === WRITING ? 'lock' : 'rLock', by)
    return new Guard(this, share)
  }

  /** A waiting reader lets every waiting writer go first. */
  waitersAhead(waiter: Waiter): readonly Waiter[] {
    return [...this.waitingReaders].includes(waiter) ? [...this.waitingWriters] : []
  }

  /**
   * The waiting readers enter when the last waiting writer leaves: from the run queue, because a reader may be a case
   * of the select that was settled and withdraws this writer.
   */
  writerLeaves(waiter: Waiter): void {
    this.waitingWriters.remove(waiter)
    if (!this.keepsReaderOut && this.waitingReaders.first !== null) queue.push(this)
  }

  run(): void {
    if (this.keepsReaderOut) this._admitWriter()
    else this._admitReaders()
  }

  /** All waiting readers enter; the writers are next. */
  private _admitReaders(): void {
    this._isAdmitting = true
    for (let reader = this.waitingReaders.shift(); reader !== null; reader = this.waitingReaders.shift())
      reader.settle(this.enterReader(reader))
    this._isAdmitting = false
    this._admitWriter()
  }

  private _admitWriter(): void {
    if (this._isAdmitting || this.readers > 0 || this.isWriting) return
    const writer = this.waitingWriters.shift()
    writer?.settle(this.enterWriter(writer))
  }
}

class WriteLock extends GuardOperation {
  protected readonly waiters: WaitQueue

  constructor(private readonly rw: RWMutexImpl) {
    super()
    this.waiters = rw.waitingWriters
  }
  // The body of Operation.next: see there.
  override next(_received?: unknown): IteratorResult<never, Disposable> {
    if (!begins(arguments.length)) return continued(this, arguments.length)
    const value = this.poll()
    return value === PENDING || --queue.operations.left <= 0 ? suspended(this, value) : { done: true, value }
  }
  poll(): Disposable | Pending {
    return this.rw.keepsWriterOut ? PENDING : this.rw.enterWriter()
  }
  override withdraw(waiter: Waiter): void {
    this.rw.writerLeaves(waiter)
  }
  override resources(): readonly Resource[] {
    return [this.rw]
  }
  describe(): string {
    return 'sync.RWMutex.Lock'
  }
}

class ReadLock extends GuardOperation {
  protected readonly waiters: WaitQueue

  constructor(private readonly rw: RWMutexImpl) {
    super()
    this.waiters = rw.waitingReaders
  }
  // The body of Operation.next: see there.
  override next(_received?: unknown): IteratorResult<never, Disposable> {
    if (!begins(arguments.length)) return continued(this, arguments.length)
    const value = this.poll()
    return value === PENDING || --queue.operations.left <= 0 ? suspended(this, value) : { done: true, value }
  }
  poll(): Disposable | Pending {
    return this.rw.keepsReaderOut ? PENDING : this.rw.enterReader()
  }
  override resources(): readonly Resource[] {
    return [this.rw]
  }
  describe(): string {
    return 'sync.RWMutex.RLock'
  }
}
