/** Telling work that was called off from work that failed. */
import type { Context } from '../../runtime/index.js'

/** The names by which we, the platform and its libraries throw what was called off. */
const abortNames = new Set(['AbortError', 'CanceledError'])
/** Chains of causes are short; one that goes round must not hold us. */
const DEEPEST = 100

/**
 * The context has ended, and the error says just that: it is the context's error or cause, or an abort, or was caused by one; an
 * AggregateError, if all in it are.
 */
export function isEndOf(ctx: Context, error: unknown): boolean {
  const end = ctx.err()
  if (end._tag === 'None') return false
  const cause = ctx.cause()
  let one = error
  for (let depth = 0; depth < DEEPEST && one !== undefined && one !== null; depth++) {
    if (one === end.value || (cause._tag === 'Some' && one === cause.value)) return true
    if (!(one instanceof Error)) return false
    if (abortNames.has(one.name)) return true
    if (one instanceof AggregateError && one.errors.length > 0) return one.errors.every((each) => isEndOf(ctx, each))
    one = one.cause
  }
  return false
}
