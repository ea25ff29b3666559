/**
 * `Receiver` as an fp-ts type: Functor, Compactable and Filterable.
 *
 * - `map` is a view that starts no goroutine: a value leaves the channel only when a receive of the view is chosen.
 * - A filter has to take a value to test it. So the call starts a goroutine, which holds at most one value, waits until
 *   a receiver takes that value, and passes on the close with its cause. The goroutine ends when the source is closed;
 *   when nothing refers to the source or the result any more, the goroutine is collected.
 * - `separate`, `partition` and `partitionMap` split a receiver into two sides and hold a single value for both: a
 *   goroutine that receives from one side alone waits while the next value belongs to the other side.
 *
 * Two receivers are equal for the laws if they give the same values up to the close, and the same cause, under every
 * schedule.
 */
import type { Compactable1 } from 'fp-ts/lib/Compactable.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { fromPredicate as eitherFromPredicate, map as mapEither } from 'fp-ts/lib/Either.js'
import type { Filterable1 } from 'fp-ts/lib/Filterable.js'
import type { Functor1 } from 'fp-ts/lib/Functor.js'
import type { Option } from 'fp-ts/lib/Option.js'
import { fromPredicate, map as mapOption } from 'fp-ts/lib/Option.js'
import type { Predicate } from 'fp-ts/lib/Predicate.js'
import type { Refinement } from 'fp-ts/lib/Refinement.js'
import type { Separated } from 'fp-ts/lib/Separated.js'
import { chan, range, type Op, type Receiver, type Sender } from '../../runtime/index.js'
import { checkFunction, checkMethod, spawn } from '../../runtime/internal.js'

/** The name by which fp-ts knows `Receiver`. */
export const URI = 'millrace/Receiver'
/** The type of that name. */
export type URI = typeof URI

declare module 'fp-ts/HKT.js' {
  interface URItoKind<A> {
    readonly 'millrace/Receiver': Receiver<A>
  }
}

function checkReceiver<A>(where: string, given: Receiver<A>): Receiver<A> {
  checkMethod(where, 'a Receiver', given, 'receive')
  return given
}

class Mapped<A, B> implements Receiver<B> {
  private readonly _receive: Op<Option<B>>

  constructor(
    private readonly _source: Receiver<A>,
    private readonly _f: (a: A) => B,
  ) {
    this._receive = _source.receive().map(mapOption(_f))
  }

  get size(): number {
    return this._source.size
  }
  get capacity(): number {
    return this._source.capacity
  }
  receive(): Op<Option<B>> {
    return this._receive
  }
  tryReceive(): Either<'empty' | 'closed', B> {
    return mapEither(this._f)(this._source.tryReceive())
  }
  closed(): Op<void> {
    return this._source.closed()
  }
  [Symbol.asyncIterator](): AsyncIterator<B> {
    const source = this._source[Symbol.asyncIterator]()
    return {
      next: async () => {
        const result = await source.next()
        return result.done === true ? result : { done: false, value: this._f(result.value) }
      },
      return: async () => {
        await source.return?.()
        return { done: true, value: undefined }
      },
    }
  }
}

/** The receiver with `f` applied to each value. If `f` throws, the receive throws, and the value is lost. */
export function map<A, B>(f: (a: A) => B): (receiver: Receiver<A>) => Receiver<B> {
  checkFunction('map(f)', f)
  return (receiver) => new Mapped(checkReceiver('map(f)(receiver)', receiver), f)
}

/** Performs a step for each value: a send, or nothing if `step` returns null. Closes `to` at the end. */
function* pump<A>(from: Receiver<A>, to: readonly Sender<never>[], step: (a: A) => Op<void> | null): Generator<never, void> {
  try {
    for (const it = range(from); yield* it.next();) {
      const send = step(it.value)
      if (send !== null) yield* send
    }
  } catch (cause) {
    // A close without a cause would look like success.
    for (const sender of to) sender.close(cause ?? new Error(`${String(cause)} was thrown`))
    return
  }
  for (const sender of to) sender.close()
}

/**
 * Keeps the values for which `f` returns Some, mapped. Runs as a goroutine; an error that `f` throws closes the result
 * with that error.
 *
 * @example
 * ```ts
 * const numbers = pipe(lines, receiver.filterMap(parseNumber))
 * ```
 */
export function filterMap<A, B>(f: (a: A) => Option<B>): (receiver: Receiver<A>) => Receiver<B> {
  checkFunction('filterMap(f)', f)
  return (receiver) => {
    checkReceiver('filterMap(f)(receiver)', receiver)
    const out = chan<B>()
    const step = (a: A): Op<void> | null => {
      const b = f(a)
      return b._tag === 'Some' ? out.send(b.value) : null
    }
    spawn(pump<A>, [receiver, [out], step], null)
    return out
  }
}

/**
 * The Lefts of `f` and the Rights of `f`, each as a receiver. Receive from both: a value that nobody takes holds up the
 * other side.
 */
export function partitionMap<A, B, C>(f: (a: A) => Either<B, C>): (receiver: Receiver<A>) => Separated<Receiver<B>, Receiver<C>> {
  checkFunction('partitionMap(f)', f)
  return (receiver) => {
    checkReceiver('partitionMap(f)(receiver)', receiver)
    const left = chan<B>()
    const right = chan<C>()
    const step = (a: A): Op<void> => {
      const either = f(a)
      return either._tag === 'Left' ? left.send(either.left) : right.send(either.right)
    }
    spawn(pump<A>, [receiver, [left, right], step], null)
    return { left, right }
  }
}

/** The values of the Somes. */
export const compact: <A>(receiver: Receiver<Option<A>>) => Receiver<A> = filterMap((a) => a)

/**
 * The Lefts and the Rights, each as a receiver. Receive from both: a value that nobody takes holds up the other side.
 */
export const separate: <E, A>(receiver: Receiver<Either<E, A>>) => Separated<Receiver<E>, Receiver<A>> = partitionMap((a) => a)

/** The values for which `predicate` returns true. */
export function filter<A, B extends A>(refinement: Refinement<A, B>): (receiver: Receiver<A>) => Receiver<B>
export function filter<A>(predicate: Predicate<A>): <B extends A>(receiver: Receiver<B>) => Receiver<B>
export function filter<A>(predicate: Predicate<A>): (receiver: Receiver<A>) => Receiver<A>
export function filter<A>(predicate: Predicate<A>): (receiver: Receiver<A>) => Receiver<A> {
  checkFunction('filter(predicate)', predicate)
  return filterMap(fromPredicate(predicate))
}

/**
 * The values for which `predicate` returns false (`left`) and true (`right`), each as a receiver. Receive from both.
 */
export function partition<A, B extends A>(refinement: Refinement<A, B>): (receiver: Receiver<A>) => Separated<Receiver<A>, Receiver<B>>
export function partition<A>(predicate: Predicate<A>): <B extends A>(receiver: Receiver<B>) => Separated<Receiver<B>, Receiver<B>>
export function partition<A>(predicate: Predicate<A>): (receiver: Receiver<A>) => Separated<Receiver<A>, Receiver<A>>
export function partition<A>(predicate: Predicate<A>): (receiver: Receiver<A>) => Separated<Receiver<A>, Receiver<A>> {
  checkFunction('partition(predicate)', predicate)
  return partitionMap(eitherFromPredicate(predicate, (a) => a))
}

/** fp-ts's Functor of `Receiver`: `map`. */
export const Functor: Functor1<URI> = { URI, map: (receiver, f) => map(f)(receiver) }
/** fp-ts's Compactable of `Receiver`: `compact` and `separate`. */
export const Compactable: Compactable1<URI> = { URI, compact, separate }
/** fp-ts's Filterable of `Receiver`: `filter`, `filterMap`, `partition` and `partitionMap`. */
export const Filterable: Filterable1<URI> = {
  ...Functor,
  ...Compactable,
  filter: <A>(receiver: Receiver<A>, predicate: Predicate<A>) => filter(predicate)(receiver),
  filterMap: (receiver, f) => filterMap(f)(receiver),
  partition: <A>(receiver: Receiver<A>, predicate: Predicate<A>) => partition(predicate)(receiver),
  partitionMap: (receiver, f) => partitionMap(f)(receiver),
}
