/** A limit in time for a single call. */
import { all } from './all.js'
import { bodyOf, type Member } from './members.js'
import { checkTime } from '../base/arguments.js'
import { isGenerator } from '../base/guards.js'
import { background, withTimeout } from '../context/context.js'
import { Work } from '../goroutine/job.js'
import type { Job, Routine } from '../interfaces/job.js'
import { isOperation } from '../operation/operation.js'

/**
 * A job that performs a routine, at most `ms` long: then it throws DeadlineExceededError. A function receives a context
 * with that deadline, which ends with the job, so the same line serves for a generator function and for an async function
 * that takes a signal. What the routine has started is canceled, unwound and waited for, as for any job. A generator can be
 * performed once; pass its function to perform the job again.
 *
 * Throws RangeError for NaN, and TypeError where `routine` cannot be performed.
 *
 * @example
 * ```ts
 * const response = await timeout(1000, (ctx) => fetch(url, { signal: ctx.signal }))
 * ```
 */
export function timeout<T>(ms: number, routine: Member<T> | Routine<T>): Job<T> {
  checkTime('timeout(ms, routine): ms', ms)
  const body = isGenerator(routine) ? () => routine : bodyOf('timeout(ms, routine): routine', routine)
  return new Work(nameOf(routine), function* () {
    const ctx = withTimeout(background, ms) // after the timer of the job, so that this one throws
    try {
      const [result] = yield* all([body as Member<T>], { ctx }) // by the type of `routine`
      return result
    } finally {
      ctx.cancel()
    }
  }).timeout(ms)
}

/** The name for the error: that of the function or the job, or the words for the operation. */
function nameOf(routine: unknown): string {
  if (isOperation(routine)) return routine.describe()
  return (routine as { readonly name?: string }).name || 'the routine' // to look
}
