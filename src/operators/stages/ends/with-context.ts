import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Context } from '../../../runtime/index.js'
import { causeOf, checkContext, checkOperation } from '../../../runtime/internal.js'
import { refuse } from '../../demand/refused.js'
import { described, Downstream } from '../../demand/scope.js'
import { subscribeUntil } from '../../demand/intake.js'

/**
 * Sets the context of everything above it: sources and workers there receive the context, or a child of it. The end of
 * the context is the end of the pipeline.
 *
 * Shape: items pass at once. Holds no item. Completes with its source, and never after the context has ended. Fails with
 * the context's cause when the context ends; where it has ended already, the source is never subscribed to. A subscriber
 * that leaves leaves the context as it is. Throws TypeError for an argument that is no context.
 *
 * @example
 * ```ts
 * fromReceiver(jobs).pipe(workerPool(5, work), withContext(ctx))
 * ```
 */
export function withContext<T>(ctx: Context): MonoTypeOperatorFunction<T> {
  checkContext('withContext(ctx)', ctx)
  return (source) =>
    described<T>({ name: 'withContext', holds: 0, source }, (subscriber) => {
      const downstream = new Downstream(subscriber, false)
      if (ctx.err()._tag === 'Some') {
        refuse(source, { error: causeOf(ctx) })
        return downstream.error(causeOf(ctx))
      }
      const end = checkOperation('withContext: done()', ctx.done()).subscribe({
        next: () => downstream.error(causeOf(ctx)),
        error: (cause) => downstream.error(cause),
      })
      subscriber.add(() => end.unsubscribe())
      if (!subscriber.closed)
        subscribeUntil(subscriber, { ...downstream.scope, ctx }, source, {
          next: (value) => subscriber.next(value),
          error: (cause) => subscriber.error(cause),
          complete: () => (ctx.err()._tag === 'Some' ? downstream.error(causeOf(ctx)) : subscriber.complete()),
        })
    })
}
