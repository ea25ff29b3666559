import type { OperatorFunction } from 'rxjs'
import type { Context } from '../../../runtime/index.js'
import { checkCount, checkFlag, checkFunction, checkOneOf, mistyped, outOfRange } from '../../../runtime/internal.js'
import { described } from '../../demand/scope.js'
import { operate } from '../../engine/stage.js'
import type { Work } from '../../engine/worker-slot.js'
import { workerPlan, type FailureOptions, type WorkerPlan } from '../../engine/worker-stage.js'
import { AdaptivePool, type AdaptiveLimit } from './adaptive-pool.js'
import { Pool } from './pool.js'

/** Options of `workerPool`. */
export interface WorkerPoolOptions extends FailureOptions {
  /** Results leave in the order of their items; default: as they are ready. */
  readonly ordered?: boolean
}

/**
 * `n` workers over the items. `work` receives the item and a context that ends when the subscriber leaves, and returns
 * a value, a promise, an operation, a generator (run as a goroutine) or an observable. The bounded twin of `mergeMap(f,
 * n)`, whose backlog has no bound.
 *
 * Shape: one result for each item, or every item of the observable that `work` returns; as they are ready, or with
 * `ordered` in the order of the items. Holds `n` items: an item has its slot until its result has left, and the source
 * pauses while all slots are in use. An observable that emits a second result while its first waits for demand is
 * reported to `onUnpaced`. Completes when the source has completed and every result has left. Fails with the first
 * error of `work`, unless `onFailure` or `catchTo` below decides otherwise; the context ends then, goroutines are
 * canceled, and other work is forgotten. So it is when the subscriber leaves. Throws RangeError for an `n` that is no
 * whole number from 1 up.
 *
 * With `{ min, max, by }` in place of `n` the pool finds the number of its workers: it begins with `min`, adds a
 * worker after each round without a sign of too much load, and halves the number at such a sign: a failure, or with
 * `by: 'latency'` a round that takes twice as long as the fastest of late. A failure with a `retryAfter` (seconds, or
 * a date) or a Retry-After header also holds all further work until then. Holds `max` items; a meter above shows the
 * number as `places`. A failure ends the pipeline all the same, unless `onFailure`, `retryEach` or `catchTo` decides
 * otherwise.
 *
 * @example
 * ```ts
 * fromIterable(urls).pipe(workerPool(5, async (url, ctx) => (await fetch(url, { signal: ctx.signal })).status))
 * ```
 */
export function workerPool<T, R>(
  n: number | AdaptiveLimit,
  work: (value: T, ctx: Context) => Work<R>,
  options?: WorkerPoolOptions,
): OperatorFunction<T, R> {
  const most = typeof n === 'object' ? checkLimit(n) : n
  checkCount('workerPool(n)', 1, most)
  checkFunction('workerPool(n, work)', work)
  const plan = workerPlan({ operator: 'workerPool', own: ['ordered'] }, most, work, options)
  checkFlag('workerPool(n, work, { ordered })', options?.ordered)
  const isOrdered = options?.ordered === true
  if (typeof n === 'object') return adaptive(plan, isOrdered, n)
  return operate(plan.notes, n, (subscriber) => new Pool(subscriber, plan, isOrdered))
}

/** Checks the limit, and returns its `max`. */
function checkLimit(limit: AdaptiveLimit): number {
  const given: unknown = limit // from JavaScript it may be anything
  if (given === null || Array.isArray(given) || !('min' in limit))
    throw mistyped('workerPool(n)', 'a whole number from 1 up, or { min, max, by }', limit)
  const { min, max, by } = limit
  checkCount('workerPool({ min })', 1, min)
  checkCount('workerPool({ max })', 1, max)
  if (max < min) throw outOfRange('workerPool({ max })', `a whole number from min, ${min}, up`, max)
  checkOneOf('workerPool({ by })', ['latency', 'errors'], by)
  return max
}

function adaptive<T, R>(plan: WorkerPlan<T, R>, isOrdered: boolean, limit: AdaptiveLimit): OperatorFunction<T, R> {
  const { notes, slots } = plan
  const policy = `adaptive from ${limit.min} by ${limit.by}${notes.overflow === 'keep' ? '' : `, ${notes.overflow}`}`
  return (source) =>
    described<R>({ name: notes.name, holds: slots, policy, source, notes }, (subscriber) =>
      new AdaptivePool(subscriber, plan, isOrdered, limit).flow.connect(source),
    )
}
