/**
 * The group of a job: functions that run while the job is performed. Each runs inside a generator, so that a function
 * which waits for nothing but its own promise does not hold up the end of the job.
 */
import { ErrGroupImpl } from './errgroup.js'
import type { GroupBody } from './task-group.js'
import { CancelableContext } from '../context/tree.js'
import { performed } from '../goroutine/job.js'
import type { Task } from '../goroutine/task.js'
import { uncancelable } from '../goroutine/uncancelable.js'
import type { Context } from '../interfaces/context.js'
import { endOf } from '../operation/cut-off.js'
import { ready } from '../operation/immediate.js'
import { queue } from '../scheduler/run-queue.js'

/**
 * Performs `body` with a group under the parent. When `body` is over, the group is canceled, and its generators are
 * unwound and waited for, also where a cancel arrives meanwhile.
 */
export function* withGroup<R, G extends OwnedGroup>(
  parent: Context,
  Group: new (own: CancelableContext, stopsAtFailure: true) => G,
  body: (group: G) => Generator<never, R>,
): Generator<never, R> {
  if (parent.err()._tag === 'Some') {
    yield* ready
    throw endOf(parent)
  }
  const group = new Group(new CancelableContext(parent).follow(), true)
  group.performer = queue.running as Task // jobs are performed by goroutines
  let cause: unknown
  try {
    return yield* body(group)
  } catch (error) {
    cause = error
    throw error
  } finally {
    yield* uncancelable(group.stopped(cause))
  }
}

export class OwnedGroup extends ErrGroupImpl {
  /** Starts `fn`, and passes on its result; a promise is left to its late failure at the end of the group. */
  perform(fn: GroupBody<unknown>, succeeded: (result: unknown) => void, name = fn.name): void {
    this.start(function* (ctx) {
      succeeded(yield* performed(fn(ctx)))
    }, name || null)
  }
}
