import type { Observable } from 'rxjs'
import type { Context, Goroutine } from '../../runtime/index.js'
import { checkContext, spawn } from '../../runtime/internal.js'
import { checkPipeline, running } from './run.js'

/**
 * A sink that runs a pipeline as `run` does, and collects its items: for pipelines that are known to be small.
 *
 * Shape: `join()` results in the array of all items, in order. Holds every item, without a bound. Errors, the end of
 * the context and canceling as with `run`; the items are lost then.
 *
 * @example
 * ```ts
 * await collect(ctx, fromIterable([1, 2, 3]).pipe(workerPool(2, (n) => 2 * n, { ordered: true }))).join() // → [ 2, 4, 6 ]
 * ```
 */
export function collect<T>(ctx: Context, pipeline: Observable<T>): Goroutine<T[]> {
  checkContext('collect(ctx, pipeline)', ctx)
  checkPipeline('collect(ctx, pipeline)', pipeline)
  return spawn(collecting<T>, [ctx, pipeline], null, 'collecting')
}

function* collecting<T>(ctx: Context, pipeline: Observable<T>): Generator<never, T[]> {
  const items: T[] = []
  yield* running(ctx, pipeline, (value) => items.push(value))
  return items
}
