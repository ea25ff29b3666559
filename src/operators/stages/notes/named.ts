import type { MonoTypeOperatorFunction } from 'rxjs'
import { mistyped } from '../../../runtime/internal.js'
import { currentScope, described, under } from '../../demand/scope.js'

/**
 * A name for the part of a pipeline above it. Warnings, errors and dead letters call its stages `name/stage`, and
 * `graph` shows the name. Names nest.
 *
 * Shape: items pass at once. Holds no item. Completes, fails and cancels with its source. Throws TypeError for an empty
 * name.
 *
 * @example
 * ```ts
 * const ingest = fromReceiver(jobs).pipe(workerPool(5, parse), named('ingest')) // its pool is "ingest/workerPool"
 * ```
 */
export function named<T>(name: string): MonoTypeOperatorFunction<T> {
  if (typeof name !== 'string' || name === '') throw mistyped('named(name)', 'a name', name)
  return (source) =>
    described<T>({ name, holds: 0, source, isPart: true }, (subscriber) => {
      const scope = currentScope()
      return under({ ...scope, name: scope.name === '' ? name : `${scope.name}/${name}` }, () => source.subscribe(subscriber))
    })
}
