/** Retries: when to try again, how often, and when to give up. */
import { checkCount, checkFunction, checkOptions, checkTime, mistyped, outOfRange } from '../base/arguments.js'
import { background, withCancel } from '../context/context.js'
import { performed, Work } from '../goroutine/job.js'
import { isUnwinding } from '../goroutine/unwinding.js'
import { checkContext, type Context } from '../interfaces/context.js'
import type { Body } from '../interfaces/goroutine.js'
import type { Job } from '../interfaces/job.js'
import { endOf } from '../operation/cut-off.js'
import { ready } from '../operation/immediate.js'
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
 * Makes a schedule of growing waits. A failure that names a time is not retried before that: an error with a `retryAfter`
 * (seconds, or a date), or with a Retry-After header (a thrown Response, or an error with a `response`).
 *
 * @example
 * ```ts
 * const patient = backoff({ first: 200, attempts: 8, budget: 60_000 })
 * ```
 */
export function backoff(options: BackoffOptions = {}): Schedule {
  checkOptions('backoff()', options, ['first', 'factor', 'longest', 'jitter', 'attempts', 'budget', 'retryIf'])
  const { first = 100, factor = 2, longest = 30_000, jitter = 0.5, attempts = 5, budget = Infinity, retryIf } = options
  checkTime('backoff({ first })', first)
  checkTime('backoff({ longest })', longest)
  checkTime('backoff({ budget })', budget)
  if (!(typeof factor === 'number' && factor >= 1)) throw outOfRange('backoff({ factor })', 'a number from 1 up', factor)
  if (!(typeof jitter === 'number' && jitter >= 0 && jitter <= 1)) throw outOfRange('backoff({ jitter })', 'a number from 0 to 1', jitter)
  if (attempts !== Infinity) checkCount('backoff({ attempts })', 1, attempts)
  if (retryIf !== undefined) checkFunction('backoff({ retryIf })', retryIf)
  return ({ attempts: failed, cause, elapsed }) => {
    if (failed >= attempts || retryIf?.(cause) === false) return null
    const full = Math.min(longest, first > 0 ? first * factor ** (failed - 1) : 0) // 0 times an infinite factor is NaN
    const part = jitter * queue.random.below(2 ** 31) * 2 ** -31
    const wait = Math.max(full === Infinity ? full : full - full * part, retryAfter(cause))
    return elapsed + wait > budget ? null : wait
  }
}

/** A Response, or an error with a Response. */
interface HttpFailure {
  readonly headers?: { get?(name: string): string | null }
  readonly response?: HttpFailure
  /** Seconds, or a date. */
  readonly retryAfter?: unknown
}

/** ms until the time that a failure names, in a property `retryAfter` or in a Retry-After header; 0 without such a time. */
export function retryAfter(cause: unknown): number {
  if (typeof cause !== 'object' || cause === null) return 0
  try {
    return timeNamedBy(cause)
  } catch {
    return 0 // a getter of the failure throws: the failure counts, and not the getter
  }
}

function timeNamedBy(failure: HttpFailure): number {
  const { headers } = failure.response ?? failure
  const named = failure.retryAfter ?? (typeof headers?.get === 'function' ? headers.get('retry-after') : null)
  const wait = named instanceof Date ? named.getTime() - time.timers.wall() : waitNamed(named)
  return wait > 0 ? wait : 0
}

function waitNamed(named: unknown): number {
  if (typeof named === 'number') return named * 1000
  if (typeof named !== 'string') return 0
  const seconds = Number(named)
  return Number.isNaN(seconds) ? Date.parse(named) - time.timers.wall() : seconds * 1000
}

/** Options of `withRetry`. */
export interface RetryOptions {
  /** No attempt begins after its end, and no wait passes its deadline. `f` receives a context under it. */
  readonly ctx?: Context
}

/**
 * A job that runs `f`, and runs it again after each error until the schedule gives up. `f` receives a context that ends
 * with the job, and the number of the attempt, from 1 up. Throws the error of the last attempt if the schedule gives up
 * or the next wait would pass the deadline of the context, and the cause of the context if that ends during a wait.
 * Throws TypeError or RangeError where the schedule returns anything but a number of ms or null.
 *
 * @example
 * ```ts
 * const page = await withRetry(backoff({ attempts: 3 }), async (ctx, attempt) => fetchOrThrow(url, ctx.signal), { ctx })
 * ```
 */
export function withRetry<R>(schedule: Schedule, f: Body<[ctx: Context, attempt: number], R>, options: RetryOptions = {}): Job<R> {
  checkFunction('withRetry(schedule, f): schedule', schedule)
  checkFunction('withRetry(schedule, f): f', f)
  checkOptions('withRetry(schedule, f)', options, ['ctx'])
  const { ctx = background } = options
  checkContext('withRetry(schedule, f, { ctx })', ctx)
  return new Work('withRetry', () => attempts(schedule, f, ctx))
}

function* attempts<R>(schedule: Schedule, f: Body<[ctx: Context, attempt: number], R>, parent: Context): Generator<never, R> {
  if (parent.err()._tag === 'Some') {
    yield* ready
    throw endOf(parent)
  }
  const start = time.timers.now()
  const ctx = withCancel(parent)
  try {
    for (let attempt = 1; ; attempt++) {
      let wait: number | null
      try {
        return yield* performed<R>(f(ctx, attempt))
      } catch (cause) {
        if (isUnwinding()) throw cause // a clean-up failed: there is no further attempt
        wait = waitOf('withRetry', schedule, { attempts: attempt, cause, elapsed: time.timers.now() - start })
        if (wait === null || ctx.err()._tag === 'Some' || passesDeadline(wait, ctx)) throw cause
      }
      yield* sleep(wait).within(ctx)
    }
  } finally {
    ctx.cancel()
  }
}

/** The wait that a schedule returns, checked: ms, or null. A schedule is a function of the user, and may return anything. */
export function waitOf(user: string, schedule: Schedule, failed: Failed): number | null {
  const wait: unknown = schedule(failed)
  if (wait === null) return null
  const where = `${user}(schedule): the return value of the schedule`
  if (typeof wait !== 'number') throw mistyped(where, 'a number of ms, or null to give up', wait)
  if (Number.isNaN(wait)) throw outOfRange(where, 'a number of ms, or null to give up', wait)
  return wait
}

function passesDeadline(wait: number, ctx: Context): boolean {
  const deadline = ctx.deadline()
  return deadline._tag === 'Some' && time.timers.wall() + wait > deadline.value
}
