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

/** ms by which the clocks of the broker and of the process may differ from one call to the next. */
const SAME = 10

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
  let waits = -1
  let oldestAt = -Infinity
  let movedAt = time.timers.now()
  let isLive = true
  const seen = (read: Lag): Health => {
    const now = time.timers.now()
    const count = read.waiting + read.underWay
    // The oldest message is another, or fewer are there. One more that waits is no progress.
    if (count === 0 || count < waits || now - read.oldestMs > oldestAt + SAME) {
      movedAt = now
      oldestAt = now - read.oldestMs
    }
    waits = count
    isLive = now - movedAt < stall
    return { ready: read.oldestMs < behind, live: isLive, lag: read }
  }
  return () =>
    lag(source)
      .attempt()
      .map((read) => (read._tag === 'Right' ? seen(read.right) : { ready: false, live: isLive, lag: null, cause: read.left }))
}
