/** Trying again: when, how often, and when to give up. */
import { background } from '../context/context.js'
import { checkCount, checkFunction, checkTime, outOfRange } from '../base/arguments.js'
import { spawn, type Body } from '../goroutine/goroutine.js'
import { causeOf, checkContext } from '../operation/operation.js'
import { queue } from '../scheduler/run-queue.js'
import { resultOf } from '../operation/immediate.js'
import { sleep } from '../time/time.js'
import { time } from '../scheduler/timers.js'
import type { Context, Op } from '../interfaces/op.js'

/** What a schedule goes by. */
export interface Failed {
  /** How many attempts have failed, this one included. */
  readonly attempts: number
  /** What the last one threw. */
  readonly cause: unknown
  /** ms since the first one began. */
  readonly elapsed: number
}

/** Says how many ms to wait before the next attempt, or null for none. */
export type Schedule = (failed: Failed) => number | null

export interface BackoffOptions {
  /** ms before the second attempt; 100 unless told. */
  readonly first?: number
  /** Each wait is so many times the one before; 2 unless told. */
  readonly factor?: number
  /** ms that no wait exceeds; 30,000 unless told. */
  readonly longest?: number
  /** The part of each wait that is left to chance, from 0 to 1, so that those who failed together do not return together; 0.5 unless told. */
  readonly jitter?: number
  /** Attempts in all; 5 unless told, Infinity for no limit. */
  readonly attempts?: number
  /** ms in all: no attempt begins later than that. */
  readonly budget?: number
  /** Which failures are worth another attempt; all unless told. */
  readonly retryIf?: (cause: unknown) => boolean
}

/**
 * A schedule of waits that grow. A failure that says when to come back (a Response thrown, or an error with a `response`, that has a
 * Retry-After header) is not tried again before that.
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

interface MayTell {
  readonly headers?: { get?(name: string): string | null }
  readonly response?: MayTell
}

/** ms until the server wants to be asked again; 0 where it does not say. */
function retryAfter(cause: unknown): number {
  if (typeof cause !== 'object' || cause === null) return 0
  const told: MayTell = cause
  const { headers } = told.response ?? told
  const text = typeof headers?.get === 'function' ? headers.get('retry-after') : null
  if (text === null) return 0
  const seconds = Number(text)
  const wait = Number.isNaN(seconds) ? Date.parse(text) - time.timers.now() : seconds * 1000
  return wait > 0 ? wait : 0
}

export interface RetryOptions {
  /** No attempt begins after its end; nor does one wait past its deadline. `f` is given it. */
  readonly ctx?: Context
}

/**
 * Runs `f` from the call on, and again after each throw as long as the schedule says; what is answered waits for the first result. Throws
 * what the last attempt threw, also where the next wait would pass the deadline of the context; or the cause of the context, where that ends
 * during a wait.
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
  return spawn(attempts<R>, [schedule, f, checkContext('withRetry(schedule, f, { ctx })', ctx)], null).join()
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
  return deadline._tag === 'Some' && time.timers.now() + wait > deadline.value
}
