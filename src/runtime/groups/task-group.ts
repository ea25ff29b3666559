/**
 * The goroutines that work for one owner (an errgroup, a pool): at most `limit` at once, the others queued first in, first out. When the
 * context of the crew ends, its generators are unwound and what is queued never starts; async functions have the context to look at, and
 * keep their place until they really end.
 *
 *     start ──▶ [ queued ] ──place free──▶ active ──really ended──▶ left ──the last──▶ idle
 *                   └──────context ends──────┴─▶ unwound ─────────────▲
 *
 * Always true: some are queued only while all places are taken, and none once the context has ended and the run queue has come round.
 */
import { background } from '../context/context.js'
import { spawn, type Body, type Failure, type Owner, type Spawned } from '../goroutine/goroutine.js'
import { causeOf, type Operation } from '../operation/operation.js'
import { Ring } from '../base/ring.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'
import type { CancelContext, Context } from '../interfaces/op.js'
import { UNWOUND } from '../goroutine/unwind.js'
import { Reaction, WaitQueue } from '../operation/waiter.js'

/** What members run: they are given the context of the crew. */
export type Task<R> = Body<[Context], R>

export abstract class Crew implements Runnable {
  readonly ctx: Context
  limit = Infinity
  active = 0
  /** In the order they came; those that only pass on why the context ended are left out. */
  readonly failures: unknown[] = []
  readonly waiters = new WaitQueue()
  /** The end of the context kept some from their work. */
  private _cutShort = false
  private _first: Member | null = null
  private readonly _queued = new Ring<Task<unknown>>()
  private _begun = 0
  private readonly _args: [Context]

  constructor(
    /** Its own context, if it has one that can end. */
    private readonly own: CancelContext | null,
    /** The first failure ends the context. */
    private readonly stopsAtFailure: boolean,
  ) {
    this.ctx = own ?? background
    this._args = [this.ctx]
    if (own === null) return
    const done = own.done() as Operation<void> // it is one of ours
    // What the context's end grants to members comes first: one that watches `ctx.done()` still gets it, and is unwound at its next step.
    done.park(
      new Reaction(() => {
        if (!this.isIdle) queue.push(this)
      }),
    )
  }

  /** What a member answered, in its place among the tasks. */
  protected abstract result(index: number, value: unknown): void
  /** Some wait, and nobody is left. */
  protected abstract idle(): void

  get isIdle(): boolean {
    return this.active === 0 && this._queued.size === 0
  }

  get queued(): number {
    return this._queued.size
  }

  get hasPlace(): boolean {
    return this.active < this.limit && this._queued.size === 0
  }

  start(task: Task<unknown>): void {
    if (this._hasEnded) this._cutShort = true
    else if (this.hasPlace) this._begin(task)
    else this._queued.push(task)
  }

  /** Places may have become free. */
  admit(): void {
    if (this._queued.size > 0) {
      const dropAll = this._hasEnded
      if (dropAll) this._cutShort = true
      while (this._queued.size > 0 && (dropAll || this.active < this.limit)) {
        const task = this._queued.shift() as Task<unknown> // one is there
        if (!dropAll) this._begin(task)
      }
    }
    if (this.isIdle && this.waiters.first !== null) this.idle()
  }

  /** The context has ended. */
  run(): void {
    for (let member = this._first; member !== null; member = member.next) member.unwind()
    this.admit()
  }

  memberEnded(member: Member, failure: Failure | null, value: unknown): void {
    this.active--
    if (member.previous === null) this._first = member.next
    else member.previous.next = member.next
    if (member.next !== null) member.next.previous = member.previous
    if (failure !== null) this._failed(failure.error)
    else if (value !== UNWOUND) this.result(member.index, value)
    else if (this._hasEnded) this._cutShort = true
    this.admit()
  }

  /** All is done, and with it the context. */
  end(): void {
    this.own?.cancel()
  }

  throwFailure(): void {
    if (this.failures.length > 0) throw this.failures[0]
    if (this._cutShort) throw causeOf(this.ctx)
  }

  private _failed(error: unknown): void {
    if (this.failures.length > 0 && this._hasEnded && error === causeOf(this.ctx)) return
    this.failures.push(error)
    if (this.stopsAtFailure) this.own?.cancel(error)
  }

  private _begin(task: Task<unknown>): void {
    const { _first: first } = this
    const member = new Member(this, this._begun++)
    this.active++
    member.next = first
    if (first !== null) first.previous = member
    this._first = member
    member.goroutine = spawn(task, this._args, member)
  }

  private get _hasEnded(): boolean {
    return this.own !== null && this.own.err()._tag === 'Some'
  }
}

export class Member implements Owner {
  previous: Member | null = null
  next: Member | null = null
  goroutine: Spawned | null = null

  constructor(
    private readonly crew: Crew,
    /** Which of the tasks it runs: they begin in the order they came. */
    readonly index: number,
  ) {}

  unwind(): void {
    this.goroutine?.cancel(causeOf(this.crew.ctx)) // an async function goes on, and keeps its place until it ends
  }

  ended(_: Spawned, failure: Failure | null, value: unknown): boolean {
    this.crew.memberEnded(this, failure, value)
    return true // the failure is the crew's
  }
}
