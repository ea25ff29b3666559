import type { Observable } from 'rxjs'
import { isObservable } from 'rxjs'
import type { Op } from '../../runtime/index.js'
import { mistyped } from '../../runtime/internal.js'

/** How far a consumer is behind. */
export interface Lag {
  /** Messages that the broker has not delivered. */
  readonly waiting: number
  /** Messages that are delivered and not settled. */
  readonly underWay: number
  /** The age of the oldest message that is not settled, in ms; 0 where there is none. */
  readonly oldestMs: number
  /** `waiting + underWay` for each partition. */
  readonly byPartition: readonly number[]
  /**
   * Messages that the broker has deleted before they were settled, by age or size, and that no worker has found; 0 where the broker
   * does not tell.
   */
  readonly missed: number
}

const lags = new WeakMap<object, () => Op<Lag>>()

/** For adapters: the lag of a source. */
export function withLag<T>(source: Observable<T>, read: () => Op<Lag>): Observable<T> {
  lags.set(source, read)
  return source
}

/**
 * How far a source of deliveries is behind, as the broker sees it. Exact while nothing moves. Throws TypeError for another
 * observable; fails as the broker does.
 *
 * @example
 * ```ts
 * const { waiting, underWay } = yield* lag(link.from({ log: 'users' }))
 * ```
 */
export function lag(source: Observable<unknown>): Op<Lag> {
  return checkSource('lag(source)', source)()
}

export function checkSource(where: string, source: Observable<unknown>): () => Op<Lag> {
  const read = isObservable(source) ? lags.get(source) : undefined
  if (read === undefined) throw mistyped(where, 'a source of deliveries', source)
  return read
}
