/**
 * The goroutines of an owner (an errgroup, a pool): at most `limit` at once, further functions queued first in, first
 * out. At the end of the group's context its generators are unwound and queued functions never start. An async function
 * has the context to check, and counts until its promise settles.
 *
 *     start ──▶ [ queued ] ──room──▶ active ──body ended──▶ gone ──the last──▶ idle
 *                   └──context ends────┴─▶ unwound ──────────▲
 *
 * Always true: functions are queued only while `limit` goroutines are active, and none is queued once the context has
 * ended and the run queue has come round.
 */
import { Member } from './member.js'
import { causeOf, type Context } from '../interfaces/context.js'
import { failedLate } from '../goroutine/crash.js'
import { passedOn } from '../goroutine/passed-on.js'
import type { Task } from '../goroutine/task.js'
import type { Failure } from '../goroutine/owner.js'
import { isAbort, isEcho } from '../interfaces/echo.js'
import type { Body } from '../interfaces/goroutine.js'
import type { AsyncScope } from '../base/async-scope.js'
import { Ring } from '../base/ring.js'
import { background } from '../context/context.js'
import type { CancelableContext } from '../context/tree.js'
import { spawn } from '../goroutine/goroutine.js'
import { UNWOUND } from '../goroutine/unwind.js'
import { cutOff } from '../operation/cut-off.js'
import { type Operation } from '../operation/operation.js'
import { Reaction, WaitQueue } from '../operation/waiter.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'

/**
 * A function of a group, which receives the group's context.
 * @inline
 */
export type GroupBody<R> = Body<[Context], R>

/** A function that waits for room, and the async context of its submission: in place of the function alone, where contexts are kept. */
interface Queued {
  readonly body: GroupBody<unknown>
  readonly scope: AsyncScope
}

/** A failure of a member: of a goroutine that failed, or of an async function that failed after its cancel. */
interface Unseen {
  readonly goroutine: Task
  readonly error: unknown
}

export abstract class TaskGroup implements Runnable {
  readonly ctx: Context
  limit = Infinity
  active = 0
  /** In order of time. An error that only repeats the end of the context is left out. */
  readonly failures: unknown[] = []
  readonly waiters = new WaitQueue()
  /** The goroutine that cannot end before the functions of the group; null for a group that no job owns. */
  performer: Task | null = null
  /** The end of the context stopped a function, or a function never started because of it. */
  private _cutShort = false
  private _firstMember: Member | null = null
  /** The failures that no wait has thrown, and nobody has reported. */
  private _unseen: Unseen[] = []
  /** The failures of a group that ends at the first: a member that joins another may throw the same again. */
  private _causes: Set<unknown> | null = null
  /** The first failure was the echo of some other end. */
  private _isEnd = false
  /** A wait was withdrawn, and none has begun since. */
  private _isLeft = false
  /** A wait was made, and none has begun since: a failure that none sees is a late failure. */
  private _isMade = false
  private readonly _queued = new Ring<GroupBody<unknown> | Queued>()
  private _begun = 0
  private readonly _args: [Context]

  constructor(
    /** The group's own context; null for a group without an end. */
    private readonly own: CancelableContext | null,
    /** The first failure ends the context. */
    private readonly stopsAtFailure: boolean,
  ) {
    this.ctx = own ?? background
    this._args = [this.ctx]
    if (own === null) return
    const done = own.done() as Operation<void> // the package makes `own`, so `done` is an Operation
    // The run queue delivers grants of the ended context first: a member that watches `ctx.done()` resumes, and is
    // unwound at its next step.
    done.park(
      new Reaction(() => {
        if (!this.isIdle) queue.push(this)
      }),
    )
  }

  /** A member has returned a value; `index` is its position among the functions started. */
  protected abstract returned(index: number, value: unknown): void
  /** The last member has gone, and there are waiters. */
  protected abstract becameIdle(): void

  get isIdle(): boolean {
    return this.active === 0 && this._queued.size === 0
  }

  get queued(): number {
    return this._queued.size
  }

  get hasRoom(): boolean {
    return this.active < this.limit && this._queued.size === 0
  }

  /** The context has ended: nothing starts any more. */
  get hasEnded(): boolean {
    return this.own !== null && this.own.err()._tag === 'Some'
  }

  /**
   * Starts a function, or queues it; returns its goroutine where it was started. Arguments and a name of its own are for
   * groups without a limit, as the queue does not keep them.
   */
  start(body: GroupBody<unknown>, name: string | null = null, args = this._args): Task | null {
    if (this.hasEnded) this._cutShort = true
    else if (this.hasRoom) return this._begin(body, name, args)
    else {
      queue.order?.release(this, 'start')
      this._queued.push(queue.captureScope === null ? body : { body, scope: queue.captureScope() })
    }
    return null
  }

  /** Starts queued functions as far as the limit allows; drops them if the context has ended. */
  admit(): void {
    if (this.hasEnded) this._dropQueued()
    while (this.active < this.limit) {
      const next = this._queued.shift()
      if (next === undefined) break
      if (typeof next === 'function') this._beginQueued(next)
      else next.scope.runInAsyncScope(() => this._beginQueued(next.body))
    }
    if (this.isIdle && this.waiters.first !== null) this.becameIdle()
  }

  /** The context has ended. */
  run(): void {
    for (const member of this._members()) member.unwind()
    this.admit()
  }

  /** Returns whether the group keeps the failure for a wait. */
  memberEnded(member: Member, failure: Failure | null, value: unknown): boolean {
    queue.order?.release(this, 'end')
    this.active--
    if (member.previous === null) this._firstMember = member.next
    else member.previous.next = member.next
    if (member.next !== null) member.next.previous = member.previous
    member.previous = member.next = null // a handle of this goroutine keeps none of the others
    let isKept = true
    if (failure !== null)
      isKept = this.failed(failure, member.goroutine as Task) // a member that has ended was started
    else if (value !== UNWOUND) this.returned(member.index, value)
    else if (this.hasEnded) this._cutShort = true
    this.admit()
    return isKept
  }

  /** Ends the context: all work is done, or what is left is to stop, for this cause. */
  end(cause?: unknown): void {
    this.own?.cancel(cause, true)
  }

  /**
   * Ends the context, and waits until the generators of all members are unwound. Async functions go on to their end.
   * Throws the failure of a clean-up where nothing has failed before.
   */
  *stopped(cause?: unknown): Generator<never, void> {
    const hadFailed = this.failures.length > 0
    this.waitBegins()
    yield* this._unwound(cause)
    this._reportUnseen(hadFailed ? 0 : 1)
    this._isLeft = true // an async function may fail after this
    if (!hadFailed && this.failures.length > 0) throw passedOn(this.failures[0], this._isEnd)
  }

  private *_unwound(cause: unknown): Generator<never, void> {
    this.end(cause)
    const members = this._members()
    for (const { goroutine } of members) goroutine?.cancel(cause) // all at once: those that have not started never start
    // The failure of a member is kept by the group, or reported.
    for (const { goroutine } of members) if (goroutine?.hasEnded === false) yield* goroutine.join().attempt()
    queue.order?.acquire(this, 'end') // also of members that had ended before
  }

  /** For `await using`: gives the group up, and waits until its generators are unwound. */
  async disposed(): Promise<void> {
    this.waitLeaves()
    this._dropQueued()
    for (const { goroutine } of this._members()) goroutine?.cancel()
    await spawn(() => this._unwound(undefined), [], null, 'asyncDispose').join()
  }

  throwFailure(wait: { describe(): string }): void {
    this._isMade = false
    if (this.failures.length > 0) throw this.thrown(this.failures[0], this._isEnd)
    if (this._cutShort) throw cutOff(this.ctx, wait, true)
  }

  /** Returns the error that a wait throws. */
  protected thrown(failure: unknown, isEnd = false): unknown {
    this._see()
    this._unseen = []
    return passedOn(failure, isEnd)
  }

  /** A wait was made. If none begins, the failures from now on are late failures. */
  waitMade(): void {
    if (this.waiters.first === null) this._isMade = true
  }

  /** A wait begins. */
  waitBegins(): void {
    this._isLeft = this._isMade = false
    this._see()
  }

  private _see(): void {
    for (const { goroutine } of this._unseen) goroutine.see()
  }

  /** A wait was withdrawn. Without another wait the failures are late failures. */
  waitLeaves(): void {
    this._isLeft = this.waiters.first === null
    if (this._isLeft) this._reportUnseen()
  }

  private _reportUnseen(from = 0): void {
    this._see()
    const unseen = this._unseen.slice(from)
    this._unseen = []
    for (const { goroutine, error } of unseen) {
      goroutine.receive(error) // it is the cause of the end of this group's context, and no echo
      failedLate(error, goroutine)
    }
  }

  /** A member has failed. Returns whether the group keeps the failure, for a wait. */
  protected failed({ error, isEnd = false }: Failure, goroutine: Task): boolean {
    const { hasEnded } = this
    if (hasEnded && this._isEcho(error, goroutine)) {
      this._cutShort = true
      return true
    }
    if (this.failures.length === 0) this._isEnd = isEnd
    this.failures.push(error)
    if (this.stopsAtFailure) (this._causes ??= new Set()).add(error)
    if (!hasEnded && !isEnd && (this._isLeft || this._isMade)) goroutine.receive(error) // it may be a cause, and is no echo
    const isLate = this._isLeft || (this.stopsAtFailure && this.failures.length > 1)
    if (isLate) failedLate(error, goroutine)
    else if (!isEnd) this._unseen.push({ goroutine, error })
    if (this.stopsAtFailure) this.own?.cancel(error, true)
    if (isLate || !this._isMade) return true
    goroutine.leave()
    return false
  }

  /** The members of now: a member that ends leaves the list. */
  private _members(): Member[] {
    const members: Member[] = []
    for (let member = this._firstMember; member !== null; member = member.next) members.push(member)
    return members
  }

  /** A failure that a wait threw in the goroutine is no echo, even if it is the cause of an end. */
  private _isEcho(error: unknown, goroutine: Task): boolean {
    return this._isRepeated(error) || ((isEcho(error) || isAbort(error)) && !goroutine.hasReceived(error))
  }

  /** True for the cause of the end of the context, and for a failure that another member has passed on. */
  private _isRepeated(error: unknown): boolean {
    return Object.is(error, causeOf(this.ctx)) || (this._causes !== null && this._causes.has(error))
  }

  private _dropQueued(): void {
    while (this._queued.shift() !== undefined) this._cutShort = true
  }

  private _beginQueued(body: GroupBody<unknown>): void {
    const task = this._begin(body, null, this._args)
    queue.order?.acquire(this, 'start', task)
  }

  private _begin(body: GroupBody<unknown>, name: string | null, args: [Context]): Task {
    const { _firstMember: first } = this
    const member = new Member(this, this._begun++)
    this.active++
    member.next = first
    if (first !== null) first.previous = member
    this._firstMember = member
    return (member.goroutine = spawn(body, args, member, name))
  }
}
