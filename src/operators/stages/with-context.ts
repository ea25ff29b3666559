import { Observable, type MonoTypeOperatorFunction } from 'rxjs'
import type { Context, Op } from '../../runtime/index.js'
import { causeOf, checkContext, isOperation, mistyped, type Operation } from '../../runtime/internal.js'
import type { Receiver } from '../../runtime/index.js'
import { described } from '../engine/description.js'
import { Outlet } from '../demand/downstream.js'
import { under } from '../demand/scope.js'

/**
 * The context holds for everything above: sources and workers there get it, or one derived from it. When it ends, so does the pipeline, with
 * an error: the context's cause. Where it has ended already, the source is never subscribed to.
 *
 * @example
 * ```ts
 * fromReceiver(jobs).pipe(workerPool(5, work), withContext(ctx))
 * ```
 */
export function withContext<T>(ctx: Context): MonoTypeOperatorFunction<T> {
  checkContext('withContext(ctx)', ctx)
  return (source) =>
    described(
      new Observable((subscriber) => {
        const outlet = new Outlet(subscriber, false)
        if (ctx.err()._tag === 'Some') {
          outlet.error(causeOf(ctx))
          return
        }
        subscriber.add(
          stopAt(
            ctx.done(),
            () => outlet.error(causeOf(ctx)),
            (cause) => outlet.error(cause),
          ),
        )
        if (subscriber.closed) return
        subscriber.add(under({ ...outlet.scope, ctx }, () => source.subscribe(subscriber)))
      }),
      { name: 'withContext', holds: 0, source },
    )
}

/**
 * Passes items on until `stop` is ready, then completes: an operation, a receiver (its next value, which is taken, or its closing), or the end of
 * a context. Does not wait for demand. Where `stop` is ready already, the source is never subscribed to. A throw of the operation is the
 * pipeline's error. Unlike `takeUntil(fromReceiver(stop))` it stops a pipeline that is full.
 *
 * @example
 * ```ts
 * fromReceiver(jobs).pipe(until(quit))
 * ```
 */
export function until<T>(stop: Op<unknown> | Receiver<unknown> | Context): MonoTypeOperatorFunction<T> {
  const operation = toOperation(stop)
  return (source) =>
    described(
      new Observable((subscriber) => {
        const outlet = new Outlet(subscriber, false)
        subscriber.add(
          stopAt(
            operation(),
            () => outlet.complete(),
            (cause) => outlet.error(cause),
          ),
        )
        if (subscriber.closed) return
        subscriber.add(under(outlet.scope, () => source.subscribe(subscriber)))
      }),
      { name: 'until', holds: 0, source },
    )
}

function stopAt(operation: Op<unknown>, stop: () => void, fail: (cause: unknown) => void): () => void {
  // every Op of ours is one
  const subscription = (operation as Operation<unknown>).subscribe({ next: stop, error: fail })
  return () => subscription.unsubscribe()
}

function toOperation(stop: unknown): () => Op<unknown> {
  if (isOperation(stop)) return () => stop
  // from JavaScript it may be anything
  const it = stop as Partial<Receiver<unknown> & Context> | null | undefined
  // it has the method
  if (typeof it?.receive === 'function') return () => (stop as Receiver<unknown>).receive()
  // it has the method
  if (typeof it?.done === 'function') return () => (stop as Context).done()
  throw mistyped('until(stop)', 'an operation, a Receiver or a Context', stop)
}
