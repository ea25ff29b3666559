/**
 * `Goroutine` as an fp-ts type: a Monad (an `Op` is none: see `op.ts`).
 *
 * A Goroutine is a handle on running work, as a promise is, so each function here starts the goroutine that it returns:
 * soon, never inline. A goroutine made of others owns them: when the owner ends, canceled or failed, the parts still
 * running are canceled. An `IO` of a goroutine describes work that has not started: `start` makes such an IO, and the
 * conversions to tasks take it.
 *
 * Two goroutines are equal for the laws if they have the same results and effects under every schedule.
 */
import { apS as apS_ } from 'fp-ts/lib/Apply.js'
import { bind as bind_ } from 'fp-ts/lib/Chain.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { bindTo as bindTo_, type Functor1 } from 'fp-ts/lib/Functor.js'
import type { IO } from 'fp-ts/lib/IO.js'
import type { Monad1 } from 'fp-ts/lib/Monad.js'
import type { Reader } from 'fp-ts/lib/Reader.js'
import type { ReaderTask } from 'fp-ts/lib/ReaderTask.js'
import type { ReaderTaskEither } from 'fp-ts/lib/ReaderTaskEither.js'
import type { Task } from 'fp-ts/lib/Task.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { choose, go, select, trySelect, withCancel, type Body, type Context, type Goroutine, type Op } from '../../runtime/index.js'
import { checkContext, checkFunction, checkMethod, checkOperation, spawn, type Owner } from '../../runtime/internal.js'

/** The name by which fp-ts knows `Goroutine`. */
export const URI = 'millrace/Goroutine'
/** The type of that name. */
export type URI = typeof URI

declare module 'fp-ts/HKT.js' {
  interface URItoKind<A> {
    readonly 'millrace/Goroutine': Goroutine<A>
  }
}

const checkGoroutine = <A>(where: string, given: Goroutine<A>): Goroutine<A> => {
  checkMethod(where, 'a Goroutine', given, 'cancel') // an array has `join`
  return given
}

/** At the end of its goroutine, cancels the parts of this goroutine. */
class Parts implements Owner {
  readonly goroutines: Goroutine<unknown>[]

  constructor(...goroutines: Goroutine<unknown>[]) {
    this.goroutines = goroutines
  }

  ended(): boolean {
    for (const goroutine of this.goroutines) goroutine.cancel()
    return false // joiners receive the failure
  }
}

// Bodies have names, for dumps. They are generators, so a value that happens to be a promise stays a value.

function* of_<A>(value: A): Generator<never, A> {
  return value
}

function* map_<A, B>(fa: Goroutine<A>, f: (a: A) => B): Generator<never, B> {
  return f(yield* fa.join())
}

function* ap_<A, B>(fab: Goroutine<(a: A) => B>, fa: Goroutine<A>): Generator<never, B> {
  // Both are joined from here on, so neither failure is a crash, and the order of two failures does not decide which
  // one counts.
  yield* choose(fab.join().attempt(), fa.join().attempt())
  const f = yield* fab.join().attempt()
  if (f._tag === 'Right') return f.right(yield* fa.join())
  trySelect([fa.join().attempt()])
  throw f.left
}

function* chain_<A, B>(parts: Parts, ma: Goroutine<A>, f: (a: A) => Goroutine<B>): Generator<never, B> {
  const mb = checkGoroutine('chain(f): the result of f', f(yield* ma.join()))
  parts.goroutines[0] = mb
  return yield* mb.join()
}

/** A goroutine that returns the value. */
export function of<A>(value: A): Goroutine<A> {
  return spawn(of_<A>, [value], null)
}

/** A goroutine that applies `f` to the result; an error that `f` throws is its failure. */
export function map<A, B>(f: (a: A) => B): (fa: Goroutine<A>) => Goroutine<B> {
  checkFunction('map(f)', f)
  return (fa) => spawn(map_<A, B>, [fa, f], new Parts(checkGoroutine('map(f)(fa)', fa)))
}

/**
 * Applies the function that a goroutine returns to the result of another goroutine; both run at the same time. If both
 * fail, the failure of the function counts.
 */
export function ap<A>(fa: Goroutine<A>): <B>(fab: Goroutine<(a: A) => B>) => Goroutine<B> {
  checkGoroutine('ap(fa)', fa)
  return <B>(fab: Goroutine<(a: A) => B>) => spawn(ap_<A, B>, [fab, fa], new Parts(checkGoroutine('ap(fa)(fab)', fab), fa))
}

/**
 * Goes on with the goroutine that `f` starts once the first has ended.
 *
 * @example
 * ```ts
 * const saved = pipe(go(load, id), goroutine.chain((user) => go(save, user)))
 * saved.cancel() // cancels the goroutine of the two that is running
 * ```
 */
export function chain<A, B>(f: (a: A) => Goroutine<B>): (ma: Goroutine<A>) => Goroutine<B> {
  checkFunction('chain(f)', f)
  return (ma) => {
    const parts = new Parts(checkGoroutine('chain(f)(ma)', ma))
    return spawn(chain_<A, B>, [parts, ma, f], parts)
  }
}

/** Goes on with the goroutine that `f` starts, and keeps the first result. */
export function tap<A, B>(f: (a: A) => Goroutine<B>): (ma: Goroutine<A>) => Goroutine<A> {
  checkFunction('tap(f)', f)
  return chain((a) => map(() => a)(checkGoroutine('tap(f): the result of f', f(a))))
}

/** Runs the IO as a goroutine; an error that the IO throws is the failure. */
export function fromIO<A>(io: IO<A>): Goroutine<A> {
  checkFunction('fromIO(io)', io)
  return spawn(runIO<A>, [io], null)
}

function* runIO<A>(io: IO<A>): Generator<never, A> {
  return io()
}

/**
 * Runs the task as a goroutine. A promise cannot be stopped: after a cancel the joiners resume at once, and the task
 * goes on until its promise settles. The Op for the result is `join()`. A Task itself is no Op, because a run of the
 * task has effects whether or not its case is chosen.
 */
export function fromTask<A>(task: Task<A>): Goroutine<A> {
  checkFunction('fromTask(task)', task)
  return go(task)
}

/** Runs the TaskEither as a goroutine that results in its Left or Right; a rejection is the goroutine's failure. */
export const fromTaskEither: <E, A>(te: TaskEither<E, A>) => Goroutine<Either<E, A>> = fromTask

/**
 * Runs the ReaderTaskEither as a goroutine. Its environment is a context derived from `ctx` that also ends when the
 * goroutine is canceled. The goroutine results in its Left or Right, so a Left that reports the end of the context is
 * kept.
 *
 * @example
 * ```ts
 * const page = await pipe(fetchPage(url), goroutine.fromReaderTaskEither(ctx)).join()
 * ```
 */
export function fromReaderTaskEither(ctx: Context): <E, A>(rte: ReaderTaskEither<Context, E, A>) => Goroutine<Either<E, A>> {
  return fromReaderTask(ctx)
}

/** `fromReaderTaskEither` for a ReaderTask, which has no Left. */
export function fromReaderTask(ctx: Context): <A>(rt: ReaderTask<Context, A>) => Goroutine<A> {
  checkContext('fromReaderTask(ctx)', ctx)
  return <A>(rt: ReaderTask<Context, A>) => {
    checkFunction('fromReaderTask(ctx)(rt)', rt)
    return spawn(runReaderTask<A>, [ctx, rt], null)
  }
}

function* runReaderTask<A>(ctx: Context, rt: ReaderTask<Context, A>): Generator<never, A> {
  const own = withCancel(ctx)
  try {
    const task = rt(own)
    checkFunction('fromReaderTask(ctx)(rt): the result of rt', task)
    const { value } = yield* select({ task: task() })
    return value
  } finally {
    own.cancel()
  }
}

/** Performs the operation in a goroutine. */
export function fromOp<A>(op: Op<A>): Goroutine<A> {
  void checkOperation('fromOp(op)', op)
  return spawn(perform<A>, [op], null)
}

function* perform<A>(op: Op<A>): Generator<never, A> {
  return yield* op
}

/** Describes a goroutine: each run of the IO starts `body`. */
export function start<A>(body: Body<[], A>): IO<Goroutine<A>> {
  checkFunction('start(body)', body)
  return () => go(body)
}

/**
 * Each run of the task starts the goroutine and waits for its end. For a goroutine that runs already:
 * `op.toTask(running.join())`.
 */
export function toTask<A>(start: IO<Goroutine<A>>): Task<A> {
  checkFunction('toTask(start)', start)
  return async () => await started(start()).join()
}

/** Each run of the task starts the goroutine and waits for its end; `onThrow` turns its failure into the Left. */
export function toTaskEither<E>(onThrow: (cause: unknown) => E): <A>(start: IO<Goroutine<A>>) => TaskEither<E, A> {
  checkFunction('toTaskEither(onThrow)', onThrow)
  return (start) => {
    checkFunction('toTaskEither(onThrow)(start)', start)
    return async () => await started(start()).join().attempt(onThrow)
  }
}

/**
 * Each run of the task starts the goroutine under the context that is the environment. If the context ends first, the
 * goroutine is canceled; after the unwinding, the task rejects with the context's cause.
 */
export function toReaderTask<A>(start: Reader<Context, Goroutine<A>>): ReaderTask<Context, A> {
  checkFunction('toReaderTask(start)', start)
  return (ctx) => {
    checkContext('toReaderTask(start)(ctx)', ctx)
    return async () => await joinWithin(ctx, start(ctx), (join) => join)
  }
}

/**
 * Each run of the task starts the goroutine under the context that is the environment; `onThrow` turns its failure into
 * the Left. If the context ends first, the goroutine is canceled; after the unwinding, the Left is `onThrow` of the
 * context's cause.
 *
 * @example
 * ```ts
 * const copied: ReaderTaskEither<Context, Error, void> = pipe((ctx: Context) => run(ctx, pipeline), goroutine.toReaderTaskEither(toError))
 * ```
 */
export function toReaderTaskEither<E>(
  onThrow: (cause: unknown) => E,
): <A>(start: Reader<Context, Goroutine<A>>) => ReaderTaskEither<Context, E, A> {
  checkFunction('toReaderTaskEither(onThrow)', onThrow)
  return (start) => {
    checkFunction('toReaderTaskEither(onThrow)(start)', start)
    return (ctx) => {
      checkContext('toReaderTaskEither(onThrow)(start)(ctx)', ctx)
      return async () => await joinWithin(ctx, start(ctx), (join) => join.attempt(onThrow))
    }
  }
}

/** The goroutine that an IO or a reader of the caller has started. */
const started = <A>(goroutine: Goroutine<A>): Goroutine<A> => checkGoroutine('the result of start', goroutine)

async function joinWithin<A, B>(ctx: Context, goroutine: Goroutine<A>, how: (join: Op<A>) => Op<B>): Promise<B> {
  started(goroutine)
  try {
    return await how(goroutine.join().within(ctx))
  } finally {
    goroutine.cancel()
    await goroutine.join().attempt()
  }
}

/** fp-ts's Functor of `Goroutine`: `map`. */
export const Functor: Functor1<URI> = { URI, map: (fa, f) => map(f)(fa) }
/** fp-ts's Monad of `Goroutine`: `of`, `ap` and `chain`. */
export const Monad: Monad1<URI> = { ...Functor, of, ap: (fab, fa) => ap(fa)(fab), chain: (ma, f) => chain(f)(ma) }

/** Do notation: the result becomes the first named part of a record. */
export const bindTo = bindTo_(Functor)
/** Do notation: goes on with the goroutine that the function starts, and adds its result to the record. */
export const bind = bind_(Monad)
/** Do notation: adds the result of a goroutine that runs already. */
export const apS = apS_(Monad)
