/**
 * The echo of an end: an error that only repeats that a context has ended or that a goroutine was canceled. Some code
 * decided on that end, so its echo is no failure.
 *
 * Echoes are: CanceledError and DeadlineExceededError; the cause of a context that has ended; an AbortError that names
 * one of these as its `cause` or its `reason`, or comes from a signal with such a reason; an AggregateError or a
 * SuppressedError of echoes alone.
 */
import { shared } from '../base/shared.js'

/** Causes that contexts have ended with. */
interface Causes {
  readonly objects: WeakSet<object>
  /** The latest strings, numbers and other values without an identity. */
  readonly values: Set<unknown>
}

const causes = shared<Causes>('millrace.causes.v1', () => ({ objects: new WeakSet(), values: new Set() }))
/** Values that are remembered: each stays in memory. */
const MOST_VALUES = 100
/** Longer chains of causes lead back to themselves. */
const MOST_LINKS = 100

/** The properties that an error may have; any of them may be missing, or of another type. */
interface ErrorLike {
  readonly name?: unknown
  readonly cause?: unknown
  readonly reason?: unknown
  readonly signal?: { readonly aborted?: unknown; readonly reason?: unknown } | null
  readonly errors?: unknown
  readonly error?: unknown
  readonly suppressed?: unknown
}

/**
 * Remembers a cause given to the end of a context: an error that is this cause is an echo. A value without an identity is
 * remembered only `asValue`, since other code may throw the same.
 */
export function rememberCause(cause: unknown, asValue: boolean): void {
  if (isObject(cause)) {
    if (!isReadable(() => isNameOfEnd((cause as ErrorLike).name))) causes.objects.add(cause) // those with the name of an end need no memory
  } else if (asValue && cause !== undefined && cause !== null) {
    causes.values.delete(cause)
    causes.values.add(cause)
    if (causes.values.size > MOST_VALUES) causes.values.delete(causes.values.values().next().value)
  }
}

/** True for an error that only repeats the end of a context or goroutine. */
export function isEcho(error: unknown): boolean {
  return isReadable(() => repeats(error, MOST_LINKS))
}

/**
 * True for an error that shows by itself that it repeats an end, whatever causes are remembered: an error that many
 * places throw, a constant of a module, may be the cause of one end and a failure elsewhere.
 */
export function isEnd(error: unknown): boolean {
  return isReadable(() => isObject(error) && looksLikeEnd(error, MOST_LINKS))
}

/** True for an error with an echo in its chain of causes: a failure that follows from the end of a context. */
export function followsFromEnd(error: unknown): boolean {
  return isReadable(() => {
    let link: unknown = error
    for (let left = MOST_LINKS; left > 0 && isObject(link); left--) {
      if (repeats(link, left)) return true
      link = (link as ErrorLike).cause // each property is looked at as unknown
    }
    return false
  })
}

/** True for an error with the name of an abort, whatever it says about its reason. */
export function isAbort(error: unknown): boolean {
  return isReadable(() => isObject(error) && (error as ErrorLike).name === 'AbortError') // as above
}

/** An error whose properties cannot be read (a getter throws, a proxy was revoked) is a failure. */
function isReadable(test: () => boolean): boolean {
  try {
    return test()
  } catch {
    return false
  }
}

function repeats(error: unknown, left: number): boolean {
  if (!isObject(error)) return causes.values.has(error)
  return causes.objects.has(error) || looksLikeEnd(error, left)
}

function looksLikeEnd(error: object, left: number): boolean {
  const { name, errors, error: last, suppressed } = error as ErrorLike // as above
  if (isNameOfEnd(name)) return true
  if (left === 0) return false
  if (name === 'AbortError') return isAbortOfEnd(error, left)
  if (name === 'AggregateError') return Array.isArray(errors) && errors.length > 0 && errors.every((each) => repeats(each, left - 1))
  return name === 'SuppressedError' && repeats(last, left - 1) && repeats(suppressed, left - 1)
}

/** By name, since two copies of the package have two classes. */
function isNameOfEnd(name: unknown): boolean {
  return name === 'CanceledError' || name === 'DeadlineExceededError'
}

function isAbortOfEnd({ cause, reason, signal }: ErrorLike, left: number): boolean {
  if (repeats(cause, left - 1) || repeats(reason, left - 1)) return true
  return isObject(signal) && signal.aborted === true && repeats(signal.reason, left - 1)
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
