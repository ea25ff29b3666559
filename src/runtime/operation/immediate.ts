/** A value as an operation that is ready, and the result of a user's function of any kind as an operation. */
import { isGenerator, isThenable } from '../base/guards.js'
import { isJob, type Job, type Routine } from '../interfaces/job.js'
import type { Op } from '../interfaces/op.js'
import { isOperation, Operation } from './operation.js'
import { Promised } from './promise.js'

/** Completes at once with its value. */
export class Immediate<T> extends Operation<T> {
  constructor(private readonly value: T) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): T {
    return this.value
  }
  park(): void {}
  withdraw(): void {}
  describe(): string {
    return 'nothing'
  }
}

/**
 * Makes the return value of a body performable by `yield*`: a generator or a job runs in place, a promise or an
 * operation is waited for.
 */
export function resultOf<R>(made: R | PromiseLike<R> | Routine<R>): Routine<R> {
  if (isRoutine<R>(made)) return made
  return isThenable(made) ? new Promised(made) : new Immediate(made) // no routine, so a promise or a value
}

/** True for what `yield*` performs: a generator, an operation, a job. */
export function isRoutine<R>(made: unknown): made is Routine<R> {
  return typeof made === 'object' && made !== null && (isGenerator(made) || isOperation(made) || isJob(made))
}

/** The return value of a body; an operation or a job as a generator that performs it. */
export function performing(made: unknown): unknown {
  return isThenable(made) && (isOperation(made) || isJob(made)) ? delegating(made) : made
}

function* delegating<R>(routine: Op<R> | Job<R>): Generator<never, R> {
  return yield* routine
}
