/** The kind of a body's result: a promise to watch, a generator to step, or the value itself. */
import { isGenerator, isOwnGenerator, isThenable } from '../base/guards.js'
import { isOperation } from '../operation/operation.js'

export type ResultKind = 'promise' | 'generator' | 'value'

/** Throws where the result cannot be read: a getter throws, a proxy was revoked. */
export function kindOf(made: unknown): ResultKind {
  if (isOwnGenerator(made)) return 'generator'
  if (isThenable(made)) return 'promise'
  return isGenerator(made) ? 'generator' : 'value'
}

/** A promise or an operation, whose `then` neither throws nor calls back twice, as that of a foreign thenable may. */
export function promiseOf(made: PromiseLike<unknown>): PromiseLike<unknown> {
  if (isOperation(made) || (made instanceof Promise && made.constructor === Promise)) return made
  return new Promise((resolve) => resolve(made))
}
