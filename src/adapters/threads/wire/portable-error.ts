/**
 * Errors on their way between threads. The structured clone keeps the name only of the language's own classes, and drops the
 * fields; so an error crosses as a record of its class, name, message, stack, fields, `cause` and `errors`.
 *
 * Classes of the user arrive as the nearest class that both sides know, with their own name.
 */
import { CanceledError, DeadlineExceededError } from '../../../runtime/index.js'
import { ThreadLostError, UnclonableError } from './errors.js'

/** A thrown value that can be cloned. */
export type Portable = { readonly value: unknown } | { readonly error: ErrorRecord }

interface ErrorRecord {
  readonly className: string
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly fields: Record<string, unknown>
  readonly cause: Portable | null
  readonly errors: readonly Portable[] | null
}

const classes: readonly (new (...args: never[]) => Error)[] = [
  CanceledError,
  DeadlineExceededError,
  ThreadLostError,
  UnclonableError,
  AggregateError,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
]

const apart: readonly string[] = ['name', 'message', 'stack', 'cause', 'errors']
/** Longer chains of causes lead back to themselves. */
const MOST_LINKS = 16

/** Makes a thrown value portable. */
export function toPortable(thrown: unknown, links = MOST_LINKS): Portable {
  if (!(thrown instanceof Error)) return { value: clonable(thrown) ? thrown : textOf(thrown) }
  const { cause, errors } = thrown as { readonly cause?: unknown; readonly errors?: unknown } // an error may have them
  return {
    error: {
      className: classes.find((known) => thrown instanceof known)?.name ?? (thrown instanceof DOMException ? 'DOMException' : 'Error'),
      name: textOf(thrown.name),
      message: textOf(thrown.message),
      stack: thrown.stack === undefined ? undefined : textOf(thrown.stack),
      fields: fieldsOf(thrown),
      cause: cause === undefined || links === 0 ? null : toPortable(cause, links - 1),
      errors: Array.isArray(errors) && links > 0 ? errors.map((one) => toPortable(one, links - 1)) : null,
    },
  }
}

function fieldsOf(error: Error): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const key of Object.keys(error)) {
    const value: unknown = Reflect.get(error, key)
    if (!apart.includes(key) && clonable(value)) fields[key] = value
  }
  return fields
}

function clonable(value: unknown): boolean {
  if (typeof value === 'function' || typeof value === 'symbol') return false
  if (typeof value !== 'object' || value === null) return true
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}

function textOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return 'a value without a text'
  }
}

/** Makes the thrown value again. */
export function fromPortable(portable: Portable): unknown {
  if (!('error' in portable)) return portable.value
  const { error } = portable
  const made = error.className === 'DOMException' ? new DOMException(error.message, error.name) : classed(error)
  define(made, 'stack', error.stack)
  Object.assign(made, error.fields)
  if (error.cause !== null) define(made, 'cause', fromPortable(error.cause))
  if (error.errors !== null) define(made, 'errors', error.errors.map(fromPortable))
  return made
}

function classed({ className, name, message }: ErrorRecord): Error {
  const made = new Error(message)
  const known = classes.find((one) => one.name === className)
  if (known !== undefined) Object.setPrototypeOf(made, known.prototype as object) // a class has one
  if (made.name !== name) define(made, 'name', name)
  return made
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true })
}
