/** The end of a call, of the record that its thread sent. */
import { CANCELED, CLEAN_UP_THREW, NOT_CLONED, NOT_LOADED, RETURNED } from '../wire/batch.js'
import { UnclonableError } from '../wire/errors.js'
import { fromPortable, type Portable } from '../wire/portable-error.js'
import type { Call, Outcome } from './call.js'
import { moduleError } from './failures.js'

/** A canceled call that returns in spite of it has returned, and a failure of its clean-up is a failure. */
export function outcomeOf({ fn, cancellation }: Call, status: number, value: unknown): Outcome<unknown> {
  if (status === RETURNED) return { failed: false, value }
  if (status === CANCELED && cancellation !== null) return { failed: true, error: cancellation.cause }
  if (status === NOT_CLONED)
    return { failed: true, error: new UnclonableError(`${fn.name}: ${String(value)}, which cannot be sent back from a thread`, fn.name) }
  const error = fromPortable(value as Portable) // the other records have a thrown value
  return { failed: true, error: status === NOT_LOADED ? moduleError(fn, error) : error, isOfCleanUp: status === CLEAN_UP_THREW }
}
