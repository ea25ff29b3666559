/* eslint-disable max-params -- a parameter for each stage, as in RxJS's pipe */
import { isObservable, type Observable, type OperatorFunction } from 'rxjs'
import { checkFunction, mistyped } from '../../runtime/internal.js'

/**
 * A stage of a pipeline, of Millrace or of RxJS.
 * @inline
 */
type Stage<A, B> = OperatorFunction<A, B>

/**
 * The source piped through the stages: `source.pipe(…stages)`, with types for up to twenty stages, where `pipe` knows
 * nine. The stages may be of Millrace or of RxJS.
 *
 * Shape: the shape of its stages. Holds no item of its own. Completes, fails and cancels as `source.pipe` does. Throws
 * TypeError for a source that is no Observable and for a stage that is no function.
 *
 * @example
 * ```ts
 * const lengths = pipeline(
 *   fromIterable(['a', 'bb']),
 *   workerPool(2, async (text) => text.length),
 *   batch({ size: 2, within: 10 }),
 * )
 * const [[one, two]] = await collect(background, lengths).join()
 * const total = one + two // → 3
 * ```
 */
export function pipeline<A>(source: Observable<A>): Observable<A>
export function pipeline<A, B>(source: Observable<A>, a: Stage<A, B>): Observable<B>
export function pipeline<A, B, C>(source: Observable<A>, a: Stage<A, B>, b: Stage<B, C>): Observable<C>
export function pipeline<A, B, C, D>(source: Observable<A>, a: Stage<A, B>, b: Stage<B, C>, c: Stage<C, D>): Observable<D>
export function pipeline<A, B, C, D, E>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
): Observable<E>
export function pipeline<A, B, C, D, E, F>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
): Observable<F>
export function pipeline<A, B, C, D, E, F, G>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
): Observable<G>
export function pipeline<A, B, C, D, E, F, G, H>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
  g: Stage<G, H>,
): Observable<H>
export function pipeline<A, B, C, D, E, F, G, H, I>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
  g: Stage<G, H>,
  h: Stage<H, I>,
): Observable<I>
export function pipeline<A, B, C, D, E, F, G, H, I, J>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
  g: Stage<G, H>,
  h: Stage<H, I>,
  i: Stage<I, J>,
): Observable<J>
export function pipeline<A, B, C, D, E, F, G, H, I, J, K>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
  g: Stage<G, H>,
  h: Stage<H, I>,
  i: Stage<I, J>,
  j: Stage<J, K>,
): Observable<K>
export function pipeline<A, B, C, D, E, F, G, H, I, J, K, L>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
  g: Stage<G, H>,
  h: Stage<H, I>,
  i: Stage<I, J>,
  j: Stage<J, K>,
  k: Stage<K, L>,
): Observable<L>
export function pipeline<A, B, C, D, E, F, G, H, I, J, K, L, M>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
  g: Stage<G, H>,
  h: Stage<H, I>,
  i: Stage<I, J>,
  j: Stage<J, K>,
  k: Stage<K, L>,
  l: Stage<L, M>,
): Observable<M>
export function pipeline<A, B, C, D, E, F, G, H, I, J, K, L, M, N>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
  g: Stage<G, H>,
  h: Stage<H, I>,
  i: Stage<I, J>,
  j: Stage<J, K>,
  k: Stage<K, L>,
  l: Stage<L, M>,
  m: Stage<M, N>,
): Observable<N>
export function pipeline<A, B, C, D, E, F, G, H, I, J, K, L, M, N, O>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
  g: Stage<G, H>,
  h: Stage<H, I>,
  i: Stage<I, J>,
  j: Stage<J, K>,
  k: Stage<K, L>,
  l: Stage<L, M>,
  m: Stage<M, N>,
  n: Stage<N, O>,
): Observable<O>
export function pipeline<A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
  g: Stage<G, H>,
  h: Stage<H, I>,
  i: Stage<I, J>,
  j: Stage<J, K>,
  k: Stage<K, L>,
  l: Stage<L, M>,
  m: Stage<M, N>,
  n: Stage<N, O>,
  o: Stage<O, P>,
): Observable<P>
export function pipeline<A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
  g: Stage<G, H>,
  h: Stage<H, I>,
  i: Stage<I, J>,
  j: Stage<J, K>,
  k: Stage<K, L>,
  l: Stage<L, M>,
  m: Stage<M, N>,
  n: Stage<N, O>,
  o: Stage<O, P>,
  p: Stage<P, Q>,
): Observable<Q>
export function pipeline<A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
  g: Stage<G, H>,
  h: Stage<H, I>,
  i: Stage<I, J>,
  j: Stage<J, K>,
  k: Stage<K, L>,
  l: Stage<L, M>,
  m: Stage<M, N>,
  n: Stage<N, O>,
  o: Stage<O, P>,
  p: Stage<P, Q>,
  q: Stage<Q, R>,
): Observable<R>
export function pipeline<A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
  g: Stage<G, H>,
  h: Stage<H, I>,
  i: Stage<I, J>,
  j: Stage<J, K>,
  k: Stage<K, L>,
  l: Stage<L, M>,
  m: Stage<M, N>,
  n: Stage<N, O>,
  o: Stage<O, P>,
  p: Stage<P, Q>,
  q: Stage<Q, R>,
  r: Stage<R, S>,
): Observable<S>
export function pipeline<A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
  g: Stage<G, H>,
  h: Stage<H, I>,
  i: Stage<I, J>,
  j: Stage<J, K>,
  k: Stage<K, L>,
  l: Stage<L, M>,
  m: Stage<M, N>,
  n: Stage<N, O>,
  o: Stage<O, P>,
  p: Stage<P, Q>,
  q: Stage<Q, R>,
  r: Stage<R, S>,
  s: Stage<S, T>,
): Observable<T>
export function pipeline<A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, U>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
  g: Stage<G, H>,
  h: Stage<H, I>,
  i: Stage<I, J>,
  j: Stage<J, K>,
  k: Stage<K, L>,
  l: Stage<L, M>,
  m: Stage<M, N>,
  n: Stage<N, O>,
  o: Stage<O, P>,
  p: Stage<P, Q>,
  q: Stage<Q, R>,
  r: Stage<R, S>,
  s: Stage<S, T>,
  t: Stage<T, U>,
): Observable<U>
export function pipeline<A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, U>(
  source: Observable<A>,
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
  g: Stage<G, H>,
  h: Stage<H, I>,
  i: Stage<I, J>,
  j: Stage<J, K>,
  k: Stage<K, L>,
  l: Stage<L, M>,
  m: Stage<M, N>,
  n: Stage<N, O>,
  o: Stage<O, P>,
  p: Stage<P, Q>,
  q: Stage<Q, R>,
  r: Stage<R, S>,
  s: Stage<S, T>,
  t: Stage<T, U>,
  ...more: readonly Stage<never, unknown>[]
): Observable<unknown>
export function pipeline(source: Observable<unknown>, ...stages: readonly Stage<never, unknown>[]): Observable<unknown> {
  if (!isObservable(source)) throw mistyped('pipeline(source, …stages): source', 'an Observable', source)
  stages.forEach((stage, i) => checkFunction(`pipeline(source, …stages): stage ${i + 1}`, stage))
  let piped = source
  const all = stages as readonly Stage<unknown, unknown>[] // the overloads check that they fit
  for (const [i, stage] of all.entries())
    if (!isObservable((piped = stage(piped)))) throw mistyped(`pipeline(source, …): result of stage ${i + 1}`, 'an Observable', piped)
  return piped
}
