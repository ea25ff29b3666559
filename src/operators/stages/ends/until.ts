import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Context, Op, Receiver } from '../../../runtime/index.js'
import { checkOperation, isOperation, mistyped, type Operation } from '../../../runtime/internal.js'
import { refuse } from '../../demand/refused.js'
import { described, Downstream, under } from '../../demand/scope.js'

/**
 * Passes items until `stop` is ready, then completes. `stop` is an operation, a receiver (its next value, which is
 * taken, or its closing), or a context (its end). Unlike `takeUntil(fromReceiver(stop))`, it does not wait for demand,
 * so it stops a pipeline that is full.
 *
 * Shape: items pass at once. Holds no item. Completes with `stop` or its source; where `stop` is ready already, the
 * source is never subscribed to. Fails with the error of the source or the operation. A subscriber that leaves
 * withdraws the operation. Throws TypeError for another `stop`.
 *
 * @example
 * ```ts
 * fromReceiver(jobs).pipe(until(quit))
 * ```
 */
export function until<T>(stop: Op<unknown> | Receiver<unknown> | Context): MonoTypeOperatorFunction<T> {
  const stopping = operationOf(stop)
  return (source) =>
    described<T>({ name: 'until', holds: 0, source }, (subscriber) => {
      const downstream = new Downstream(subscriber, false)
      const wait = stopping().subscribe({ next: () => downstream.complete(), error: (cause) => downstream.error(cause) })
      subscriber.add(() => wait.unsubscribe())
      if (subscriber.closed) refuse(source, null)
      else subscriber.add(under(downstream.scope, () => source.subscribe(subscriber)))
    })
}

function operationOf(stop: unknown): () => Operation<unknown> {
  if (isOperation(stop)) return () => stop
  const { receive, done } = (stop ?? {}) as Partial<Receiver<unknown> & Context> // a caller in JavaScript may pass any value
  if (typeof receive === 'function') return () => checkOperation('until: receive()', receive.call(stop))
  if (typeof done === 'function') return () => checkOperation('until: done()', done.call(stop))
  throw mistyped('until(stop)', 'an operation, a Receiver or a Context', stop)
}
