/** Tells canceled work from failed work. */
import type { Context } from '../../runtime/index.js'

/** The names of the errors that Millrace, the platform and its libraries throw for canceled work. */
const abortNames = new Set(['AbortError', 'CanceledError'])
/** Real chains of causes are shorter; the limit is for a chain that leads back to itself. */
const MAX_DEPTH = 100

/**
 * True when the context has ended and the error follows from that: the error, or an error in its `cause` chain, is the
 * context's error or cause, or has the name of an abort. An AggregateError counts when all of its errors do.
 */
export function isCancellation(error: unknown, ctx: Context): boolean {
  const end = ctx.err()
  if (end._tag === 'None') return false
  const cause = ctx.cause()
  let link = error
  for (let depth = 0; depth < MAX_DEPTH && link !== undefined && link !== null; depth++) {
    if (link === end.value || (cause._tag === 'Some' && link === cause.value)) return true
    if (!(link instanceof Error)) return false
    if (abortNames.has(link.name)) return true
    if (link instanceof AggregateError && link.errors.length > 0) return link.errors.every((each) => isCancellation(each, ctx))
    link = link.cause
  }
  return false
}
