/**
 * Goroutines that succeed or fail together: Go's `golang.org/x/sync/errgroup`.
 *
 * Where we differ from Go: `go` queues and never waits. When a function fails or the parent context ends, the
 * generators of the group are unwound and queued functions never start, while in Go each function has to check the
 * context. If the end of the parent cut work short, `wait` throws its cause, even if no function reported the end.
 */
import { checkContext, type Context } from '../interfaces/context.js'
import { checkFunction, mistyped, outOfRange } from '../base/arguments.js'
import { CancelableContext } from '../context/tree.js'
import { EndWait } from '../goroutine/self-wait.js'
import type { Op } from '../interfaces/op.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, type Pending, type WaitQueue } from '../operation/waiter.js'
import { queue } from '../scheduler/run-queue.js'
import { TaskGroup, type GroupBody } from './task-group.js'

/** Goroutines that work on the same thing. */
export interface ErrGroup extends AsyncDisposable {
  /**
   * The context that the functions receive. The context ends at the first failure, with the parent, and at the latest
   * when `wait` completes.
   */
  readonly ctx: Context
  /**
   * All failures so far, in order of time. An error that only repeats the end of the context is left out. `wait` throws
   * the first; each other is a late failure as well.
   */
  readonly failures: readonly unknown[]
  /**
   * Starts `fn` as a goroutine with the group's context. Beyond the limit `fn` queues, first in, first out. On a group that
   * has failed or whose parent has ended `fn` never starts. Throws Error "errgroup: go on a group whose wait has completed"
   * on a group with a parent context, once `wait` has completed.
   */
  go<R>(fn: GroupBody<R>): void
  /**
   * Starts `fn` if the limit allows another function now and the context has not ended; returns whether `fn` was
   * started.
   */
  tryGo<R>(fn: GroupBody<R>): boolean
  /**
   * At most `n` functions run at once; a negative number or Infinity means no limit. While functions run the limit can
   * be removed, and not otherwise changed: then it throws "errgroup: modify limit while n goroutines in the group are
   * still active".
   */
  setLimit(n: number): void
  /**
   * Waits until every body has ended. Throws the first failure, or the cause of the parent if its end cut work short.
   * When the wait completes the context has ended. In a generator function of the group it throws Error, as it would wait
   * for itself.
   */
  wait(): Op<void>
  /**
   * For `await using`: cancels what still runs, and waits until its generators are unwound. Queued functions never start.
   * Async functions see the end of the context. A failure that no wait has thrown is a late failure.
   */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Makes a group under a parent context. Without a parent the group cancels nothing and can be used again after `wait`;
 * the first failure stays. With a parent it is over when `wait` completes, as its context has ended then. Source: Go's
 * `errgroup.WithContext` and `errgroup.Group`.
 *
 * @example
 * ```ts
 * const group = errgroup(ctx)
 * for (const url of urls) group.go(async (ctx) => fetch(url, { signal: ctx.signal }))
 * await group.wait()
 * ```
 */
export function errgroup(parent?: Context): ErrGroup {
  return new ErrGroupImpl(parent === undefined ? null : new CancelableContext(checkContext('errgroup(parent)', parent)).follow(), true)
}

export class ErrGroupImpl extends TaskGroup implements ErrGroup, Resource {
  private _wait: Wait | null = null
  private _hasWaited = false

  get kind(): string {
    return 'errgroup'
  }

  go<R>(fn: GroupBody<R>): void {
    checkFunction('errgroup.go(fn)', fn)
    // Dropped in silence, `fn` would be work that the next wait reports as canceled, and nobody has canceled it.
    if (this._hasWaited && this.hasEnded)
      throw new Error('errgroup: go on a group whose wait has completed, which has ended its context: make a new group')
    this.start(fn)
  }

  tryGo<R>(fn: GroupBody<R>): boolean {
    checkFunction('errgroup.tryGo(fn)', fn)
    if (!this.hasRoom || this.hasEnded) return false
    this.start(fn)
    return true
  }

  setLimit(n: number): void {
    if (typeof n !== 'number') throw mistyped('errgroup.setLimit(n)', 'a whole number, or Infinity', n)
    if (n !== Infinity && !Number.isSafeInteger(n)) throw outOfRange('errgroup.setLimit(n)', 'a whole number, or Infinity', n)
    const limit = n < 0 ? Infinity : n
    if (this.active > 0 && limit !== Infinity)
      throw new Error(`errgroup: modify limit while ${this.active} goroutines in the group are still active: got ${n}; Infinity removes it`)
    this.limit = limit
    this.admit()
  }

  wait(): Op<void> {
    this.waitMade()
    return queue.probe === null ? (this._wait ??= new Wait(this)) : new Wait(this)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposed()
  }

  protected returned(): void {}

  /** A wait completes: without a parent the group can be used again, with one its context ends. */
  waitCompletes(): void {
    this._hasWaited = true
    this.end()
  }

  protected becameIdle(): void {
    this.waitCompletes()
    this.waiters.settleAll(undefined)
  }
}

class Wait extends EndWait<void> {
  protected readonly waiters: WaitQueue

  constructor(protected readonly target: ErrGroupImpl) {
    super()
    this.waiters = target.waiters
  }
  poll(): void | Pending {
    if (!this.target.isIdle) return PENDING
    queue.order?.acquire(this.target, 'end')
    this.target.waitCompletes()
    this.target.throwFailure(this)
  }
  protected begins(): void {
    this.target.waitBegins()
  }
  protected left(): void {
    this.target.waitLeaves()
  }
  protected result(): void {
    queue.order?.acquire(this.target, 'end')
    this.target.throwFailure(this)
  }
  override resources(): readonly Resource[] {
    return [this.target]
  }
  describe(): string {
    return 'errgroup.Wait'
  }
}
