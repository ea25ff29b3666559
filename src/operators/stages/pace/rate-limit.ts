import type { MonoTypeOperatorFunction, Subscriber } from 'rxjs'
import type { Op } from '../../../runtime/index.js'
import { checkMethod, checkOptions } from '../../../runtime/internal.js'
import { stageNotes, type StageNotes, type StageOptions } from '../../demand/unpaced.js'
import { SerialStage } from '../../engine/serial.js'
import { operate } from '../../engine/stage.js'
import { limitByKey, type KeyedLimitOptions } from './keyed-limit.js'

/** The part of a limiter that `rateLimit` uses; `rateLimiter` returns one. */
export interface Limiter {
  /** Waits for a token, and takes it. */
  wait(): Op<void>
}

/**
 * Lets an item pass when the limiter grants a token, and pauses the source meanwhile. Several pipelines may share a
 * limiter. The bounded twin of `throttle` and `delay`.
 *
 * With `by` each key has a limiter of its own, which `limiterOf` makes at its first item: the items of a key pass in
 * order, and a key that waits does not block the others while fewer than `waiting` items wait. The limiters live as
 * long as the operator, and not only for a subscription, so a retry does not begin the limits anew.
 *
 * Shape: items pass in order, with `by` in the order of each key. Holds 1 item, with `by` `waiting` items. Completes
 * when the source has completed and its last item has left. Fails with the error of the source, or of the limiter. A
 * subscriber that leaves gives up the wait for a token. Throws TypeError for an argument that is no limiter.
 *
 * @example
 * ```ts
 * fromIterable(urls).pipe(rateLimit(rateLimiter(20, 1)), workerPool(2, fetchOne))
 * fromReceiver(events).pipe(rateLimit(() => rateLimiter(20, 5), { by: ({ user }) => user }), workerPool(2, work))
 * ```
 */
export function rateLimit<T>(limiter: Limiter, options?: StageOptions): MonoTypeOperatorFunction<T>
export function rateLimit<T, K>(limiterOf: (key: K) => Limiter, options: KeyedLimitOptions<T, K>): MonoTypeOperatorFunction<T>
export function rateLimit<T, K>(
  limiter: Limiter | ((key: K) => Limiter),
  options?: StageOptions | KeyedLimitOptions<T, K>,
): MonoTypeOperatorFunction<T> {
  checkOptions('rateLimit(limiter)', options)
  if (options !== undefined && 'by' in options) return limitByKey(limiter as (key: K) => Limiter, options) // checked there
  return limitAll(limiter as Limiter, options) // checked there
}

function limitAll<T>(limiter: Limiter, options: StageOptions | undefined): MonoTypeOperatorFunction<T> {
  checkMethod('rateLimit(limiter)', 'a limiter with wait()', limiter, 'wait')
  const notes = stageNotes('rateLimit', options)
  return operate(notes, 1, (subscriber) => new RateLimit<T>(subscriber, notes, limiter))
}

class RateLimit<T> extends SerialStage<T, T> {
  constructor(
    subscriber: Subscriber<T>,
    notes: StageNotes,
    private readonly _limiter: Limiter,
  ) {
    super(subscriber, notes)
  }

  protected operationFor(): Op<void> {
    return this._limiter.wait()
  }

  performed(value: T): void {
    this.flow.deliver(value, 1)
  }
}
