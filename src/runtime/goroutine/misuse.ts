/** The errors of a body that is no function, or that drives operations by something other than `yield*`. */
import type { Task } from './task.js'
import { mistyped, show } from '../base/arguments.js'
import { isThenable } from '../base/guards.js'
import { isOperation } from '../operation/operation.js'
import type { Observed } from '../scheduler/probe.js'

export function notFunction(given: unknown): TypeError {
  if (given === null || given === undefined) return mistyped('go of nil func value', 'a function', given)
  const shown = isPromise(given) && !isOperation(given) ? 'a promise' : show(given)
  // A routine or an async function that was called, and so has begun before `go`.
  const cure = /^an? (?:promise|(?:async )?generator)$/.test(shown) ? ': pass the function and its arguments, as in go(worker, 1)' : ''
  return new TypeError(`go(fn): expected a function, got ${shown}${cure}`)
}

/** `next` of an async generator returns a promise; the compiler takes such a body for a function with that result. */
export function strangeYield(goroutine: Observed, result: unknown, value: unknown): TypeError {
  const start = `goroutine ${goroutine.id} (${goroutine.name})`
  if (isPromise(result)) {
    void result.then(undefined, () => {}) // the error is the misuse
    return new TypeError(`${start} is an async generator: use function* with yield*, or an async function`)
  }
  return new TypeError(
    `${start} yielded ${show(value)}: only operations may be yielded, with yield* (a plain yield, or a generator driven by hand, does not wait)`,
  )
}

/** An object whose `then` cannot be read is no promise. */
function isPromise(result: unknown): result is PromiseLike<unknown> {
  try {
    return isThenable(result)
  } catch {
    return false
  }
}

export function leftUnderWay(goroutine: Task): Error {
  return new Error(
    `goroutine ${goroutine.id} (${goroutine.name}) ended while an operation (${goroutine.operation?.describe()}) was under way: it was performed by something other than yield* (an async generator, a generator driven by hand)`,
  )
}
