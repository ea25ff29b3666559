/**
 * A condition variable: Go's `sync.Cond`.
 *
 *     wait() ──▶ [ in the queue, unlocked ] ──signal──▶ waiting for the lock ──▶ holds the lock again
 *                          └──context ends, canceled──────▲
 *
 * Always true: at the end of a wait its performer holds the lock again, however the wait ended. A signal that reached a
 * waiter which gives up goes to the next waiter.
 *
 * `wait` is no operation, because it unlocks before it commits.
 */
import { type Context, checkContext } from '../interfaces/context.js'
import { checkMethod } from '../base/arguments.js'
import { spawn } from '../goroutine/goroutine.js'
import type { Op } from '../interfaces/op.js'
import { Operation } from '../operation/operation.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, WaitQueue, Waiter, type Pending } from '../operation/waiter.js'

/** The lock of a condition: a mutex, either side of an rwMutex, any object with `lock` and `unlock`. */
export interface Locker {
  /** Waits for the lock. */
  lock(): Op<unknown>
  /** Gives the lock back. */
  unlock(): void
}

/** A wait that has begun, as `cond.wait` returns it. Perform the wait at once, by `yield*` or `await`. */
export interface CondWait extends PromiseLike<void> {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- only the run queue calls `next`
  [Symbol.iterator](): Iterator<never, void, any>
}

/** A condition that goroutines wait for while they do not hold its lock. */
export interface Cond {
  /**
   * Unlocks, waits for a signal, and locks again. Call `wait` with the lock held, in a loop that checks the condition.
   * When the context ends, the wait locks as well and then throws the context's cause.
   */
  wait(ctx?: Context): CondWait
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

  wait(ctx?: Context): CondWait {
    if (ctx !== undefined) checkContext('cond.wait(ctx)', ctx)
    const ticket = new Ticket(this)
    this.queue.push(ticket)
    try {
      this.locker.unlock()
    } catch (notLocked) {
      this.queue.remove(ticket)
      throw notLocked
    }
    return new Waiting(ticket, ctx)
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

/** A wait, from the call of `wait` on: a signal may wake the wait before its performance. */
class Ticket extends Waiter {
  performer: Waiter | null = null

  constructor(readonly cond: CondImpl) {
    super()
  }

  get isWoken(): boolean {
    return this.raw !== undefined
  }

  settle(raw: unknown): void {
    this.raw = raw
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
    return this.ticket.isWoken ? undefined : PENDING
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

function* waitAndLock(ticket: Ticket, ctx: Context | undefined): Generator<never, void> {
  const { locker } = ticket.cond
  const woken = new Woken(ticket)
  let isLocked = false
  try {
    yield* ctx === undefined ? woken : woken.within(ctx)
    yield* locker.lock()
    isLocked = true
  } finally {
    // Reached also when the goroutine is unwound while it waits for the lock.
    if (!isLocked) {
      ticket.giveUp()
      yield* locker.lock()
    }
  }
}

class Waiting implements CondWait {
  constructor(
    private readonly ticket: Ticket,
    private readonly ctx: Context | undefined,
  ) {}

  [Symbol.iterator](): Generator<never, void> {
    return waitAndLock(this.ticket, this.ctx)
  }

  then<A = void, B = never>(
    onValue?: ((value: void) => A | PromiseLike<A>) | null,
    onThrow?: ((cause: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    return spawn(waitAndLock, [this.ticket, this.ctx], null, 'waitAndLock').join().then(onValue, onThrow)
  }
}
