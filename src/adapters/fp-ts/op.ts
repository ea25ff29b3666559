/**
 * `Op` as an fp-ts type: Functor, Alt and Zero.
 *
 * Op has no `chain`, hence no Monad and no Applicative, on purpose. An Op commits once, and a case that is not chosen
 * has no effect. `chain(receive, f)` would have to receive before the next operation is known. Between the two steps
 * the operation would have taken a value and could still lose a select, so a case that is not chosen would have an
 * effect. Left identity would fail too: `chain(of(a), f)` commits while `f(a)` still waits. `ap` has the same fault.
 * Two steps in a row are a goroutine: `goroutine.chain`, or a body with two `yield*`.
 *
 * Two Ops are equal for the laws if they have the same outcomes and effects under every schedule. `alt` is `choose`,
 * which is fair among ready cases: `alt` is associative in the cases that may be chosen, not in the chance of each,
 * because a nested choice counts as a single case.
 */
import type { Alt1 } from 'fp-ts/lib/Alt.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { LazyArg } from 'fp-ts/lib/function.js'
import type { Functor1 } from 'fp-ts/lib/Functor.js'
import type { IO } from 'fp-ts/lib/IO.js'
import type { Option } from 'fp-ts/lib/Option.js'
import { map as mapOption } from 'fp-ts/lib/Option.js'
import type { ReaderTaskEither } from 'fp-ts/lib/ReaderTaskEither.js'
import type { Task } from 'fp-ts/lib/Task.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Zero1 } from 'fp-ts/lib/Zero.js'
import { choose, never, trySelect, type Context, type Op } from '../../runtime/index.js'
import { checkContext, checkFunction, checkOperation } from '../../runtime/internal.js'

/** The name by which fp-ts knows `Op`. */
export const URI = 'millrace/Op'
/** The type of that name. */
export type URI = typeof URI

// Types only: there is no such file at run time. fp-ts declares its kinds in this module, and every entry of fp-ts
// re-exports it.
declare module 'fp-ts/HKT.js' {
  interface URItoKind<A> {
    readonly 'millrace/Op': Op<A>
  }
}

/** The same operation with `f` applied to its result. The performer calls `f` once, after the choice. */
export function map<A, B>(f: (a: A) => B): (op: Op<A>) => Op<B> {
  checkFunction('map(f)', f)
  return (op) => op.map(f)
}

/**
 * Performs the operation that is ready, or either at random if both are; the other operation has no effect. If the
 * chosen operation throws, so does the choice. To recover from errors, use `attempt`.
 *
 * @example
 * ```ts
 * const message = await pipe(urgent.receive(), op.alt(() => normal.receive()))
 * ```
 */
export function alt<A>(that: LazyArg<Op<A>>): (op: Op<A>) => Op<A> {
  checkFunction('alt(that)', that)
  return (op) => choose(op, that())
}

/** `alt` for operations with different types of result. */
export function altW<B>(that: LazyArg<Op<B>>): <A>(op: Op<A>) => Op<A | B> {
  checkFunction('altW(that)', that)
  return <A>(op: Op<A>) => choose<(Op<A> | Op<B>)[]>(op, that())
}

/** An operation that is never ready, and so loses every choice. */
export const zero: <A>() => Op<A> = never

/**
 * The same operation under a context: when the context ends, the operation is withdrawn and throws the context's cause.
 */
export function within(ctx: Context): <A>(op: Op<A>) => Op<A> {
  checkContext('within(ctx)', ctx)
  return (op) => op.within(ctx)
}

/** The same operation with its error as a value: `onThrow` turns the error into the Left. */
export function attempt<E>(onThrow: (cause: unknown) => E): <A>(op: Op<A>) => Op<Either<E, A>> {
  checkFunction('attempt(onThrow)', onThrow)
  return (op) => op.attempt(onThrow)
}

/** fp-ts's Functor of `Op`: `map`. */
export const Functor: Functor1<URI> = { URI, map: (op, f) => op.map(f) }
/** fp-ts's Alt of `Op`: `choose`. */
export const Alt: Alt1<URI> = { ...Functor, alt: (op, that) => choose(op, that()) }
/** fp-ts's Zero of `Op`: `never`. */
export const Zero: Zero1<URI> = { URI, zero }

/** Performs the operation each time the task runs. An error rejects; `toTaskEither` makes the error a value. */
export function toTask<A>(op: Op<A>): Task<A> {
  void checkOperation('toTask(op)', op)
  return async () => await op
}

/** Performs the operation each time the task runs; `onThrow` turns an error into the Left. */
export function toTaskEither<E>(onThrow: (cause: unknown) => E): <A>(op: Op<A>) => TaskEither<E, A> {
  checkFunction('toTaskEither(onThrow)', onThrow)
  return (op) => toTask(op.attempt(onThrow))
}

/**
 * Performs the operation under the context that is the environment. If the context ends first, the Left is `onThrow` of
 * its cause.
 */
export function toReaderTaskEither<E>(onThrow: (cause: unknown) => E): <A>(op: Op<A>) => ReaderTaskEither<Context, E, A> {
  checkFunction('toReaderTaskEither(onThrow)', onThrow)
  return (op) => (ctx) => toTask(op.within(ctx).attempt(onThrow))
}

/** Performs the operation if that needs no waiting; results in none otherwise. Source: Go's select with `default`. */
export function toIO<A>(op: Op<A>): IO<Option<A>> {
  void checkOperation('toIO(op)', op)
  const value = mapOption((chosen: { value: A }) => chosen.value)
  return () => value(trySelect([op]))
}
