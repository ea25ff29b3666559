/** What is there already, as an operation; and whatever a function of the user's answered, as something to `yield*`. */
import { isGenerator, isThenable } from '../base/guards.js'
import { isOperation, Operation } from './operation.js'
import { Promised } from './promise.js'

/** Completes at once with its value. */
export class Ready<T> extends Operation<T> {
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

/** What a goroutine can wait for with `yield*`. */
export interface Waitable<R> {
  [Symbol.iterator](): Iterator<never, R, any> // eslint-disable-line @typescript-eslint/no-explicit-any -- what `next` is sent is the run queue's own business
}

/** The result of a body that was called inside a goroutine: a generator runs in place, a promise or an operation is waited for. */
export function resultOf<R>(made: R | PromiseLike<R> | Waitable<R>): Waitable<R> {
  if (typeof made === 'object' && made !== null) {
    if (isGenerator(made)) return made as Waitable<R> // a body's generator yields operations
    if (isOperation(made)) return made as Waitable<R> // its result is R, by the type of the body
    if (isThenable(made)) return new Promised(made)
  }
  return new Ready(made as R) // nothing of the above
}
