/**
 * A contest: functions run at the same time until one outcome decides. The others are then canceled, unwound and waited
 * for.
 *
 *     running ──decide──▶ decided ──the last is unwound──▶ over
 *        └────parent ends──────┴─────────────▲
 *
 * Always true: the context of the group has ended once the contest is decided. A failure from then on is a late
 * failure, or the echo of that end.
 */
import { OwnedGroup, withGroup } from './owned-group.js'
import type { GroupBody } from './task-group.js'
import { left, right, type Either } from '../base/option.js'
import { failedAfterCancel, failedLate, failureOf } from '../goroutine/crash.js'
import { performed, Work } from '../goroutine/job.js'
import { passedOn } from '../goroutine/passed-on.js'
import type { Task } from '../goroutine/task.js'
import type { Context } from '../interfaces/context.js'
import type { Job } from '../interfaces/job.js'
import { endOf } from '../operation/cut-off.js'
import { queue } from '../scheduler/run-queue.js'

export class Contest<R> extends OwnedGroup {
  private _outcome: Either<unknown, R> | null = null
  /** The goroutine whose failure decided, until the performer receives that failure. */
  private _failed: Task | null = null

  /** Starts a function; its success decides. `failed` receives its failure while nothing is decided. */
  enter(body: GroupBody<R>, failed: (cause: unknown) => void): void {
    this.start((ctx) => this._run(() => body(ctx), failed), body.name || null)
  }

  /** Decides by a failure. */
  fail(cause: unknown): void {
    this._decide(left(cause))
  }

  /** Waits until the contest is over. Throws the failure that decided, or the cause of the parent's end. */
  *result(): Generator<never, R> {
    yield* this.wait().attempt()
    const outcome = this._outcome
    if (outcome === null) throw endOf(this.ctx)
    const failed = this._failed
    this._failed = null
    if (outcome._tag === 'Left') throw passedOn(outcome.left, failed === null)
    return outcome.right
  }

  /** Where the performer was canceled after a failure had decided, that is a late failure. */
  override *stopped(cause?: unknown): Generator<never, void> {
    yield* super.stopped(cause)
    const { _failed: failed, _outcome: outcome } = this
    if (failed === null || outcome?._tag !== 'Left') return
    failed.receive(outcome.left) // it is the cause of the end of this contest's context, and no echo
    failedLate(outcome.left, failed)
  }

  private *_run(begin: () => ReturnType<GroupBody<R>>, failed: (cause: unknown) => void): Generator<never, void> {
    let value: R
    try {
      value = yield* performed<R>(begin())
    } catch (cause) {
      const running = queue.running as Task // only goroutines run there
      if (this.hasEnded) return failedAfterCancel(cause, running)
      if (!failureOf(running, cause).isEnd) this._failed = running
      return failed(cause)
    }
    this._decide(right(value))
  }

  private _decide(outcome: Either<unknown, R>): void {
    if (this.hasEnded) return
    this._outcome = outcome
    if (outcome._tag === 'Right') this._failed = null
    this.end(outcome._tag === 'Left' ? outcome.left : undefined)
  }
}

/** A job that is a contest: `begin` enters the functions. */
export function contestJob<R>(name: string, ctx: Context, begin: (contest: Contest<R>) => Generator<never, void>): Job<R> {
  return new Work(name, () =>
    withGroup(ctx, Contest<R>, function* (contest) {
      yield* begin(contest)
      return yield* contest.result()
    }),
  )
}

/** The failures of a contest that ends when all have failed, in the order of the members. */
export class Failures {
  private readonly _causes: unknown[]
  private _count = 0

  constructor(
    private readonly call: string,
    private readonly members: number,
    private readonly contest: Contest<unknown>,
  ) {
    this._causes = new Array<unknown>(members)
  }

  add(i: number, cause: unknown): void {
    this._causes[i] = cause
    if (++this._count === this.members)
      this.contest.fail(new AggregateError(this._causes, `${this.call}: all ${this.members} members failed`))
  }
}
