/** The contract of a context, and the functions that read any context, also a user's own. */
import { mistyped } from '../base/arguments.js'
import { CanceledError } from '../base/errors.js'
import type { Option } from '../base/option.js'
import { rememberCause } from './echo.js'
import type { Op } from './op.js'

/**
 * Carries a deadline, a cancellation and values to all the code that works on a request. You may implement the
 * interface, also in the middle of a chain.
 *
 * Source: Go's `context.Context`.
 */
export interface Context {
  /** Completes when the context ends; for `background` never. */
  done(): Op<void>
  /**
   * CanceledError or DeadlineExceededError once the context has ended; none before. The error is set exactly when
   * `done()` is ready.
   */
  err(): Option<Error>
  /** Why the context ended: the cause given to `cancel`, or else the error itself. None before the end. */
  cause(): Option<unknown>
  /** When the context will end by itself, as Unix time in ms; none where no deadline is set. */
  deadline(): Option<number>
  /** The value of the nearest `withValue` with this key, outward. */
  value<V>(key: ContextKey<V>): Option<V>
  /**
   * Aborts when the context ends, with its cause as the reason: for `fetch` and everything else that takes an
   * AbortSignal.
   */
  readonly signal: AbortSignal
}

/** A context with the right to end it. `using ctx = withTimeout(background, 1000)` is Go's `defer cancel()`. */
export interface CancelContext extends Context, Disposable {
  /**
   * Ends the context and every context derived from it. A second call, or a call after the deadline, changes nothing.
   */
  cancel(cause?: unknown): void
}

/** A key of `withValue`: compared by identity, made by `contextKey`. */
export interface ContextKey<V> {
  readonly name: string
  /** The value crosses to threads; by the option `portable`. */
  readonly isPortable?: boolean
  /** In the types only: the type of the value. */
  readonly __v?: V
}

/** True for a context, of the package or of the user. */
export function isContext(value: unknown): value is Context {
  const given = value as Partial<Record<string, unknown>> | null | undefined // to look
  if (given === null || given === undefined) return false
  return given.millraceContext === true || (methods.every((name) => typeof given[name] === 'function') && 'signal' in given)
}

const methods = ['done', 'err', 'cause', 'deadline', 'value'] as const

/**
 * Throws TypeError unless the value can serve as a Context. Contexts of the package carry a mark, so that the check is
 * cheap: a server derives a context for each request.
 */
export function checkContext(where: string, ctx: Context): Context {
  if (isContext(ctx)) return ctx
  const given: unknown = ctx // a caller in JavaScript may pass any value
  if (given === null || given === undefined) throw mistyped(where, 'a Context (cannot create context from nil parent)', ctx)
  throw mistyped(where, 'a Context, with done, err, cause, deadline, value and signal', ctx)
}

/** The cause of a context that has ended: thrown by the code that works under it, and then an echo of that end. */
export function causeOf(ctx: Pick<Context, 'cause'>): unknown {
  const cause = ctx.cause()
  if (cause._tag === 'None') return new CanceledError()
  // a context of the package has done so at its end
  if ((ctx as { millraceContext?: true }).millraceContext !== true) rememberCause(cause.value, true)
  return cause.value
}
