/** Operators for items that are Eithers: a Left is a failure that stays in the pipeline, with its type E. */
import { map as mapRight, mapLeft, type Either, type Left, type Right } from 'fp-ts/lib/Either.js'
import { filter, map, type Observable, type OperatorFunction } from 'rxjs'
import { broadcast } from '../../operators/index.js'
import { checkFunction } from '../../runtime/internal.js'

/**
 * Maps the Rights with `f`; a Left passes unchanged. An error that `f` throws is no E, so it ends the pipeline.
 *
 * @example
 * ```ts
 * pipe(fromReceiver(ids), workerPoolTE(5, loadUser), mapE((user) => user.name))
 * ```
 */
export function mapE<A, B>(f: (a: A) => B): <E>(source: Observable<Either<E, A>>) => Observable<Either<E, B>> {
  checkFunction('mapE(f)', f)
  return map(mapRight(f))
}

/** Maps the Lefts with `f`; a Right passes unchanged. An error that `f` throws ends the pipeline. */
export function mapLeftE<E, G>(f: (e: E) => G): <A>(source: Observable<Either<E, A>>) => Observable<Either<G, A>> {
  checkFunction('mapLeftE(f)', f)
  return map(mapLeft(f))
}

/**
 * Sends the Lefts through one pipeline and the Rights through another, with a single subscription to the source, and
 * merges their results. The source pauses while either pipeline has no demand, so the slower pipeline sets its speed.
 * Completes when the source and both pipelines have completed.
 *
 * @example
 * ```ts
 * pipe(fromReceiver(ids), workerPoolTE(5, loadUser), partitionE(sendTo(failures), workerPool(2, store)))
 * ```
 */
export function partitionE<E, A, L, R>(
  lefts: (lefts: Observable<E>) => Observable<L>,
  rights: (rights: Observable<A>) => Observable<R>,
): OperatorFunction<Either<E, A>, L | R> {
  checkFunction('partitionE(lefts)', lefts)
  checkFunction('partitionE(lefts, rights)', rights)
  return broadcast<Either<E, A>, [L, R]>(
    (branch) =>
      lefts(
        branch.pipe(
          filter((item): item is Left<E> => item._tag === 'Left'),
          map(({ left }) => left),
        ),
      ),
    (branch) =>
      rights(
        branch.pipe(
          filter((item): item is Right<A> => item._tag === 'Right'),
          map(({ right }) => right),
        ),
      ),
  )
}
