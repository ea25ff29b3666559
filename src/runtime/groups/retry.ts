/** Retries: when to try again, how often, and when to give up. */
import { type Context, causeOf, checkContext } from '../interfaces/context.js'
import type { Body } from '../interfaces/goroutine.js'
import { checkCount, checkFunction, checkTime, outOfRange } from '../base/arguments.js'
import { background } from '../context/context.js'
import { spawn } from '../goroutine/goroutine.js'
import type { Op } from '../interfaces/op.js'
import { resultOf } from '../operation/immediate.js'
import { queue } from '../scheduler/run-queue.js'
import { time } from '../scheduler/timers.js'
import { sleep } from '../time/sleep.js'

/** The failures so far, as a schedule receives them. */
export interface Failed {
  /** The number of failed attempts, the last attempt included. */
  readonly attempts: number
  /** The error of the last attempt. */
  readonly cause: unknown
  /** ms since the first attempt began. */
  readonly elapsed: number
}

/** A schedule of retries: returns the ms to wait before the next attempt, or null to give up. */
export type Schedule = (failed: Failed) => number | null

/** Options of `backoff`. */
export interface BackoffOptions {
  /** ms before the second attempt. Default 100. */
  readonly first?: number
  /** The factor by which each wait is longer than the wait before. Default 2. */
  readonly factor?: number
  /** The longest wait, in ms. Default 30,000. */
  readonly longest?: number
  /**
   * The random part of each wait, from 0 to 1, so that clients that failed together do not return together. Default
   * 0.5.
   */
  readonly jitter?: number
  /** The number of attempts, the first included; Infinity for no limit. Default 5. */
  readonly attempts?: number
  /** ms since the first attempt began after which no attempt begins. Default Infinity. */
  readonly budget?: number
  /** Returns whether a failure is worth another attempt. Default: every failure is. */
  readonly retryIf?: (cause: unknown) => boolean
}

/**
 * Makes a schedule of growing waits. A failure with a Retry-After header (a thrown Response, or an error with a
 * `response`) is not retried before the time that the header names.
 *
 * @example
 * ```ts
 * const patient = backoff({ first: 200, attempts: 8, budget: 60_000 })
 * ```
 */
export function backoff(options: BackoffOptions = {}): Schedule {
  const { first = 100, factor = 2, longest = 30_000, jitter = 0.5, attempts = 5, budget = Infinity, retryIf } = options
  checkTime('backoff({ first })', first)
  checkTime('backoff({ longest })', longest)
  checkTime('backoff({ budget })', budget)
  if (!(factor >= 1)) throw outOfRange('backoff({ factor })', 'a number from 1 up', factor)
  if (!(jitter >= 0 && jitter <= 1)) throw outOfRange('backoff({ jitter })', 'a number from 0 to 1', jitter)
  if (attempts !== Infinity) checkCount('backoff({ attempts })', 1, attempts)
  if (retryIf !== undefined) checkFunction('backoff({ retryIf })', retryIf)
  return ({ attempts: failed, cause, elapsed }) => {
    if (failed >= attempts || retryIf?.(cause) === false) return null
    const full = Math.min(longest, first * factor ** (failed - 1))
    const wait = Math.max(full - full * jitter * queue.random.below(2 ** 31) * 2 ** -31, retryAfter(cause))
    return elapsed + wait > budget ? null : wait
  }
}

/** A Response, or an error with a Response. */
interface HttpFailure {
  readonly headers?: { get?(name: string): string | null }
  readonly response?: HttpFailure
}

/** ms until the time that a Retry-After header names; 0 without such a header. */
function retryAfter(cause: unknown): number {
  if (typeof cause !== 'object' || cause === null) return 0
  const failure: HttpFailure = cause
  const { headers } = failure.response ?? failure
  const text = typeof headers?.get === 'function' ? headers.get('retry-after') : null
  if (text === null) return 0
  const seconds = Number(text)
  const wait = Number.isNaN(seconds) ? Date.parse(text) - time.timers.wall() : seconds * 1000
  return wait > 0 ? wait : 0
}

/** Options of `withRetry`. */
export interface RetryOptions {
  /** No attempt begins after the end of this context, and no wait passes its deadline. `f` receives the context. */
  readonly ctx?: Context
}

/**
 * Runs `f`, and again after each error until the schedule gives up. The first attempt starts at the call; the operation
 * waits for the first result. Throws the error of the last attempt if the schedule gives up or the next wait would pass
 * the deadline of the context, and the cause of the context if that ends during a wait.
 *
 * @example
 * ```ts
 * const page = await withRetry(backoff({ attempts: 3 }), async (ctx, attempt) => fetchOrThrow(url, ctx.signal), { ctx })
 * ```
 */
export function withRetry<R>(schedule: Schedule, f: Body<[ctx: Context, attempt: number], R>, options: RetryOptions = {}): Op<R> {
  checkFunction('withRetry(schedule, f): schedule', schedule)
  checkFunction('withRetry(schedule, f): f', f)
  const { ctx = background } = options
  return spawn(attempts<R>, [schedule, f, checkContext('withRetry(schedule, f, { ctx })', ctx)], null, 'attempts').join()
}

function* attempts<R>(schedule: Schedule, f: Body<[ctx: Context, attempt: number], R>, ctx: Context): Generator<never, R> {
  const start = time.timers.now()
  if (ctx.err()._tag === 'Some') throw causeOf(ctx)
  for (let attempt = 1; ; attempt++) {
    let wait: number | null
    try {
      return yield* resultOf<R>(f(ctx, attempt))
    } catch (cause) {
      wait = schedule({ attempts: attempt, cause, elapsed: time.timers.now() - start })
      if (wait === null || ctx.err()._tag === 'Some' || passesDeadline(wait, ctx)) throw cause
    }
    yield* sleep(wait).within(ctx)
  }
}

function passesDeadline(wait: number, ctx: Context): boolean {
  const deadline = ctx.deadline()
  return deadline._tag === 'Some' && time.timers.wall() + wait > deadline.value
}
