/** The members of a job that performs several at once: functions, and what is ready to be performed. */
import type { GroupBody } from './task-group.js'
import { checkOptions, mistyped } from '../base/arguments.js'
import { isGenerator, isThenable } from '../base/guards.js'
import { background } from '../context/context.js'
import { checkContext, isContext, type Context } from '../interfaces/context.js'
import { isJob, type Job } from '../interfaces/job.js'
import type { Body } from '../interfaces/goroutine.js'
import type { Op } from '../interfaces/op.js'
import { isOperation } from '../operation/operation.js'
import { fromPromise } from '../operation/promise.js'

/**
 * A member of `all`, `any`, `race` or `hedge`: a function that receives the context of the job, or an operation, a job
 * or a promise. The function may be a generator function or an async function, and may return an operation, a job or a
 * promise.
 */
export type Member<R> = Body<[Context], R> | Job<R> | Op<R> | PromiseLike<R>

/** Members, each with a result type of its own. */
export type Members<T> = { readonly [K in keyof T]: Member<T[K]> }

/** Options of `all`, `any`, `race` and `hedge`. */
export interface MembersOptions {
  /** Its end stops the members; the job then throws its cause. The functions receive a context under it. */
  readonly ctx?: Context
}

/** The members and the options of a call, where a context stands first or not: `all(ctx, members)` is `all(members, { ctx })`. */
export function arranged<M>(call: string, first: Context | M, rest: readonly unknown[]): [members: M, options: MembersOptions | undefined] {
  const hasMembers = Array.isArray(first) && first.length > 0
  if (Array.isArray(rest[0]) && !hasMembers) checkContext(`${call}: ctx`, first as Context) // options are no array
  return isContext(first) ? [rest[0] as M, { ctx: first }] : [first, rest[0] as MembersOptions | undefined] // by the overloads
}

export function contextOf(call: string, options: MembersOptions): Context {
  checkOptions(call, options, ['ctx'])
  const { ctx = background } = options
  return checkContext(`${call}: ctx`, ctx)
}

/** Each member as a function of the group, in the order of the list. Throws TypeError where a member is none. */
export function bodiesOf(call: string, members: readonly unknown[]): GroupBody<unknown>[] {
  return Array.from(members, (member, i) => bodyOf(`${call}: member ${i}`, member)) // `map` would pass over holes
}

/** The members of a list that must have one. */
export function bodiesOfSome<R>(call: string, members: readonly Member<R>[]): GroupBody<R>[] {
  if (!Array.isArray(members)) throw mistyped(call, 'an array of members', members)
  if (members.length === 0) throw new RangeError(`${call}: expected one member or more, got none`)
  return bodiesOf(call, members) as GroupBody<R>[] // by the type of `members`
}

export function bodyOf(where: string, member: unknown): GroupBody<unknown> {
  if (typeof member === 'function') return member as GroupBody<unknown> // it is called with the context
  if (isOperation(member) || isJob(member)) return () => member
  if (isGenerator(member)) throw mistyped(where, 'the generator function itself, or a function that calls it', member)
  if (!isThenable(member)) throw mistyped(where, 'a function, an operation, a job or a promise', member)
  const settled = fromPromise(member)
  return () => settled
}
