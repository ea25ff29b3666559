/** The state of a context, read in one turn: whether `done()` is ready, its error by name, and its cause. */
import { isSome } from 'fp-ts/lib/Option.js'
import { trySelect, type Context } from 'millrace'
import { expect } from 'vitest'

export interface State {
  readonly done: boolean
  readonly err: unknown
  readonly cause: unknown
}

export function stateOf(ctx: Context): State {
  const [err, cause] = [ctx.err(), ctx.cause()]
  return {
    done: isSome(trySelect({ done: ctx.done() })),
    err: isSome(err) ? err.value : null,
    cause: isSome(cause) ? cause.value : null,
  }
}

export const live: State = { done: false, err: null, cause: null }

const errorOf = (name: string, message: string): unknown => expect.objectContaining({ name, message })
export const canceledError = errorOf('CanceledError', 'context canceled')
export const deadlineError = errorOf('DeadlineExceededError', 'context deadline exceeded')

/** Ended by a cancel; the default cause is the error itself. */
export const canceled = (cause: unknown = canceledError): State => ({ done: true, err: canceledError, cause })
export const timedOut = (cause: unknown = deadlineError): State => ({ done: true, err: deadlineError, cause })
