/**
 * A pipeline that is never subscribed to, because its context had ended or its stop was ready: the stages that promised to
 * close a channel do so all the same. They are found by their descriptions, as `graph` finds them; a stage within an
 * RxJS operator that has no source (an argument of `merge`, the function of a `concatMap`) cannot be found.
 */
import { isObservable, Observable } from 'rxjs'
import { descriptionOf } from './scope.js'

/** Calls `refused` of every stage, with the cause, or null where the pipeline completes. */
export function refuse(pipeline: unknown, failure: { readonly error: unknown } | null): void {
  if (!isObservable(pipeline)) return
  const description = descriptionOf(pipeline)
  if (description === undefined) return refuse((pipeline as { source?: unknown }).source, failure) // the operators of RxJS have this field
  description.refused?.(failure)
  refuse(description.source, failure)
  for (const source of description.sources ?? []) refuse(source, failure)
  const branches = description.branches?.(new Observable<never>()) ?? []
  for (const branch of branches) refuse(branch, failure)
}
