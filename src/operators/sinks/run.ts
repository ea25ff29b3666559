import { isObservable, Subscription, type Observable } from 'rxjs'
import { fromPromise, uncancelable, type Context, type Goroutine } from '../../runtime/index.js'
import {
  causeOf,
  checkContext,
  failedLate,
  mistyped,
  PENDING,
  QueuedOperation,
  spawn,
  WaitQueue,
  type Failure,
  type Operation,
  type Pending,
  type Spawned,
} from '../../runtime/internal.js'
import type { DemandOwner } from '../demand/demand.js'
import { PileUp, stageNotes } from '../demand/unpaced.js'
import { failedAfterEnd, failedGivenUp } from '../demand/errors.js'
import { refuse } from '../demand/refused.js'
import { descriptionOf, scopeOfRun, type CleanupList } from '../demand/scope.js'
import { subscribeUntil } from '../demand/intake.js'

/**
 * A sink that runs a pipeline as a goroutine, and ignores its items.
 *
 * Shape: `join()` waits until the pipeline has completed. Holds no item. Throws the error of the pipeline, or the
 * context's cause when the context ends first. When the context ends, or the goroutine is canceled, the pipeline is
 * unsubscribed from. In each case `join()` settles after the goroutines of the pipeline are unwound, waits in their
 * `finally` blocks included, and its async iterators are closed: see `fromIterable`. Throws TypeError for arguments of the wrong type.
 *
 * @example
 * ```ts
 * await run(ctx, fromReceiver(jobs).pipe(workerPool(5, work), sendTo(results, { close: true }))).join()
 * ```
 */
export function run(ctx: Context, pipeline: Observable<unknown>): Goroutine<void> {
  checkContext('run(ctx, pipeline)', ctx)
  checkPipeline('run(ctx, pipeline)', pipeline)
  return spawn(running, [ctx, pipeline], null, 'running')
}

export function checkPipeline(where: string, pipeline: unknown): void {
  if (!isObservable(pipeline)) throw mistyped(where, 'an Observable', pipeline)
}

/** Subscribes under the context and waits for the end. The subscription and its goroutines end with this goroutine. */
export function* running<T>(ctx: Context, pipeline: Observable<T>, next?: (value: T) => void): Generator<never, void> {
  const ending = new Ending()
  const cleanup = new PendingCleanup()
  if (ctx.err()._tag === 'Some') {
    refuse(pipeline, { error: causeOf(ctx) })
    yield* ending.within(ctx)
  }
  const scope = scopeOfRun(ctx, cleanup, demandOwner(pipeline))
  const { demand } = scope
  const subscription = new Subscription()
  subscribeUntil(subscription, scope, pipeline, {
    next(value) {
      demand.unseen = 0 // the item has arrived
      next?.(value)
    },
    error: (cause) => {
      cleanup.failure = { error: cause }
      ending.set(true, cause)
    },
    complete: () => ending.set(false),
  })
  try {
    yield* ending.within(ctx)
  } finally {
    try {
      subscription.unsubscribe()
    } catch (cause) {
      failedAfterEnd(cause, 'a finalizer of the run')
    } finally {
      ending.lost()
      yield* uncancelable(cleanup.wait())
    }
  }
}

/** A run takes every item, so only a pile-up inside an operator is reported. */
function demandOwner(pipeline: Observable<unknown>): DemandOwner {
  const notes = stageNotes('run')
  return {
    depth: 0,
    slots: 0,
    saw: (sign, items) => (sign === 'piled' ? notes.see(sign, 'run', items) : null),
    innerBegan(demand) {
      noteInner(pipeline)
      return new PileUp(demand)
    },
  }
}

/** Operators of RxJS straight under a run, in which a run has met inner sources. */
const withInner = new WeakSet<object>()

/** The pipeline has inner sources below its last stage or source. */
function noteInner(pipeline: Observable<unknown>): void {
  if (descriptionOf(pipeline) === undefined) withInner.add(pipeline)
}

export function hasInner(pipeline: Observable<unknown>): boolean {
  return withInner.has(pipeline)
}

/**
 * The goroutines of a pipeline that were canceled and may still be in their `finally` blocks, and its async iterators
 * that return. A run waits for them before it ends.
 *
 * Always true: a goroutine in the list was canceled by the source or worker slot that added it, and has not ended, and an
 * iterator has not returned: a run that lasts for days keeps none that has.
 */
class PendingCleanup implements CleanupList {
  failure: Failure | null = null
  private readonly _goroutines = new Set<Spawned>()
  private readonly _closing = new Set<Promise<unknown>>()
  private readonly _over = new Set<() => void>()

  /** A goroutine that throws while it unwinds has no other joiner left: that is a late failure. */
  add(goroutine: Spawned): void {
    if (goroutine.hasEnded || this._goroutines.has(goroutine)) return
    this._goroutines.add(goroutine)
    const join = goroutine.join() as Operation<unknown> // every Op of Millrace is an Operation
    join.subscribe({
      next: () => this._goroutines.delete(goroutine),
      error: (cause) => {
        this._goroutines.delete(goroutine)
        failedLate(cause, goroutine)
      },
    })
  }

  closing(end: Promise<unknown>): void {
    this._closing.add(end)
    void end.then(() => this._closing.delete(end))
  }

  over(f: () => void): () => void {
    this._over.add(f)
    return () => this._over.delete(f)
  }

  *wait(): Generator<never, void> {
    for (const f of this._over) f()
    for (const goroutine of this._goroutines) yield* goroutine.join().attempt()
    for (const end of this._closing) yield* fromPromise(end)
  }
}

/** Completes when the pipeline has completed; throws the error that it failed with. */
class Ending extends QueuedOperation<void> {
  protected readonly waiters = new WaitQueue()
  private _end: { readonly hasFailed: boolean; readonly cause: unknown } | null = null
  private _isThrown = false

  set(hasFailed: boolean, cause?: unknown): void {
    this._end = { hasFailed, cause }
    this.waiters.settleAll(undefined)
  }
  poll(): void | Pending {
    if (this._end === null) return PENDING
    if (!this._end.hasFailed) return
    this._isThrown = true
    throw this._end.cause
  }
  /** The run ends. Where it ends for another reason, the error of the pipeline is a late failure. */
  lost(): void {
    if (this._end?.hasFailed === true && !this._isThrown) failedGivenUp(this._end.cause, 'run')
  }
  override finish(): void {
    this.poll()
  }
  describe(): string {
    return 'pipeline'
  }
}
