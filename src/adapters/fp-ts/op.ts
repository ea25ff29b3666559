/**
 * An `Op` in the words of fp-ts: Functor, Alt and Zero.
 *
 * There is no `chain`, hence no Monad and no Applicative, and that is not an omission. An Op commits once, and a case that is not chosen has no
 * effect. `chain(receive, f)` would have to receive, and only then know what to wait for next: between the two it has taken a value and
 * could still lose a select, so that "not chosen" would have had an effect; and left identity would fail, since `chain(of(a), f)` commits
 * where `f(a)` still waits. `ap` is the same with both known beforehand. What goes on after its first commit is a goroutine:
 * `goroutine.chain`, or a body with two `yield*`.
 *
 * Laws hold by what an Op can come to under any schedule: its outcomes and its effects. `alt` is `choose`, fair among what is ready, so
 * it is associative in what may be chosen, not in how often: a nested choice counts as one.
 */
import type { Alt1 } from 'fp-ts/lib/Alt.js'
import { altAll as altAll_ } from 'fp-ts/lib/Alt.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { LazyArg } from 'fp-ts/lib/function.js'
import type { Functor1 } from 'fp-ts/lib/Functor.js'
import { bindTo as bindTo_, flap as flap_ } from 'fp-ts/lib/Functor.js'
import type { IO } from 'fp-ts/lib/IO.js'
import type { Option } from 'fp-ts/lib/Option.js'
import { map as mapOption } from 'fp-ts/lib/Option.js'
import type { ReaderTaskEither } from 'fp-ts/lib/ReaderTaskEither.js'
import type { Task } from 'fp-ts/lib/Task.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Zero1 } from 'fp-ts/lib/Zero.js'
import { choose, never, trySelect, type Context, type Op } from '../../runtime/index.js'

export const URI = 'millrace/Op'
export type URI = typeof URI

// Only types: at run time there is no such file. It is where fp-ts declares its kinds, and every entry of fp-ts leads there.
declare module 'fp-ts/HKT.js' {
  interface URItoKind<A> {
    readonly 'millrace/Op': Op<A>
  }
}

/** The same operation with `f` over its result: runs once, by the one who performs, after the choice. */
export function map<A, B>(f: (a: A) => B): (op: Op<A>) => Op<B> {
  return (op) => op.map(f)
}

/**
 * One of the two: whichever is ready, at random where both are; the other has no effect. A case that is chosen and throws is the choice's
 * throw, so this is no recovery from errors: that is `attempt`.
 *
 * @example
 * ```ts
 * const message = await pipe(urgent.receive(), op.alt(() => normal.receive()))
 * ```
 */
export function alt<A>(that: LazyArg<Op<A>>): (op: Op<A>) => Op<A> {
  return (op) => choose(op, that())
}

/** `alt` where the two differ in their result. */
export function altW<B>(that: LazyArg<Op<B>>): <A>(op: Op<A>) => Op<A | B> {
  return <A>(op: Op<A>) => choose<(Op<A> | Op<B>)[]>(op, that())
}

/** Never ready: what loses every choice. */
export const zero: <A>() => Op<A> = never

/** Given up when the context ends: then it throws the context's cause. */
export function within(ctx: Context): <A>(op: Op<A>) => Op<A> {
  return (op) => op.within(ctx)
}

/** Its throw as a value, by `onThrow`. */
export function attempt<E>(onThrow: (cause: unknown) => E): <A>(op: Op<A>) => Op<Either<E, A>> {
  return (op) => op.attempt(onThrow)
}

export const Functor: Functor1<URI> = { URI, map: (op, f) => op.map(f) }
export const Alt: Alt1<URI> = { ...Functor, alt: (op, that) => choose(op, that()) }
export const Zero: Zero1<URI> = { URI, zero }

export const bindTo = bindTo_(Functor)
export const flap = flap_(Functor)
export const altAll = altAll_(Alt)

/** Performs it, anew each time the task is run. What it throws rejects: where that is to be a value, `toTaskEither`. */
export function toTask<A>(op: Op<A>): Task<A> {
  return async () => await op
}

/** Performs it; what it throws is the Left, by `onThrow`. */
export function toTaskEither<E>(onThrow: (cause: unknown) => E): <A>(op: Op<A>) => TaskEither<E, A> {
  return (op) => toTask(op.attempt(onThrow))
}

/** Performs it within the context that is the environment: where that ends first, the Left is `onThrow` of its cause. */
export function toReaderTaskEither<E>(onThrow: (cause: unknown) => E): <A>(op: Op<A>) => ReaderTaskEither<Context, E, A> {
  return (op) => (ctx) => toTask(op.within(ctx).attempt(onThrow))
}

/** Performs it if that needs no waiting, and answers none where it would: Go's select with `default`. */
export function toIO<A>(op: Op<A>): IO<Option<A>> {
  const value = mapOption((chosen: { value: A }) => chosen.value)
  return () => value(trySelect([op]))
}
