import { isObservable, type Observable } from 'rxjs'
import { chan, background, type Context, type Goroutine, type Receiver } from '../../runtime/index.js'
import { checkContext, mistyped, Operation, PENDING, spawn, WaitQueue, type Pending, type Waiter } from '../../runtime/internal.js'
import { Leaving } from '../demand/pending-cleanup.js'
import { StageNotes } from '../demand/intake.js'
import { scopeOfRun, under } from '../demand/scope.js'
import { sendTo } from './send-to.js'

/** Completes when the pipeline has, or throws what it failed with. */
class Ending extends Operation<void> {
  private readonly _waiters = new WaitQueue()
  private _end: { readonly failed: boolean; readonly cause: unknown } | null = null

  set(failed: boolean, cause?: unknown): void {
    this._end = { failed, cause }
    this._waiters.settleAll(undefined)
  }
  poll(): void | Pending {
    if (this._end === null) return PENDING
    if (this._end.failed) throw this._end.cause
  }
  park(waiter: Waiter): void {
    this._waiters.push(waiter)
  }
  withdraw(waiter: Waiter): void {
    this._waiters.remove(waiter)
  }
  override finish(): void {
    this.poll()
  }
  describe(): string {
    return 'pipeline'
  }
}

/** Subscribes under the context, and waits for the end; the subscription is over when this is, and so are the goroutines within it. */
function* running<T>(ctx: Context, pipeline: Observable<T>, next?: (value: T) => void): Generator<never, void> {
  const ending = new Ending()
  const leaving = new Leaving()
  if (ctx.err()._tag === 'Some') yield* ending.within(ctx)
  const notes = new StageNotes('run', 'keep')
  const scope = scopeOfRun(ctx, leaving, {
    depth: 0,
    places: 0,
    noneArrived() {},
    piledUp: (items) => void notes.see('piled', 'run', items),
    stoppedLate() {},
  })
  const { demand } = scope
  const subscription = under(scope, () =>
    pipeline.subscribe({
      next(value) {
        demand.unseen = 0 // it has arrived
        next?.(value)
      },
      error: (cause) => ending.set(true, cause),
      complete: () => ending.set(false),
    }),
  )
  try {
    yield* ending.within(ctx)
  } finally {
    subscription.unsubscribe()
    yield* leaving.wait(ctx)
  }
}

function* collecting<T>(ctx: Context, pipeline: Observable<T>): Generator<never, T[]> {
  const items: T[] = []
  yield* running(ctx, pipeline, (value) => items.push(value))
  return items
}

function checkPipeline(where: string, pipeline: unknown): void {
  if (!isObservable(pipeline)) throw mistyped(where, 'an Observable', pipeline)
}

/**
 * Runs a pipeline as a goroutine. `join()` waits until it completes; it throws what the pipeline failed with, or the context's cause when that
 * ended first. When the context ends, or the goroutine is canceled, the pipeline is unsubscribed from. In each case `join()` settles when the
 * goroutines of the pipeline are unwound, the waits in their `finally` blocks included.
 *
 * @example
 * ```ts
 * await run(ctx, fromReceiver(jobs).pipe(workerPool(5, work), sendTo(results, { close: true }))).join()
 * ```
 */
export function run(ctx: Context, pipeline: Observable<unknown>): Goroutine<void> {
  checkContext('run(ctx, pipeline)', ctx)
  checkPipeline('run(ctx, pipeline)', pipeline)
  return spawn(running, [ctx, pipeline], null)
}

/** As `run`, and joins to all that the pipeline emitted: for what is known to be small. */
export function collect<T>(ctx: Context, pipeline: Observable<T>): Goroutine<T[]> {
  checkContext('collect(ctx, pipeline)', ctx)
  checkPipeline('collect(ctx, pipeline)', pipeline)
  return spawn(collecting<T>, [ctx, pipeline], null)
}

export interface ToReceiverOptions {
  /** Items that wait in the channel before the pipeline pauses; 0 for none. */
  readonly capacity: number
  /** Ends the pipeline; the receiver then throws its cause. */
  readonly ctx?: Context
}

/**
 * Runs a pipeline and answers a receiver of what it emits, at the pace of the receiver: it pauses while `capacity` items wait. Closed when the
 * pipeline completes, with the cause when it fails. Starts soon; end it by the context.
 *
 * @example
 * ```ts
 * for await (const item of toReceiver(pipeline, { capacity: 16, ctx })) use(item)
 * ```
 */
export function toReceiver<T>(pipeline: Observable<T>, { capacity, ctx = background }: ToReceiverOptions): Receiver<T> {
  checkContext('toReceiver(pipeline, { ctx })', ctx)
  checkPipeline('toReceiver(pipeline)', pipeline)
  const items = chan<T>(capacity)
  spawn(running, [ctx, pipeline.pipe(sendTo(items, { close: true, name: 'toReceiver' }))], {
    ended(_, failure) {
      if (!items.closed) items.close(failure?.error)
      return true // told to the receiver
    },
  })
  return items
}
