import { fromPromise } from '../../runtime/index.js'
import { isGenerator, isJob, isOperation, isThenable } from '../../runtime/internal.js'

/** Performs the result of a function of the user: a value, a promise, an operation, a job or a generator. */
export function* performing(work: unknown): Generator<never, unknown> {
  if (isGenerator(work)) return yield* work as Generator<never, unknown> // a generator yields to the run queue
  if (isOperation(work)) return yield* work
  if (isJob(work)) return yield* work
  if (isThenable(work)) return yield* fromPromise(work)
  return work
}
