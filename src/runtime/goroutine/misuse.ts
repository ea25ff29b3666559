/** The errors of a body that drives operations by something other than `yield*`. */
import type { Task } from './task.js'
import { show } from '../base/arguments.js'
import type { Observed } from '../scheduler/probe.js'

export function strangeYield(goroutine: Observed, value: unknown): TypeError {
  return new TypeError(
    `goroutine ${goroutine.id} (${goroutine.name}) yielded ${show(value)}: only operations may be yielded, with yield* (a plain yield, or a generator driven by hand, does not wait)`,
  )
}

export function leftUnderWay(goroutine: Task): Error {
  return new Error(
    `goroutine ${goroutine.id} (${goroutine.name}) ended while an operation (${goroutine.operation?.describe()}) was under way: it was performed by something other than yield* (an async generator, a generator driven by hand)`,
  )
}
