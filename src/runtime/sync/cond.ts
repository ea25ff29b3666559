/**
 * A condition variable: Go's `sync.Cond`.
 *
 *     wait ──▶ [ in the queue, unlocked ] ──signal──▶ waiting for the lock ──▶ holds the lock again
 *                          └──context ends, canceled──────▲
 *
 * Always true: at the end of a wait its performer holds the lock again, however the wait ended. A signal that reached a
 * waiter which gives up goes to the next waiter.
 *
 * `wait` is a job and no operation, because it unlocks before it commits.
 */
import { checkMethod } from '../base/arguments.js'
import { Work } from '../goroutine/job.js'
import { uncancelable } from '../goroutine/uncancelable.js'
import { checkContext, type Context } from '../interfaces/context.js'
import type { Job } from '../interfaces/job.js'
import type { Op } from '../interfaces/op.js'
import { Operation } from '../operation/operation.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, WaitQueue, Waiter, type Pending } from '../operation/waiter.js'
import { queue } from '../scheduler/run-queue.js'

/** The lock of a condition: a mutex, either side of an rwMutex, any object with `lock` and `unlock`. */
export interface Locker {
  /** Waits for the lock. */
  lock(): Op<unknown>
  /** Gives the lock back. */
  unlock(): void
}

/** The wait for a condition. */
export type CondWait = Job<void>

/** A condition that goroutines wait for while they do not hold its lock. */
export interface Cond {
  /**
   * A job: unlocks, waits for a signal, and locks again. Perform it with the lock held, in a loop that checks the
   * condition. When the context ends or the performer is canceled, it locks as well, and then throws the context's cause
   * or is unwound. Without the lock it throws the error of `unlock`.
   */
  wait(ctx?: Context): Job<void>
  /** Wakes the goroutine that has waited longest, if any waits. The caller need not hold the lock. */
  signal(): void
  /** Wakes every waiting goroutine. The caller need not hold the lock. */
  broadcast(): void
}

/**
 * Makes a condition over a lock. Throws TypeError if the lock has no `lock` and `unlock`. Source: Go's `sync.NewCond`.
 *
 * @example
 * ```ts
 * const mu = mutex()
 * const filled = cond(mu)
 * go(function* () {
 *   using guard = yield* mu.lock()
 *   while (items.length === 0) yield* filled.wait()
 *   return items.shift()
 * })
 * ```
 */
export function cond(locker: Locker): Cond {
  for (const method of ['lock', 'unlock']) checkMethod('cond(locker)', 'a lock, with lock and unlock', locker, method)
  return new CondImpl(locker)
}

class CondImpl implements Cond, Resource {
  readonly queue = new WaitQueue()

  constructor(readonly locker: Locker) {}

  get kind(): string {
    return 'cond'
  }

  wait(ctx?: Context): Job<void> {
    if (ctx !== undefined) checkContext('cond.wait(ctx)', ctx)
    return new Work('cond.wait', () => waitAndLock(this, ctx))
  }

  signal(): void {
    this.queue.shift()?.settle(BY_SIGNAL)
  }

  broadcast(): void {
    this.queue.settleAll(BY_BROADCAST)
  }
}

const BY_SIGNAL = 1
const BY_BROADCAST = 2

/** A wait, from its unlock on: it may be woken before it parks. */
class Ticket extends Waiter {
  performer: Waiter | null = null

  constructor(readonly cond: CondImpl) {
    super()
    cond.queue.push(this)
    try {
      cond.locker.unlock()
    } catch (notLocked) {
      cond.queue.remove(this)
      throw notLocked
    }
  }

  get isWoken(): boolean {
    return this.raw !== undefined
  }

  settle(raw: unknown): void {
    this.raw = raw
    queue.order?.release(this, 'signal')
    this.performer?.settle(undefined)
  }

  giveUp(): void {
    if (!this.isWoken) this.cond.queue.remove(this)
    else if (this.raw === BY_SIGNAL) this.cond.signal()
  }
}

class Woken extends Operation<void> {
  constructor(private readonly ticket: Ticket) {
    super()
  }
  poll(): void | Pending {
    if (!this.ticket.isWoken) return PENDING
    queue.order?.acquire(this.ticket, 'signal')
  }
  park(waiter: Waiter): void {
    this.ticket.performer = waiter
  }
  withdraw(): void {
    this.ticket.performer = null
  }
  override finish(): void {}
  override resources(): readonly Resource[] {
    return [this.ticket.cond]
  }
  describe(): string {
    return 'sync.Cond.Wait'
  }
}

function* waitAndLock(cond: CondImpl, ctx: Context | undefined): Generator<never, void> {
  const ticket = new Ticket(cond)
  const woken = new Woken(ticket)
  let isLocked = false
  try {
    yield* ctx === undefined ? woken : woken.within(ctx)
    yield* cond.locker.lock()
    isLocked = true
  } finally {
    // Reached also when the goroutine is unwound while it waits for the lock.
    if (!isLocked) {
      ticket.giveUp()
      yield* uncancelable(cond.locker.lock()) // a cancel that arrives now must not return without the lock
    }
  }
}
