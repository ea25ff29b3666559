import type { Observable } from 'rxjs'
import type { Op } from '../../runtime/index.js'
import { checkOptions, checkTime, time } from '../../runtime/internal.js'
import { checkSource, lag, type Lag } from './lag.js'

/** Options of `health`. */
export interface HealthOptions {
  /** ms without progress, while messages wait or are under way, after which the consumer is not live; default 60,000. */
  readonly stall?: number
  /** The age of the oldest message, in ms, from which the consumer is not ready; default: none. */
  readonly behind?: number
}

/** The health of a consumer. */
export interface Health {
  /** The broker can be asked, and the oldest message is not too old: traffic may be sent here. */
  readonly ready: boolean
  /** Messages are settled, or there are none: a process that is not live is stuck, and is to be started again. */
  readonly live: boolean
  /** Null where the broker cannot be asked. */
  readonly lag: Lag | null
  /** Why the broker cannot be asked. */
  readonly cause?: unknown
}

/**
 * The health of a consumer, in terms of `lag(source)`, for the probes of an orchestrator. Returns a function: each call asks
 * the broker, and compares with the calls before.
 *
 * `live` turns false only where the lag has stood still for `stall` ms, with messages in it: a broker that is away, or
 * a long queue that moves, is no reason to start a process again. Throws TypeError for an observable that is no source
 * of deliveries; an error of the broker is `cause`.
 *
 * @example
 * ```ts
 * const look = health(link.from({ log: 'users' }), { stall: 30_000 })
 * const { ready, live } = yield* look()
 * ```
 */
export function health(source: Observable<unknown>, options?: HealthOptions): () => Op<Health> {
  checkSource('health(source)', source)
  checkOptions('health(source, options)', options, ['stall', 'behind'])
  const { stall = 60_000, behind = Infinity } = options ?? {}
  checkTime('health(source, { stall })', stall)
  checkTime('health(source, { behind })', behind)
  let last: Lag | null = null
  let movedAt = time.timers.now()
  let isLive = true
  const seen = (now: Lag): Health => {
    const isEmpty = now.waiting + now.underWay === 0
    if (last === null || isEmpty || hasMoved(last, now)) movedAt = time.timers.now()
    last = now
    isLive = time.timers.now() - movedAt < stall
    return { ready: now.oldestMs < behind, live: isLive, lag: now }
  }
  return () =>
    lag(source)
      .attempt()
      .map((read) => (read._tag === 'Right' ? seen(read.right) : { ready: false, live: isLive, lag: null, cause: read.left }))
}

/** The oldest message is another, fewer wait, or others are under way. A message more that waits is no progress. */
function hasMoved(before: Lag, now: Lag): boolean {
  return now.oldestMs < before.oldestMs || now.waiting + now.underWay < before.waiting + before.underWay
}
