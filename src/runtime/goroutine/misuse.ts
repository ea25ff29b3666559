/** The errors of a body that is no function, or that drives operations by something other than `yield*`. */
import type { Task } from './task.js'
import { show } from '../base/arguments.js'
import { isThenable } from '../base/guards.js'
import { isOperation } from '../operation/operation.js'
import type { Observed } from '../scheduler/probe.js'

/** In place of a function: a routine or an async function that was called, and has begun before `go`. */
const cures: Readonly<Record<string, string>> = {
  'a generator': ': pass the function and its arguments, as in go(worker, 1)',
  'an async generator': ': pass a function* or an async function, and its arguments',
  'a promise': ': pass the async function and its arguments',
}

export function notFunction(given: unknown): TypeError {
  if (given === null || given === undefined) return new TypeError(`go of nil func value: expected a function, got ${given}`)
  const shown = isPromise(given) && !isOperation(given) ? 'a promise' : show(given)
  return new TypeError(`go(fn): expected a function, got ${shown}${cures[shown] ?? ''}`)
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
