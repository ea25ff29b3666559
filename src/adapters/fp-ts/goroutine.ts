/**
 * What runs, in the words of fp-ts: a `Goroutine` is a Monad (an `Op` is none: see `op.ts`).
 *
 * A Goroutine is a handle on what has been started, as a promise is, so each function here starts what it answers, soon, never inline. Laws hold by
 * what is joined and by what happened on the way. What was made of another owns it: when it ends, canceled or failed, whatever it still waited
 * for is canceled. What is to start only when it is asked for is an `IO` of a goroutine: `start`, and the conversions to tasks, take that.
 */
import type { Applicative1 } from 'fp-ts/lib/Applicative.js'
import { apFirst as apFirst_, apS as apS_, apSecond as apSecond_, type Apply1 } from 'fp-ts/lib/Apply.js'
import { bind as bind_, type Chain1 } from 'fp-ts/lib/Chain.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { chainIOK as chainIOK_, type FromIO1 } from 'fp-ts/lib/FromIO.js'
import { chainTaskK as chainTaskK_, type FromTask1 } from 'fp-ts/lib/FromTask.js'
import { bindTo as bindTo_, flap as flap_, type Functor1 } from 'fp-ts/lib/Functor.js'
import type { IO } from 'fp-ts/lib/IO.js'
import type { Monad1 } from 'fp-ts/lib/Monad.js'
import type { MonadIO1 } from 'fp-ts/lib/MonadIO.js'
import type { MonadTask1 } from 'fp-ts/lib/MonadTask.js'
import type { Pointed1 } from 'fp-ts/lib/Pointed.js'
import type { Reader } from 'fp-ts/lib/Reader.js'
import type { ReaderTask } from 'fp-ts/lib/ReaderTask.js'
import type { ReaderTaskEither } from 'fp-ts/lib/ReaderTaskEither.js'
import type { Task } from 'fp-ts/lib/Task.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { choose, go, select, trySelect, withCancel, type Body, type Context, type Goroutine, type Op } from '../../runtime/index.js'
import { checkContext, checkFunction, spawn, type Owner } from '../../runtime/internal.js'

export const URI = 'millrace/Goroutine'
export type URI = typeof URI

declare module 'fp-ts/HKT.js' {
  interface URItoKind<A> {
    readonly 'millrace/Goroutine': Goroutine<A>
  }
}

/** Cancels, when its goroutine ends, whatever that was made of; for what has ended by then it changes nothing. */
class Made implements Owner {
  readonly of: Goroutine<unknown>[]

  constructor(...of: Goroutine<unknown>[]) {
    this.of = of
  }

  ended(): boolean {
    for (const one of this.of) one.cancel()
    return false // a failure is for those who join
  }
}

// Bodies with names: a dump shows them. They are generators, so that a value which happens to be a promise is a value.

function* of_<A>(value: A): Generator<never, A> {
  return value
}

function* map_<A, B>(fa: Goroutine<A>, f: (a: A) => B): Generator<never, B> {
  return f(yield* fa.join())
}

function* ap_<A, B>(fab: Goroutine<(a: A) => B>, fa: Goroutine<A>): Generator<never, B> {
  // Both are joined from here on, so the failure of neither is a crash; and which of two failures counts does not depend on the order.
  yield* choose(fab.join().attempt(), fa.join().attempt())
  const f = yield* fab.join().attempt()
  if (f._tag === 'Right') return f.right(yield* fa.join())
  trySelect([fa.join().attempt()])
  throw f.left
}

function* chain_<A, B>(made: Made, ma: Goroutine<A>, f: (a: A) => Goroutine<B>): Generator<never, B> {
  const mb = f(yield* ma.join())
  made.of[0] = mb
  return yield* mb.join()
}

/** A goroutine that returns the value. */
export function of<A>(value: A): Goroutine<A> {
  return spawn(of_<A>, [value], null)
}

/** `f` over its result; a throw of `f` is the failure. */
export function map<A, B>(f: (a: A) => B): (fa: Goroutine<A>) => Goroutine<B> {
  return (fa) => spawn(map_<A, B>, [fa, f], new Made(fa))
}

/** The function of the one over the result of the other; both run meanwhile. Where both fail, it is the function's failure. */
export function ap<A>(fa: Goroutine<A>): <B>(fab: Goroutine<(a: A) => B>) => Goroutine<B> {
  return <B>(fab: Goroutine<(a: A) => B>) => spawn(ap_<A, B>, [fab, fa], new Made(fab, fa))
}

/**
 * Goes on with what `f` starts, once the first has ended.
 *
 * @example
 * ```ts
 * const saved = pipe(go(load, id), goroutine.chain((user) => go(save, user)))
 * saved.cancel() // whichever of the two is under way
 * ```
 */
export function chain<A, B>(f: (a: A) => Goroutine<B>): (ma: Goroutine<A>) => Goroutine<B> {
  return (ma) => {
    const made = new Made(ma)
    return spawn(chain_<A, B>, [made, ma, f], made)
  }
}

/** Goes on with what `f` starts, and keeps the first result. */
export function tap<A, B>(f: (a: A) => Goroutine<B>): (ma: Goroutine<A>) => Goroutine<A> {
  return chain((a) => map(() => a)(f(a)))
}

export const flatten: <A>(mma: Goroutine<Goroutine<A>>) => Goroutine<A> = chain((ma) => ma)

/** Runs the IO as a goroutine; its throw is the failure. */
export function fromIO<A>(io: IO<A>): Goroutine<A> {
  checkFunction('fromIO(io)', io)
  return spawn(runIO<A>, [io], null)
}

function* runIO<A>(io: IO<A>): Generator<never, A> {
  return io()
}

/**
 * Runs the task as a goroutine. A promise cannot be stopped: after a cancel, joiners are told at once, and the task goes on until it ends.
 * Its `join()` is the Op: a Task itself is none, for running it has effects whether it is chosen or not.
 */
export function fromTask<A>(task: Task<A>): Goroutine<A> {
  checkFunction('fromTask(task)', task)
  return go(task)
}

/** Runs it as a goroutine; the result is on its rail, Left or Right, and a rejection is the goroutine's failure. */
export const fromTaskEither: <E, A>(te: TaskEither<E, A>) => Goroutine<Either<E, A>> = fromTask

/**
 * Runs it with a context of its own, derived from `ctx`, as the environment: that ends also when the goroutine is canceled. Answers what it
 * answers, so a Left that it makes of the end of its context is kept.
 *
 * @example
 * ```ts
 * const page = await pipe(fetchPage(url), goroutine.fromReaderTaskEither(ctx)).join()
 * ```
 */
export function fromReaderTaskEither(ctx: Context): <E, A>(rte: ReaderTaskEither<Context, E, A>) => Goroutine<Either<E, A>> {
  return fromReaderTask(ctx)
}

/** `fromReaderTaskEither` for what has no Left. */
export function fromReaderTask(ctx: Context): <A>(rt: ReaderTask<Context, A>) => Goroutine<A> {
  checkContext('fromReaderTask(ctx)', ctx)
  return <A>(rt: ReaderTask<Context, A>) => spawn(runReaderTask<A>, [ctx, rt], null)
}

function* runReaderTask<A>(ctx: Context, rt: ReaderTask<Context, A>): Generator<never, A> {
  const own = withCancel(ctx)
  try {
    const { value } = yield* select({ task: rt(own)() })
    return value
  } finally {
    own.cancel()
  }
}

/** Performs the operation in a goroutine. */
export function fromOp<A>(op: Op<A>): Goroutine<A> {
  return spawn(perform<A>, [op], null)
}

function* perform<A>(op: Op<A>): Generator<never, A> {
  return yield* op
}

/** Starts `body` as a goroutine each time it is run. */
export function start<A>(body: Body<[], A>): IO<Goroutine<A>> {
  checkFunction('start(body)', body)
  return () => go(body)
}

/** Starts it and waits for its end, each time the task is run. To wait for one that runs already: `op.toTask(it.join())`. */
export function toTask<A>(start: IO<Goroutine<A>>): Task<A> {
  checkFunction('toTask(start)', start)
  return async () => await start().join()
}

/** Starts it; its failure is the Left, by `onThrow`. */
export function toTaskEither<E>(onThrow: (cause: unknown) => E): <A>(start: IO<Goroutine<A>>) => TaskEither<E, A> {
  return (start) => async () => await start().join().attempt(onThrow)
}

/**
 * Starts it under the context that is the environment. When that ends first, the goroutine is canceled, and once it has unwound the task rejects with the
 * context's cause.
 */
export function toReaderTask<A>(start: Reader<Context, Goroutine<A>>): ReaderTask<Context, A> {
  return (ctx) => async () => await joinWithin(ctx, start(ctx), (join) => join)
}

/**
 * Starts it under the context that is the environment; its failure is the Left, by `onThrow`. When the context ends first, the goroutine is canceled,
 * and once it has unwound the Left is `onThrow` of the context's cause.
 *
 * @example
 * ```ts
 * const copied: ReaderTaskEither<Context, Error, void> = pipe((ctx: Context) => run(ctx, pipeline), goroutine.toReaderTaskEither(toError))
 * ```
 */
export function toReaderTaskEither<E>(
  onThrow: (cause: unknown) => E,
): <A>(start: Reader<Context, Goroutine<A>>) => ReaderTaskEither<Context, E, A> {
  return (start) => (ctx) => async () => await joinWithin(ctx, start(ctx), (join) => join.attempt(onThrow))
}

async function joinWithin<A, B>(ctx: Context, goroutine: Goroutine<A>, how: (join: Op<A>) => Op<B>): Promise<B> {
  try {
    return await how(goroutine.join().within(ctx))
  } finally {
    goroutine.cancel()
    await goroutine.join().attempt()
  }
}

export const Pointed: Pointed1<URI> = { URI, of }
export const Functor: Functor1<URI> = { URI, map: (fa, f) => map(f)(fa) }
export const Apply: Apply1<URI> = { ...Functor, ap: (fab, fa) => ap(fa)(fab) }
export const Applicative: Applicative1<URI> = { ...Apply, of }
export const Chain: Chain1<URI> = { ...Apply, chain: (ma, f) => chain(f)(ma) }
export const Monad: Monad1<URI> = { ...Chain, of }
export const FromIO: FromIO1<URI> = { URI, fromIO }
export const FromTask: FromTask1<URI> = { ...FromIO, fromTask }
export const MonadIO: MonadIO1<URI> = { ...Monad, fromIO }
export const MonadTask: MonadTask1<URI> = { ...MonadIO, fromTask }

export const flap = flap_(Functor)
export const apFirst = apFirst_(Apply)
export const apSecond = apSecond_(Apply)
export const chainIOK = chainIOK_(FromIO, Chain)
export const chainTaskK = chainTaskK_(FromTask, Chain)
export const bindTo = bindTo_(Functor)
export const bind = bind_(Chain)
export const apS = apS_(Apply)
