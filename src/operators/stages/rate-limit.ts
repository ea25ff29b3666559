import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Op } from '../../runtime/index.js'
import { mistyped } from '../../runtime/internal.js'
import { stageNotes, type StageOptions } from '../demand/intake.js'
import { Serial } from '../engine/serial.js'
import { operate } from '../engine/stage.js'

/** What `rateLimit` needs of a limiter; `rateLimiter` makes one. */
export interface Limiter {
  wait(): Op<void>
}

class RateLimit<T> extends Serial<T, T> {
  limiter!: Limiter // set where it is made

  protected operationFor(): Op<void> {
    return this.limiter.wait()
  }
  through(value: T): void {
    this.flow.deliver(value, 1)
  }
}

/**
 * Lets items pass at the pace of the limiter, in order, holding one; the source is paused meanwhile. Several pipelines may share a limiter.
 *
 * @example
 * ```ts
 * fromIterable(urls).pipe(rateLimit(rateLimiter(20, 1)), workerPool(2, fetchOne))
 * ```
 */
export function rateLimit<T>(limiter: Limiter, options?: StageOptions): MonoTypeOperatorFunction<T> {
  // from JavaScript it may be anything
  if (typeof (limiter as Partial<Limiter> | null | undefined)?.wait !== 'function')
    throw mistyped('rateLimit(limiter)', 'a limiter with wait()', limiter)
  const notes = stageNotes('rateLimit', options)
  return operate(notes, 1, (subscriber) => {
    const stage = new RateLimit<T>(subscriber, notes)
    stage.limiter = limiter
    return stage
  })
}
