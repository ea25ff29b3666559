/**
 * Goroutines that succeed or fail as one: Go's `golang.org/x/sync/errgroup`.
 *
 * Where we differ from Go: `go` never waits, it queues; when one fails, or the parent context ends, the generators of the group are unwound
 * and what is queued never starts, where Go would have each look at the context; and when the parent's end cut work short, `wait` says so,
 * even if no function reported it.
 */
import { withCancel } from '../context/context.js'
import { Crew, type Task } from './task-group.js'
import { checkFunction, mistyped, outOfRange } from '../base/arguments.js'
import { Operation } from '../operation/operation.js'
import type { Context, Op } from '../interfaces/op.js'
import { PENDING, type Pending, type Waiter } from '../operation/waiter.js'

/** Goroutines on one task. */
export interface ErrGroup {
  /** What its functions are given. It ends at the first failure, with the parent, and at the latest when `wait` is through. */
  readonly ctx: Context
  /** All failures so far, the first one first; those that only pass on why the context ended are left out. */
  readonly failures: readonly unknown[]
  /** Starts `fn` as a goroutine, with the group's context; past the limit it queues, first in, first out. */
  go(fn: Task<unknown>): void
  /** Starts `fn` if the limit allows it now; answers whether it does. */
  tryGo(fn: Task<unknown>): boolean
  /** At most `n` at once; a negative number or Infinity: no limit. Throws "errgroup: modify limit while n goroutines in the group are still active". */
  setLimit(n: number): void
  /**
   * Waits until all have really ended. Throws the first failure; or the parent's cause, where the parent's end cut work short. By then the
   * context has ended.
   */
  wait(): Op<void>
}

/**
 * Makes a group under a parent context. Without a parent it cancels nothing, and can be used again after `wait`; the first failure stays.
 * Source: Go's `errgroup.WithContext` and `errgroup.Group`.
 *
 * @example
 * ```ts
 * const group = errgroup(ctx)
 * for (const url of urls) group.go(async (ctx) => fetch(url, { signal: ctx.signal }))
 * await group.wait()
 * ```
 */
export function errgroup(parent?: Context): ErrGroup {
  return new Group(parent === undefined ? null : withCancel(parent), true)
}

class Group extends Crew implements ErrGroup {
  private readonly _wait = new Wait(this)

  go(fn: Task<unknown>): void {
    checkFunction('errgroup.go(fn)', fn)
    this.start(fn)
  }

  tryGo(fn: Task<unknown>): boolean {
    checkFunction('errgroup.tryGo(fn)', fn)
    if (!this.hasPlace) return false
    this.start(fn)
    return true
  }

  setLimit(n: number): void {
    if (typeof n !== 'number') throw mistyped('errgroup.setLimit(n)', 'a whole number, or Infinity', n)
    if (n !== Infinity && !Number.isSafeInteger(n)) throw outOfRange('errgroup.setLimit(n)', 'a whole number, or Infinity', n)
    if (this.active > 0) throw new Error(`errgroup: modify limit while ${this.active} goroutines in the group are still active`)
    this.limit = n < 0 ? Infinity : n
    this.admit()
  }

  wait(): Op<void> {
    return this._wait
  }

  protected result(): void {}

  protected idle(): void {
    this.end()
    this.waiters.settleAll(undefined)
  }
}

class Wait extends Operation<void> {
  constructor(private readonly group: Group) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): void | Pending {
    if (!this.group.isIdle) return PENDING
    this.group.end()
    this.group.throwFailure()
  }
  park(waiter: Waiter): void {
    this.group.waiters.push(waiter)
  }
  withdraw(waiter: Waiter): void {
    this.group.waiters.remove(waiter)
  }
  override finish(): void {
    this.group.throwFailure()
  }
  describe(): string {
    return 'errgroup.Wait'
  }
}
