import type { Observable } from 'rxjs'
import { chan, withCancel, type Body, type Context, type Sender } from '../../runtime/index.js'
import { causeOf, checkFunction, queue, spawn, type Failure } from '../../runtime/internal.js'
import { failedGivenUp } from '../demand/errors.js'
import { currentScope, described, scopeFor, under } from '../demand/scope.js'
import { fromReceiver } from './from-receiver.js'

/**
 * A cold source: starts `f(emit, ctx)` as a goroutine for each subscriber and emits the values that `f` sends.
 * `emit.send` waits for demand.
 *
 * Shape: one item for each send. Holds 1 item. Completes when the goroutine ends. Fails with the error that it throws.
 * A subscriber that leaves ends `ctx` and cancels the goroutine; `run` waits for its `finally` blocks. In an async
 * function, which cannot be unwound, `emit.send` then throws "send on closed channel", with the cause. Throws TypeError
 * for an argument that is no function.
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
  return described<T>({ name: 'fromGoroutine', holds: 1 }, (subscriber) => {
    const below = currentScope()
    const scope = scopeFor(subscriber)
    const ctx = withCancel(scope.ctx)
    const emit = chan<T>()
    let failed: Failure | null = null
    let left: unknown // the cause with which `emit` closes when the subscriber leaves
    const goroutine = spawn(f, [emit, ctx], {
      ended(_, failure) {
        // `f` closed `emit` itself and failed after that, or the subscriber has left; a send that failed by that is no failure of its own.
        if (emit.isClosed) return left !== undefined && failure?.error instanceof Error && failure.error.cause === left
        failed = failure
        emit.close()
        return true // the subscriber receives the error
      },
    })
    const subscription = under(below, () =>
      fromReceiver(emit).subscribe({
        next: (value) => subscriber.next(value),
        error: (cause) => subscriber.error(cause),
        complete() {
          const failure = failed
          failed = null
          if (failure === null) subscriber.complete()
          else subscriber.error(failure.error)
        },
      }),
    )
    return () => {
      if (failed !== null) failedGivenUp(failed.error, 'fromGoroutine') // it waited for demand
      subscription.unsubscribe()
      goroutine.cancel()
      scope.cleanup?.add(goroutine)
      ctx.cancel()
      left = causeOf(ctx)
      if (!emit.isClosed) leave(emit, left)
    }
  })
}

/** The subscriber has left. An async producer cannot be unwound: its send fails. */
function leave(emit: Sender<never>, cause: unknown): void {
  queue.order?.release(emit, 'leave')
  emit.close(cause)
}
