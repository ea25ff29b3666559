/** The errors of calls whose thread was lost. */
import type { FunctionName } from '../wire/batch.js'
import { ThreadLostError } from '../wire/errors.js'

/** A module whose evaluation does not end. */
export function tooLate({ url }: FunctionName, ms: number): Error {
  return new Error(`${url} was not evaluated within ${ms} ms (an await at its top level?)`)
}

/** A canceled function that does not end. */
export function overGrace(name: string, grace: number, cause: unknown): Error {
  const text = `${JSON.stringify(name)} was canceled and did not end within its grace of ${grace} ms, so its thread was terminated`
  return new Error(text, { cause })
}

/** The thread was lost while it ran the function. */
export function lostWhile(name: string, cause: unknown): ThreadLostError {
  return new ThreadLostError(`a thread was lost while it ran ${JSON.stringify(name)}: ${textOf(cause)}`, name, { cause })
}

/** The thread was lost before it began the function, with a value that had moved to it. */
export function lostWithMoved(name: string, cause: unknown): ThreadLostError {
  const text = `a thread was lost before it began ${JSON.stringify(name)}, and with it a value that had moved there: ${textOf(cause)}`
  return new ThreadLostError(text, name, { cause })
}

/** The module of the function could not be loaded. */
export function moduleError({ name, url }: FunctionName, cause: unknown): ThreadLostError {
  const text = `the module of ${JSON.stringify(name)} could not be loaded in a thread: ${textOf(cause)} (${url})`
  return new ThreadLostError(text, name, { cause })
}

/** Several threads were lost before they began the call. */
export function neverBegun(name: string, losses: number, cause: unknown): ThreadLostError {
  const text = `${losses} threads were lost before they began ${JSON.stringify(name)}; the last: ${textOf(cause)}`
  return new ThreadLostError(text, name, { cause })
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
