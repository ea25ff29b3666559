/**
 * A condition variable: Go's `sync.Cond`.
 *
 *     wait() ──▶ [ in the queue, unlocked ] ──signal──▶ waiting for the lock ──▶ holds it again
 *                          └──context ends, canceled──────▲
 *
 * Always true: whoever waited holds the lock again when that is over, however it ended. A signal that reached one who gives up goes to the
 * next.
 *
 * `wait` is no operation: it unlocks before it commits.
 */
import { mistyped } from '../base/arguments.js'
import { spawn } from '../goroutine/goroutine.js'
import { checkContext, Operation } from '../operation/operation.js'
import type { Context, Op } from '../interfaces/op.js'
import { PENDING, WaitQueue, Waiter, type Pending } from '../operation/waiter.js'

/** What guards the condition: a mutex, either side of an rwMutex, anything with `lock` and `unlock`. */
export interface Locker {
  lock(): Op<unknown>
  unlock(): void
}

/** What `cond.wait` answers: to be performed at once, by `yield*` or `await`. */
export interface CondWait extends PromiseLike<void> {
  [Symbol.iterator](): Iterator<never, void, any> // eslint-disable-line @typescript-eslint/no-explicit-any -- what `next` is sent is the run queue's own business
}

export interface Cond {
  /**
   * Unlocks, waits for a signal, and locks again. Call it with the lock held, in a loop that looks at the condition. When the context ends it
   * locks, too, and throws the context's cause.
   */
  wait(ctx?: Context): CondWait
  /** Wakes the one who has waited longest, if anybody does. It needs no lock. */
  signal(): void
  /** Wakes all who wait. It needs no lock. */
  broadcast(): void
}

/**
 * Makes one over a lock. Throws TypeError where that has no `lock` and `unlock`. Source: Go's `sync.NewCond`.
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
  const it = locker as Partial<Locker> | null | undefined // from JavaScript it may be anything
  if (typeof it?.lock !== 'function' || typeof it.unlock !== 'function')
    throw mistyped('cond(locker)', 'a lock, with lock and unlock', locker)
  return new Condition(locker)
}

class Condition implements Cond {
  readonly queue = new WaitQueue()

  constructor(readonly locker: Locker) {}

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

/** One who waits, from the call on: it may be woken before it is performed. */
class Ticket extends Waiter {
  performer: Waiter | null = null

  constructor(readonly condition: Condition) {
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
    if (!this.isWoken) this.condition.queue.remove(this)
    else if (this.raw === BY_SIGNAL) this.condition.signal()
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
  describe(): string {
    return 'sync.Cond.Wait'
  }
}

function* waitAndLock(ticket: Ticket, ctx: Context | undefined): Generator<never, void> {
  const { locker } = ticket.condition
  const woken = new Woken(ticket)
  let isLocked = false
  try {
    yield* ctx === undefined ? woken : woken.within(ctx)
    yield* locker.lock()
    isLocked = true
  } finally {
    // Also where it is unwound while it waits for the lock.
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
    return spawn(waitAndLock, [this.ticket, this.ctx], null).join().then(onValue, onThrow)
  }
}
