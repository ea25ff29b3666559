/** A value as an operation that is ready, and the return value of a body as a routine. */
import { isGenerator, isOwnGenerator, isThenable } from '../base/guards.js'
import { isJob, type Job, type Routine } from '../interfaces/job.js'
import type { Op } from '../interfaces/op.js'
import { isOperation, Operation } from './operation.js'

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
 * For a job that has its outcome without a wait: an operation all the same, so that a loop over it yields to the host and
 * can be canceled.
 */
export const ready = /* @__PURE__ */ new Immediate<undefined>(undefined)

/** True for what `yield*` performs: a generator, an operation, a job. */
export function isRoutine<R>(made: unknown): made is Routine<R> {
  return isGenerator(made) || isOperation(made) || isJob(made)
}

/** The return value of a body; an operation or a job as a generator that performs it. */
export function performing(made: unknown): unknown {
  if (isOwnGenerator(made)) return made
  return isThenable(made) && (isOperation(made) || isJob(made)) ? delegating(made) : made
}

function* delegating<R>(routine: Op<R> | Job<R>): Generator<never, R> {
  return yield* routine
}
