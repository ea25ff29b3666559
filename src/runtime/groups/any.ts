import { contestJob, Failures } from './contest.js'
import { arranged, bodiesOfSome, contextOf, type Members, type MembersOptions } from './members.js'
import type { Context } from '../interfaces/context.js'
import type { Job } from '../interfaces/job.js'

/**
 * A job that performs its members at the same time, and results in the first success. The other members are canceled,
 * unwound and waited for; their failures from then on are late failures. Throws an AggregateError where all members
 * fail: its `errors` are in the order of the members.
 *
 * A function receives a context that ends with the job. Throws RangeError where there is no member, and TypeError where
 * a member cannot be performed.
 *
 * @example
 * ```ts
 * const address = await any([
 *   (ctx) => resolve('a.example', ctx.signal),
 *   (ctx) => resolve('b.example', ctx.signal),
 * ])
 * ```
 */
export function any<T extends readonly unknown[] | []>(members: Members<T>, options?: MembersOptions): Job<T[number]>
/** The same with a context first: its end cancels the members, and the job throws its cause. */
export function any<T extends readonly unknown[] | []>(ctx: Context, members: Members<T>): Job<T[number]>
export function any(first: object, ...rest: readonly unknown[]): Job<never> {
  const [members, options = {}] = arranged('any(ctx, members)', first, rest)
  const bodies = bodiesOfSome<never>('any(members)', members as Members<never[]>) // by the overloads
  return contestJob<never>('any', contextOf('any(members, { ctx })', options), function* (contest) {
    const failures = new Failures('any', bodies.length, contest)
    for (const [i, body] of bodies.entries()) contest.enter(body, (cause) => failures.add(i, cause))
  })
}
