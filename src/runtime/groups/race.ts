import { contestJob } from './contest.js'
import { arranged, bodiesOfSome, contextOf, type Members, type MembersOptions } from './members.js'
import type { Context } from '../interfaces/context.js'
import type { Job } from '../interfaces/job.js'

/**
 * A job that performs its members at the same time, and ends as the first of them ends: with its result, or with its
 * throw. The other members are canceled, unwound and waited for; the failure of one of them is a late failure. To take
 * the first of several operations, `choose` and `select` start nothing and are cheaper.
 *
 * A function receives a context that ends with the job. Throws RangeError where there is no member, and TypeError where
 * a member cannot be performed.
 *
 * @example
 * ```ts
 * const page = await race([
 *   async (ctx) => (await fetch(url, { signal: ctx.signal })).text(),
 *   sleep(500).map(() => 'no page in time'),
 * ])
 * ```
 */
export function race<T extends readonly unknown[] | []>(members: Members<T>, options?: MembersOptions): Job<T[number]>
/** The same with a context first: its end cancels the members, and the job throws its cause. */
export function race<T extends readonly unknown[] | []>(ctx: Context, members: Members<T>): Job<T[number]>
export function race(first: object, ...rest: readonly unknown[]): Job<never> {
  const [members, options = {}] = arranged('race(ctx, members)', first, rest)
  const bodies = bodiesOfSome<never>('race(members)', members as Members<never[]>) // by the overloads
  return contestJob<never>('race', contextOf('race(members, { ctx })', options), function* (contest) {
    for (const body of bodies) contest.enter(body, (cause) => contest.fail(cause))
  })
}
