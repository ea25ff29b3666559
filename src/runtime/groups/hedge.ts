/** Hedged requests: a second attempt beside a slow first one. */
import { contestJob, Failures } from './contest.js'
import { bodiesOfSome, contextOf, type Members, type MembersOptions } from './members.js'
import { checkTime } from '../base/arguments.js'
import { withCancel } from '../context/context.js'
import { checkContext, isContext, type Context } from '../interfaces/context.js'
import type { Job } from '../interfaces/job.js'
import { choose } from '../select/select.js'
import { sleep } from '../time/sleep.js'

/**
 * A job that starts its members one after another: the next `afterMs` after the start of the one before, or at once
 * when that fails. The first success is the result; the other members are canceled, unwound and waited for, and members
 * that have not started never start. Throws an AggregateError where all members fail: its `errors` are in the order of
 * the members.
 *
 * A function receives a context that ends with the job. Throws RangeError where there is no member or `afterMs` is NaN,
 * and TypeError where a member cannot be performed. Source: Dean and Barroso, The Tail at Scale (2013).
 *
 * @example
 * ```ts
 * const page = await hedge(50, [
 *   async (ctx) => (await fetch('/a', { signal: ctx.signal })).text(),
 *   async (ctx) => (await fetch('/b', { signal: ctx.signal })).text(),
 * ])
 * ```
 */
export function hedge<T extends readonly unknown[] | []>(afterMs: number, members: Members<T>, options?: MembersOptions): Job<T[number]>
/** The same with a context first: its end cancels the members, and the job throws its cause. */
export function hedge<T extends readonly unknown[] | []>(ctx: Context, afterMs: number, members: Members<T>): Job<T[number]>
export function hedge(first: Context | number, ...rest: readonly unknown[]): Job<never> {
  const [second, third] = rest
  // Members are no number, so a context stands first.
  if (typeof second === 'number' && Array.isArray(third)) checkContext('hedge(ctx, afterMs, members): ctx', first as Context)
  const given = isContext(first) ? [...rest, { ctx: first }] : [first, ...rest]
  const [afterMs, members, options = {}] = given as [number, unknown, MembersOptions?] // by the overloads
  checkTime('hedge(afterMs, members): afterMs', afterMs)
  const bodies = bodiesOfSome<never>('hedge(afterMs, members)', members as Members<never[]>) // as above
  return contestJob<never>('hedge', contextOf('hedge(afterMs, members, { ctx })', options), function* (contest) {
    const failures = new Failures('hedge', bodies.length, contest)
    for (const [i, body] of bodies.entries()) {
      const turn = withCancel(contest.ctx) // ends when the next member is to start, or nothing more is
      contest.enter(body, (cause) => {
        failures.add(i, cause)
        turn.cancel()
      })
      if (i < bodies.length - 1) yield* choose(turn.done(), sleep(afterMs))
      turn.cancel()
      if (contest.hasEnded) return
    }
  })
}
