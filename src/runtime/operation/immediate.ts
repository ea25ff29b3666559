/** A value as an operation that is ready, and the result of a user's function of any kind as an operation. */
import { isGenerator, isThenable } from '../base/guards.js'
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

/** A generator or an operation: both are performed by `yield*`. */
export interface Waitable<R> {
  [Symbol.iterator](): Iterator<never, R, any> // eslint-disable-line @typescript-eslint/no-explicit-any -- only the run queue calls `next`
}

/**
 * Makes the return value of a body performable by `yield*`: a generator runs in place, a promise or an operation is
 * waited for.
 */
export function resultOf<R>(made: R | PromiseLike<R> | Waitable<R>): Waitable<R> {
  if (typeof made === 'object' && made !== null) {
    if (isGenerator(made)) return made as Waitable<R> // a body's generator yields operations
    if (isOperation(made)) return made as Waitable<R> // its result is R, by the type of the body
    if (isThenable(made)) return new Promised(made)
  }
  return new Immediate(made as R) // neither a generator, an operation nor a promise
}
