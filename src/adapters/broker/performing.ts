import { isObservable } from 'rxjs'
import { fromPromise } from '../../runtime/index.js'
import { isGenerator, isJob, isOperation, isThenable, mistyped } from '../../runtime/internal.js'

/**
 * Performs the result of a function of the user: a value, a promise, an operation, a job or a generator. Throws
 * TypeError, with `where`, where an observable comes of it: nobody would subscribe to it.
 */
export function* performing(where: string, work: unknown): Generator<never, unknown> {
  const result = yield* resultOf(work)
  if (isObservable(result)) throw mistyped(where, 'a value, a promise, an operation or a generator', result)
  return result
}

function* resultOf(work: unknown): Generator<never, unknown> {
  if (isGenerator(work)) return yield* work as Generator<never, unknown> // a generator yields to the run queue
  if (isOperation(work)) return yield* work
  if (isJob(work)) return yield* work
  if (isThenable(work)) return yield* fromPromise(work)
  return work
}
