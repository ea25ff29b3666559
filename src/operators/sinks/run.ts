import { isObservable, Subscription, type Observable } from 'rxjs'
import { uncancelable, type Context, type Goroutine } from '../../runtime/index.js'
import { causeOf, checkContext, mistyped, PENDING, QueuedOperation, spawn, WaitQueue, type Pending } from '../../runtime/internal.js'
import type { DemandOwner } from '../demand/demand.js'
import { stageNotes } from '../demand/intake.js'
import { failedAfterEnd } from '../demand/errors.js'
import { PendingCleanup } from '../demand/pending-cleanup.js'
import { refuse } from '../demand/refused.js'
import { noteInner, scopeOfRun } from '../demand/scope.js'
import { subscribeUntil } from '../demand/upstream.js'

/**
 * A sink that runs a pipeline as a goroutine, and ignores its items.
 *
 * Shape: `join()` waits until the pipeline has completed. Holds no item. Throws the error of the pipeline, or the
 * context's cause when the context ends first. When the context ends, or the goroutine is canceled, the pipeline is
 * unsubscribed from. In each case `join()` settles after the goroutines of the pipeline are unwound, waits in their
 * `finally` blocks included. Throws TypeError for arguments of the wrong type.
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
    noneArrived() {},
    innerBegan: () => noteInner(pipeline),
    stoppedLate() {},
    piledUp: (items) => void notes.see('piled', 'run', items),
  }
}

/** Completes when the pipeline has completed; throws the error that it failed with. */
class Ending extends QueuedOperation<void> {
  protected readonly waiters = new WaitQueue()
  private _end: { readonly hasFailed: boolean; readonly cause: unknown } | null = null

  set(hasFailed: boolean, cause?: unknown): void {
    this._end = { hasFailed, cause }
    this.waiters.settleAll(undefined)
  }
  poll(): void | Pending {
    if (this._end === null) return PENDING
    if (this._end.hasFailed) throw this._end.cause
  }
  override finish(): void {
    this.poll()
  }
  describe(): string {
    return 'pipeline'
  }
}
