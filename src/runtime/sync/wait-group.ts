/**
 * Waits for a count to reach zero: Go's `sync.WaitGroup`.
 *
 * Always true: while the counter is zero nobody waits; the counter is never negative.
 *
 * Where we differ from Go: a function started by `go` that fails counts as done, and `wait` throws the first failure.
 * Without a wait it is a crash, as after any `go` without a join; after a wait that was given up it is a late failure.
 */
import type { Task } from '../goroutine/task.js'
import type { Failure, Owner } from '../goroutine/owner.js'
import type { Body } from '../interfaces/goroutine.js'
import { checkWhole } from '../base/arguments.js'
import { crash, failedLate } from '../goroutine/crash.js'
import { spawn } from '../goroutine/goroutine.js'
import { passedOn } from '../goroutine/passed-on.js'
import { EndWait } from '../goroutine/self-wait.js'
import type { Op } from '../interfaces/op.js'
import { begins, continued, suspended } from '../operation/performer.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, WaitQueue, type Pending } from '../operation/waiter.js'
import { queue } from '../scheduler/run-queue.js'

/** Counts running work. A wait group can be used again after its counter has reached zero. */
export interface WaitGroup {
  /**
   * Adds `n`, which may be negative. Throws "sync: negative WaitGroup counter", and changes nothing, if the counter
   * would fall below zero.
   */
  add(n: number): void
  /** `add(-1)`. */
  done(): void
  /**
   * Starts `fn(...args)` as a goroutine that counts until its body has ended; a canceled async function counts until it
   * settles. `wait` throws its failure.
   */
  go<A extends readonly unknown[], R>(fn: Body<A, R>, ...args: A): void
  /**
   * Waits until the counter is zero; completes at once at zero. Throws the first failure of the functions that
   * `go` has started since the counter was zero before; each further failure is a late failure. In a generator function
   * that `go` has started it throws Error, as it would wait for itself.
   */
  wait(): Op<void>
}

/**
 * Makes a wait group with its counter at zero. Source: Go's `sync.WaitGroup`.
 *
 * @example
 * ```ts
 * const wg = waitGroup()
 * for (let i = 0; i < 3; i++) wg.go(worker, i, jobs)
 * await wg.wait()
 * ```
 */
export function waitGroup(): WaitGroup {
  return new WaitGroupImpl()
}

class WaitGroupImpl implements WaitGroup, Owner, Resource {
  count = 0
  readonly waiters = new WaitQueue()
  private _wait: Wait | null = null
  /** The first failure of this use of the group, and the failed goroutines that no wait has seen. */
  failure: Failure | null = null
  private _unseen: Task[] = []
  /** The goroutine of the first failure, while that is neither thrown by a wait nor reported. */
  private _firstFailed: Task | null = null
  /** A wait was withdrawn in this use of the group. */
  private _isLeft = false
  /** A wait was made, and none has begun since: a failure that none sees is a late failure. */
  private _isMade = false
  /** A wait has returned while there was a probe. */
  private _wasWaitedFor = false

  get kind(): string {
    return 'waitGroup'
  }

  add(n: number): void {
    checkWhole('waitGroup.add(n)', n)
    this._counts(n)
    if (this.count + n < 0) throw negative(this.count, n)
    const before = this.count
    this.count += n
    if (before === 0 && n > 0) this._leftZero()
    else if (this.count === 0) this.waiters.settleAll(this.failure)
  }

  done(): void {
    this._counts(-1)
    if (this.count === 0) throw negative(0, -1)
    if (--this.count === 0) this.waiters.settleAll(this.failure)
  }

  go<A extends readonly unknown[], R>(fn: Body<A, R>, ...args: A): void {
    this._counts(1)
    spawn(fn, args, this)
    if (this.count++ === 0) this._leftZero()
  }

  /** The counter is about to change by `n`. */
  private _counts(n: number): void {
    if (queue.order !== null && n !== 0) queue.order.release(this, n < 0 ? 'done' : this.count === 0 ? 'first add' : 'add')
  }

  /** The counter included the goroutine; a counter of zero now means that `done` was called too often. */
  ended(goroutine: Task, failure: Failure | null): boolean {
    const isTaken = failure !== null && this._failed(goroutine, failure)
    if (this.count === 0) crash(negative(0, -1), goroutine)
    else this.done()
    return isTaken
  }

  /** Returns whether a wait has taken the failure or given it up; otherwise a wait in the same turn of the host may see it. */
  private _failed(goroutine: Task, failure: Failure): boolean {
    const isFirst = this.failure === null
    this.failure ??= failure
    if (isFirst) this._firstFailed = goroutine
    if (this.waiters.first === null && !this._isLeft) {
      this._unseen.push(goroutine)
      if (this._isMade) goroutine.leave()
      return false
    }
    if (this._isLeft) this._reportFirst()
    if (!isFirst) failedLate(failure.error, goroutine)
    return true
  }

  /** A wait begins: it sees the first failure. */
  see(): void {
    const { _unseen: unseen, failure } = this
    this._isLeft = this._isMade = false
    if (unseen.length === 0) return
    this._unseen = []
    for (const goroutine of unseen) {
      const { failure: own } = goroutine
      if (own !== null && goroutine.failedUnseen && own.error !== failure?.error) failedLate(own.error, goroutine)
      goroutine.see()
    }
  }

  /** A wait was withdrawn. Without another wait the failure that it would have thrown is a late failure. */
  leave(): void {
    this._isLeft = this.waiters.first === null
    if (this._isLeft) this._reportFirst()
  }

  private _reportFirst(): void {
    const { failure, _firstFailed: goroutine } = this
    this._firstFailed = null
    if (failure !== null && goroutine !== null) failedLate(failure.error, goroutine)
  }

  /** A wait throws the first failure, if there is one. */
  throwFailure(failure: Failure | null): void {
    if (failure === null) return
    this._firstFailed = null
    throw passedOn(failure.error, failure.isEnd)
  }

  wait(): Op<void> {
    this._isMade = this.waiters.first === null
    if (this._isMade) for (const goroutine of this._unseen) goroutine.leave()
    return queue.probe === null ? (this._wait ??= new Wait(this)) : new Wait(this)
  }

  private _leftZero(): void {
    this.failure = null
    this._firstFailed = null
    this._unseen = []
    this._isLeft = false
    const { probe } = queue
    if (probe === null) return
    probe.add?.(this)
    if (this._wasWaitedFor) probe.lateAdd?.(this)
  }

  /** A wait returns. Work added between the grant and this moment was added too late for the wait. */
  waitReturns(): void {
    queue.order?.acquire(this, 'wait')
    const { probe } = queue
    if (probe === null) return
    this._wasWaitedFor = true
    probe.wait?.(this)
    if (this.count > 0) probe.lateAdd?.(this)
  }
}

class Wait extends EndWait<void> {
  protected readonly waiters: WaitQueue

  constructor(protected readonly target: WaitGroupImpl) {
    super()
    this.waiters = target.waiters
  }
  // The body of Operation.next: see there.
  override next(_received?: unknown): IteratorResult<never, void> {
    if (!begins(arguments.length)) return continued(this, arguments.length)
    const value = this.poll()
    return value === PENDING || --queue.operations.left <= 0 ? suspended(this, value) : { done: true, value }
  }
  poll(): void | Pending {
    if (queue.order !== null && this.target.count > 0) queue.order.acquire(this.target, 'begin wait')
    if (this.target.count > 0) return PENDING
    this.target.see()
    this.target.waitReturns()
    this.target.throwFailure(this.target.failure)
  }
  protected begins(): void {
    this.target.see()
  }
  protected left(): void {
    this.target.leave()
  }
  override decline(): void {
    this.target.see()
    this.target.leave()
  }
  protected result(granted: unknown): void {
    this.target.waitReturns()
    this.target.throwFailure(granted as Failure | null) // granted by `settleAll`
  }
  override resources(): readonly Resource[] {
    return [this.target]
  }
  describe(): string {
    return 'sync.WaitGroup.Wait'
  }
}

function negative(count: number, n: number): RangeError {
  return new RangeError(`sync: negative WaitGroup counter: ${count} and ${n}`)
}
