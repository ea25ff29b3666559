import { Observable } from 'rxjs'
import { chan, withCancel, type Body, type Context, type Sender } from '../../runtime/index.js'
import { checkFunction, spawn, type Failure } from '../../runtime/internal.js'
import { described } from '../engine/description.js'
import { fromReceiver } from './from-receiver.js'
import { currentScope, under } from '../demand/scope.js'

/**
 * Cold: starts `f(emit, ctx)` as a goroutine for each subscriber. What it sends is emitted at the pace of the demand: `emit.send` waits.
 * Completes when the goroutine ends, fails with its throw. When the subscriber leaves, `ctx` ends and the goroutine is canceled.
 *
 * @example
 * ```ts
 * fromGoroutine<number>(function* (emit) {
 *   for (let i = 0; i < 3; i++) yield* emit.send(i)
 * })
 * ```
 */
export function fromGoroutine<T>(f: Body<[Sender<T>, Context], unknown>): Observable<T> {
  checkFunction('fromGoroutine(f)', f)
  return described(
    new Observable((subscriber) => {
      const scope = currentScope()
      const ctx = withCancel(scope.ctx)
      const emit = chan<T>()
      let failed: Failure | null = null
      const goroutine = spawn(f, [emit, ctx], {
        ended(_, failure) {
          if (emit.closed && !subscriber.closed) return false // it closed `emit` itself, and failed after that
          failed = failure
          if (!emit.closed) emit.close()
          return true // told as the observable's error, or nobody listens any more
        },
      })
      const subscription = under(scope, () =>
        fromReceiver(emit).subscribe({
          next: (value) => subscriber.next(value),
          error: (cause) => subscriber.error(cause),
          complete: () => (failed === null ? subscriber.complete() : subscriber.error(failed.error)),
        }),
      )
      return () => {
        subscription.unsubscribe()
        goroutine.cancel()
        scope.leaving?.add(goroutine)
        ctx.cancel()
      }
    }),
    { name: 'fromGoroutine', holds: 1 },
  )
}
