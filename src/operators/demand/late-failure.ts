/**
 * Errors that come when no subscriber is left to receive them: of a finalizer, of the `return` of an iterator. They are
 * late failures, as those of goroutines that were given up.
 */
import { UnsubscriptionError } from 'rxjs'
import { failedLate } from '../../runtime/internal.js'

/** Reports the error. `part` names the part of the pipeline that failed, for the report. */
export function failedAfterEnd(cause: unknown, part: string): void {
  if (cause instanceof UnsubscriptionError) for (const each of cause.errors) failedAfterEnd(each, part)
  else failedLate(cause, { id: 0, name: part })
}
