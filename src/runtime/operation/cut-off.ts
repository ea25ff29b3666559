/**
 * The waits that an end has cut off, named by its error. The error of a context belongs to all waits under that context,
 * so it is written to, once for each wait; its message stays Go's. A cause of the user is thrown as it is.
 */
import { CanceledError, DeadlineExceededError, isInstance } from '../base/errors.js'
import { causeOf, type Context } from '../interfaces/context.js'
import { rememberCause } from '../interfaces/echo.js'
import { queue } from '../scheduler/run-queue.js'

/** The waits that an error names. */
const MOST_WAITS = 5

/**
 * Returns the cause of a context that has ended, for a throw at the wait. A wait that began after the end (`wasParked` is
 * false) is named only where the error names no other.
 */
export function cutOff(ctx: Pick<Context, 'cause'>, wait: { describe(): string }, wasParked: boolean): unknown {
  const cause = endOf(ctx)
  if (!isInstance(cause, CanceledError) && !isInstance(cause, DeadlineExceededError)) return cause
  const { waits = [] } = cause
  if (waits.length >= (wasParked ? MOST_WAITS : 1)) return cause
  const goroutine = queue.running as Running | null // only goroutines run there
  const text = wait.describe() + (goroutine === null ? '' : ` in ${goroutine.name}`)
  if (!waits.includes(text)) Reflect.set(cause, 'waits', [...waits, text])
  return cause
}

/** A goroutine, as far as an end reaches it. */
interface Running {
  readonly name: string
  /** A wait throws the cause of an end in this goroutine. */
  cutOff(cause: unknown): void
}

/**
 * Returns the cause of a context that has ended, for a throw. The cause is an echo where it was thrown: in the goroutine
 * that runs, or in all async functions, since an `await` does not show which of them performs it.
 */
export function endOf(ctx: Pick<Context, 'cause'>): unknown {
  const cause = causeOf(ctx)
  const goroutine = queue.running as Running | null // as above
  if (goroutine === null) rememberCause(cause, true)
  else goroutine.cutOff(cause)
  return cause
}
