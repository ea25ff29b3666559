/** The sources of the partitions of a log, and a pipeline for each of them. */
import { isObservable, merge, type Observable } from 'rxjs'
import { checkFunction, mistyped } from '../../runtime/internal.js'
import { described } from '../../operators/internal.js'
import type { Delivery } from './delivery.js'

/** The partitions of the sources of logs, in their order. */
const partsOf = new WeakMap<object, readonly Observable<Delivery<unknown>>[]>()

/** One source of several partitions. */
export function logOf<T>(name: string, holds: number, parts: readonly Observable<Delivery<T>>[]): Observable<Delivery<T>> {
  const all = described<Delivery<T>>({ name, holds }, (subscriber) => merge(...parts).subscribe(subscriber))
  partsOf.set(all, parts)
  return all
}

/**
 * A pipeline for each partition of a log: `build` is called with the source of each partition and its number. So a slow
 * partition holds no other up, and the messages of a partition that is revoked end with their contexts. A queue is one
 * partition.
 *
 * Shape: the results of all pipelines as they come. Holds what they hold. Completes when all have completed, and fails
 * with the first that fails. Throws TypeError for a source that is no source of deliveries.
 *
 * @example
 * ```ts
 * const each = partitions(link.from<User>({ log: 'users' }), (part) => part.pipe(workerPool(1, through(({ name }) => name)), settle()))
 * ```
 */
export function partitions<T, R>(
  source: Observable<Delivery<T>>,
  build: (part: Observable<Delivery<T>>, partition: number) => Observable<R>,
): Observable<R> {
  checkFunction('partitions(source, build)', build)
  const parts = isObservable(source) ? partsOf.get(source) : undefined
  if (parts === undefined) throw mistyped('partitions(source)', 'a source of deliveries, such as that of a log', source)
  const built = (): Observable<R>[] =>
    parts.map((part, i) => {
      const pipeline = build(part as Observable<Delivery<T>>, i) // the type of `source` says so
      if (!isObservable(pipeline)) throw mistyped('partitions(source, build): the result of build', 'an Observable', pipeline)
      return pipeline
    })
  return described<R>({ name: 'partitions', holds: 0, unseen: 'the pipelines of the partitions', source }, (subscriber) =>
    merge(...built()).subscribe(subscriber),
  )
}
