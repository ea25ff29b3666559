/**
 * Waits for a count to reach zero: Go's `sync.WaitGroup`.
 *
 * Always true: while the counter is zero no one waits; it is never negative.
 *
 * Where we differ from Go: a function started by `go` that fails is a crash, as after any `go` without a join, and counts as done.
 */
import { crash } from '../goroutine/crash.js'
import { mistyped, outOfRange } from '../base/arguments.js'
import { spawn, type Body, type Owner, type Spawned } from '../goroutine/goroutine.js'
import { Operation } from '../operation/operation.js'
import type { Op } from '../interfaces/op.js'
import { PENDING, WaitQueue, type Pending, type Waiter } from '../operation/waiter.js'

/** Counts what is under way; can be used again once it has reached zero. */
export interface WaitGroup {
  /** Adds `n`, which may be negative. Throws "sync: negative WaitGroup counter", and changes nothing, where the counter would fall below zero. */
  add(n: number): void
  /** `add(-1)`. */
  done(): void
  /**
   * Starts `fn(...args)` as a goroutine, counted until it really ends: for an async function that was canceled that is when it settles. Its
   * failure is a crash: to have it thrown, use `errgroup`.
   */
  go<A extends readonly unknown[], R>(fn: Body<A, R>, ...args: A): void
  /** Waits until the counter is zero; completes at once where it is. */
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
  return new Counter()
}

class Counter implements WaitGroup, Owner {
  count = 0
  readonly waiters = new WaitQueue()
  private readonly _wait = new Zero(this)

  add(n: number): void {
    if (typeof n !== 'number') throw mistyped('waitGroup.add(n)', 'a whole number', n)
    if (!Number.isSafeInteger(n)) throw outOfRange('waitGroup.add(n)', 'a whole number', n)
    if (this.count + n < 0) throw negative(this.count, n)
    this.count += n
    if (this.count === 0) this.waiters.settleAll(undefined)
  }

  done(): void {
    if (this.count === 0) throw negative(0, -1)
    if (--this.count === 0) this.waiters.settleAll(undefined)
  }

  go<A extends readonly unknown[], R>(fn: Body<A, R>, ...args: A): void {
    spawn(fn, args, this)
    this.count++
  }

  /** The goroutine was counted; that the counter is zero all the same is the fault of a `done` too many. */
  ended(goroutine: Spawned): boolean {
    if (this.count === 0) crash(negative(0, -1), goroutine)
    else this.done()
    return false
  }

  wait(): Op<void> {
    return this._wait
  }
}

class Zero extends Operation<void> {
  constructor(private readonly group: Counter) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): void | Pending {
    return this.group.count === 0 ? undefined : PENDING
  }
  park(waiter: Waiter): void {
    this.group.waiters.push(waiter)
  }
  withdraw(waiter: Waiter): void {
    this.group.waiters.remove(waiter)
  }
  override finish(): void {}
  describe(): string {
    return 'sync.WaitGroup.Wait'
  }
}

function negative(count: number, n: number): RangeError {
  return new RangeError(`sync: negative WaitGroup counter: ${count} and ${n}`)
}
