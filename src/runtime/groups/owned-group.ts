/**
 * The group of a job: functions that run while the job is performed. Each runs inside a generator, so that a function
 * which waits for nothing but its own promise does not hold up the end of the job.
 */
import { ErrGroupImpl } from './errgroup.js'
import type { GroupBody } from './task-group.js'
import { withCancel } from '../context/context.js'
import { performed } from '../goroutine/job.js'
import { causeOf, type Context } from '../interfaces/context.js'

/**
 * Performs `body` with a group under the parent. When `body` is over, the group is canceled, and its generators are
 * unwound and waited for.
 */
export function* withGroup<R>(parent: Context, body: (group: OwnedGroup) => Generator<never, R>): Generator<never, R> {
  if (parent.err()._tag === 'Some') throw causeOf(parent)
  const group = new OwnedGroup(withCancel(parent), true)
  let cause: unknown
  try {
    return yield* body(group)
  } catch (error) {
    cause = error
    throw error
  } finally {
    yield* group.stopped(cause)
  }
}

export class OwnedGroup extends ErrGroupImpl {
  /** Starts `fn`; a generator is unwound at the end of the group, a promise is left to its late failure. */
  perform(fn: GroupBody<unknown>): void {
    this.start(function* (ctx) {
      yield* performed(fn(ctx))
    })
  }
}
