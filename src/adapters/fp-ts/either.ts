/** Items that are Eithers: a pipeline with two rails, and E is what the left one carries. */
import { map as mapRight, mapLeft, type Either, type Left, type Right } from 'fp-ts/lib/Either.js'
import { filter, map, type Observable, type OperatorFunction } from 'rxjs'
import { broadcast } from '../../operators/index.js'
import { checkFunction } from '../../runtime/internal.js'

/**
 * `f` over the Rights; a Left goes by as it is. A throw of `f` is the pipeline's error, being no E.
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

/** `f` over the Lefts; a Right goes by as it is. */
export function mapLeftE<E, G>(f: (e: E) => G): <A>(source: Observable<Either<E, A>>) => Observable<Either<G, A>> {
  checkFunction('mapLeftE(f)', f)
  return map(mapLeft(f))
}

/**
 * The Lefts through one pipeline and the Rights through another, by one subscription to the source; their results come together. The source
 * goes at the pace of the slower: it pauses while either has no demand. Completes when the source and both have.
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
