/** The results of several functions, or the first failure: structure for `Promise.all`. */
import { arranged, bodiesOf, bodyOf, contextOf, type Members, type MembersOptions } from './members.js'
import { OwnedGroup, withGroup } from './owned-group.js'
import type { GroupBody } from './task-group.js'
import { mistyped } from '../base/arguments.js'
import { isThenable } from '../base/guards.js'
import { Work } from '../goroutine/job.js'
import type { Context } from '../interfaces/context.js'
import type { Job } from '../interfaces/job.js'

/**
 * A job that performs its members at the same time, and results in their results: an array in the order of the members,
 * or a record under their names. The first failure cancels the other members, which are unwound and waited for, and is
 * thrown; each later failure is a late failure. Without members the result is empty.
 *
 * A function receives a context that ends with the job. Throws TypeError where a member cannot be performed.
 *
 * @example
 * ```ts
 * const { user, orders } = await all({
 *   user: function* () {
 *     yield* sleep(10)
 *     return 'ada'
 *   },
 *   orders: async () => [1, 2],
 * }).timeout(1000)
 * ```
 */
export function all<T extends readonly unknown[] | []>(
  members: Members<T>,
  options?: MembersOptions,
): Job<{ -readonly [K in keyof T]: T[K] }>
export function all<T extends Readonly<Record<string, unknown>>>(
  members: Members<T>,
  options?: MembersOptions,
): Job<{ -readonly [K in keyof T]: T[K] }>
/** The same with a context first: its end cancels the members, and the job throws its cause. */
export function all<T extends readonly unknown[] | []>(ctx: Context, members: Members<T>): Job<{ -readonly [K in keyof T]: T[K] }>
export function all<T extends Readonly<Record<string, unknown>>>(ctx: Context, members: Members<T>): Job<{ -readonly [K in keyof T]: T[K] }>
export function all(first: object, ...rest: readonly unknown[]): Job<unknown> {
  const [members, options = {}] = arranged('all(ctx, members)', first, rest)
  if (!Array.isArray(members) && !isRecord(members)) throw mistyped('all(members)', 'an array or a record of members', members)
  const ctx = contextOf('all(members, { ctx })', options)
  if (Array.isArray(members)) return together(bodiesOf('all(members)', members), ctx)
  const names = Object.keys(members)
  const bodies = names.map((name) => bodyOf(`all(members): member ${JSON.stringify(name)}`, Reflect.get(members, name)))
  return together(bodies, ctx).map((results) => Object.fromEntries(names.map((name, i) => [name, results[i]])))
}

function together(bodies: readonly GroupBody<unknown>[], ctx: Context): Job<unknown[]> {
  return new Work('all', () => withGroup(ctx, OwnedGroup, (group) => resultsOf(bodies, group)))
}

function* resultsOf(bodies: readonly GroupBody<unknown>[], group: OwnedGroup): Generator<never, unknown[]> {
  const results = new Array<unknown>(bodies.length)
  for (const [i, body] of bodies.entries()) group.perform(body, (result) => (results[i] = result))
  yield* group.wait()
  return results
}

/** An iterable or a promise has no members under names, and would count as empty. */
function isRecord(members: unknown): members is object {
  return typeof members === 'object' && members !== null && !(Symbol.iterator in members) && !isThenable(members)
}
