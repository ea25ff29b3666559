/** Tells canceled work from failed work. */
import type { Context } from '../../runtime/index.js'
import { chainOf, isInstance } from '../../runtime/internal.js'

/** The names of the errors that Millrace, the platform and its libraries throw for canceled work. */
const abortNames = new Set(['AbortError', 'CanceledError'])
/** Errors within errors; the limit is for an error that holds itself. */
const MOST_NESTED = 100

/**
 * True when the context has ended and the error follows from that: the error, or an error in its `cause` chain, is the
 * context's error or cause, or has the name of an abort. An AggregateError counts when all of its errors do.
 */
export function isCancellation(error: unknown, ctx: Context): boolean {
  const end = ctx.err()
  if (end._tag === 'None') return false
  const cause = ctx.cause()
  return followsFrom(error, cause._tag === 'Some' ? [end.value, cause.value] : [end.value], MOST_NESTED)
}

function followsFrom(error: unknown, ends: readonly unknown[], nested: number): boolean {
  for (const link of chainOf(error)) {
    if (ends.includes(link)) return true
    if (!isInstance(link, Error)) return false
    const { name, errors } = partsOf(link)
    if (abortNames.has(name)) return true
    if (errors.length > 0) return nested > 0 && errors.every((each) => followsFrom(each, ends, nested - 1))
  }
  return false
}

/** Properties of an error, as far as they can be read. */
function partsOf(error: Error): { readonly name: string; readonly errors: readonly unknown[] } {
  try {
    return { name: error.name, errors: error instanceof AggregateError ? [...(error.errors as unknown[])] : [] } // declared as any[]
  } catch {
    return { name: '', errors: [] }
  }
}
