/** The errors of a body that drives operations by something other than `yield*`. */
import type { Task } from './task.js'
import { show } from '../base/arguments.js'
import { isThenable } from '../base/guards.js'
import type { Observed } from '../scheduler/probe.js'

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
