/** A rate limiter: Go's `golang.org/x/time/rate`. The bucket behind it is in `token-bucket.ts`. */
import type { Reservation } from './reservation.js'
import { checkRate, TokenBucket } from './token-bucket.js'
import { checkCount, checkTime } from '../base/arguments.js'
import type { Op } from '../interfaces/op.js'

/** Lets `perSecond` events a second through on average, and up to `burst` at once. */
export interface RateLimiter {
  /**
   * Takes `n` tokens if the bucket holds them and there is no waiter; returns whether they were taken. Never blocks.
   */
  allow(n?: number): boolean
  /**
   * Reserves `n` tokens for the earliest time possible, unless that is more than `longest` ms away, or never. Never
   * blocks.
   */
  reserve(n?: number, longest?: number): Reservation
  /**
   * Waits for `n` tokens, first in, first out, and takes them. Throws "rate: Wait(n=4) exceeds limiter's burst 3".
   * Under a context whose deadline is too early it throws "rate: Wait(n=3) would exceed context deadline" at once, and
   * takes nothing.
   */
  wait(n?: number): Op<void>
  /** The number of tokens in the bucket; negative where more are promised. */
  tokens(): number
  /** Changes the rate, in tokens a second, also for current waiters. Infinity: no limit, whatever the burst. */
  setLimit(perSecond: number): void
  /** Changes the burst, in tokens; tokens above it are lost. */
  setBurst(burst: number): void
}

/**
 * Makes a limiter with a full bucket. `perSecond` is a number from 0 up, Infinity for no limit; `burst` is a whole
 * number from 0 up. Throws RangeError otherwise. Source: Go's `rate.NewLimiter`.
 *
 * @example
 * ```ts
 * const limiter = rateLimiter(20, 1)
 * for (const url of urls) {
 *   yield* limiter.wait().within(ctx)
 *   go(visit, url)
 * }
 * ```
 */
export function rateLimiter(perSecond: number, burst: number): RateLimiter {
  checkRate('rateLimiter(perSecond, burst): perSecond', perSecond)
  checkCount('rateLimiter(perSecond, burst): burst', 0, burst)
  return new TokenBucket(perSecond, burst)
}

/**
 * Converts an interval to a rate for `rateLimiter`: one event every `ms`. Infinity for zero and below. Throws
 * RangeError for NaN. Source: Go's `rate.Every`.
 */
export function rateEvery(ms: number): number {
  checkTime('rateEvery(ms)', ms)
  return ms <= 0 ? Infinity : 1000 / ms
}
