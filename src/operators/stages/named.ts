import { Observable, type MonoTypeOperatorFunction } from 'rxjs'
import { mistyped } from '../../runtime/internal.js'
import { described } from '../engine/description.js'
import { currentScope, under } from '../demand/scope.js'

/**
 * A name for the part of a pipeline that is above: warnings, errors and dead letters call its stages `name/stage`, and `graph` shows it. Names
 * nest.
 *
 * @example
 * ```ts
 * const ingest = fromReceiver(jobs).pipe(workerPool(5, parse), named('ingest')) // its pool is "ingest/workerPool"
 * ```
 */
export function named<T>(name: string): MonoTypeOperatorFunction<T> {
  if (typeof name !== 'string' || name === '') throw mistyped('named(name)', 'a name', name)
  return (source) =>
    described(
      new Observable((subscriber) => {
        const scope = currentScope()
        return under({ ...scope, name: scope.name === '' ? name : `${scope.name}/${name}` }, () => source.subscribe(subscriber))
      }),
      { name, holds: 0, source, isPart: true },
    )
}
