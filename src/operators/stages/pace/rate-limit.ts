import type { MonoTypeOperatorFunction, Subscriber } from 'rxjs'
import type { Op } from '../../../runtime/index.js'
import { checkMethod } from '../../../runtime/internal.js'
import { stageNotes, type StageNotes, type StageOptions } from '../../demand/intake.js'
import { SerialStage } from '../../engine/serial.js'
import { operate } from '../../engine/stage.js'

/** The part of a limiter that `rateLimit` uses; `rateLimiter` returns one. */
export interface Limiter {
  /** Waits for a token, and takes it. */
  wait(): Op<void>
}

/**
 * Lets an item pass when the limiter grants a token, and pauses the source meanwhile. Several pipelines may share a
 * limiter. The bounded twin of `throttle` and `delay`.
 *
 * Shape: items pass in order. Holds 1 item. Completes when the source has completed and its last item has left. Fails
 * with the error of the source, or of the limiter. A subscriber that leaves gives up the wait for a token. Throws
 * TypeError for an argument that is no limiter.
 *
 * @example
 * ```ts
 * fromIterable(urls).pipe(rateLimit(rateLimiter(20, 1)), workerPool(2, fetchOne))
 * ```
 */
export function rateLimit<T>(limiter: Limiter, options?: StageOptions): MonoTypeOperatorFunction<T> {
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
