/**
 * A `Receiver` in the words of fp-ts: Functor, Compactable and Filterable.
 *
 * - `map` is a view: it takes nothing from the channel before its own receive is chosen, and starts nothing.
 * - What leaves values out has to take them before it knows, so it runs: a goroutine, from the call on, that takes a value, and waits with it
 *   until somebody receives it. So it holds one value at most, and passes on the close and its cause. It ends when the source is closed; while nobody
 *   holds the source or the result any more, it is collected.
 * - What makes two of one (`separate`, `partition`, `partitionMap`) holds one value for both: whoever receives from one of the two alone waits while
 *   the next value is for the other.
 *
 * Laws hold by what is received up to the close, and by the cause of that, whatever the schedule.
 */
import type { Compactable1 } from 'fp-ts/lib/Compactable.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { fromPredicate as eitherFromPredicate, map as mapEither } from 'fp-ts/lib/Either.js'
import type { Filterable1 } from 'fp-ts/lib/Filterable.js'
import type { Functor1 } from 'fp-ts/lib/Functor.js'
import { flap as flap_ } from 'fp-ts/lib/Functor.js'
import type { Option } from 'fp-ts/lib/Option.js'
import { fromPredicate, map as mapOption } from 'fp-ts/lib/Option.js'
import type { Predicate } from 'fp-ts/lib/Predicate.js'
import type { Refinement } from 'fp-ts/lib/Refinement.js'
import type { Separated } from 'fp-ts/lib/Separated.js'
import { chan, range, type Op, type Receiver, type Sender } from '../../runtime/index.js'
import { checkFunction, spawn } from '../../runtime/internal.js'

export const URI = 'millrace/Receiver'
export type URI = typeof URI

declare module 'fp-ts/HKT.js' {
  interface URItoKind<A> {
    readonly 'millrace/Receiver': Receiver<A>
  }
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

/** The receiver with `f` over each value. A throw of `f` is that of the receive, and the value is gone. */
export function map<A, B>(f: (a: A) => B): (receiver: Receiver<A>) => Receiver<B> {
  checkFunction('map(f)', f)
  return (receiver) => new Mapped(receiver, f)
}

/** Where the values of a stage go that makes of each a step: a send, or nothing. */
function* pump<A>(from: Receiver<A>, to: readonly Sender<never>[], step: (a: A) => Op<void> | null): Generator<never, void> {
  try {
    for (const it = range(from); yield* it.next();) {
      const send = step(it.value)
      if (send !== null) yield* send
    }
  } catch (cause) {
    // Without a cause a close would look like a good end.
    for (const one of to) one.close(cause ?? new Error(`${String(cause)} was thrown`))
    return
  }
  for (const one of to) one.close()
}

/**
 * The values that `f` makes something of. Runs as a goroutine; a throw of `f` closes the result with it.
 *
 * @example
 * ```ts
 * const numbers = pipe(lines, receiver.filterMap(parseNumber))
 * ```
 */
export function filterMap<A, B>(f: (a: A) => Option<B>): (receiver: Receiver<A>) => Receiver<B> {
  checkFunction('filterMap(f)', f)
  return (receiver) => {
    const out = chan<B>()
    const step = (a: A): Op<void> | null => {
      const b = f(a)
      return b._tag === 'Some' ? out.send(b.value) : null
    }
    spawn(pump<A>, [receiver, [out], step], null)
    return out
  }
}

/** The Lefts of `f` and its Rights, each a receiver; both are to be received from. */
export function partitionMap<A, B, C>(f: (a: A) => Either<B, C>): (receiver: Receiver<A>) => Separated<Receiver<B>, Receiver<C>> {
  checkFunction('partitionMap(f)', f)
  return (receiver) => {
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

/** The values of those that have one. */
export const compact: <A>(receiver: Receiver<Option<A>>) => Receiver<A> = filterMap((a) => a)

/** The Lefts and the Rights, each a receiver; both are to be received from. */
export const separate: <E, A>(receiver: Receiver<Either<E, A>>) => Separated<Receiver<E>, Receiver<A>> = partitionMap((a) => a)

/** The values of which `predicate` holds. */
export function filter<A, B extends A>(refinement: Refinement<A, B>): (receiver: Receiver<A>) => Receiver<B>
export function filter<A>(predicate: Predicate<A>): <B extends A>(receiver: Receiver<B>) => Receiver<B>
export function filter<A>(predicate: Predicate<A>): (receiver: Receiver<A>) => Receiver<A>
export function filter<A>(predicate: Predicate<A>): (receiver: Receiver<A>) => Receiver<A> {
  checkFunction('filter(predicate)', predicate)
  return filterMap(fromPredicate(predicate))
}

/** Those of which `predicate` does not hold, left, and those of which it does, right; both are to be received from. */
export function partition<A, B extends A>(refinement: Refinement<A, B>): (receiver: Receiver<A>) => Separated<Receiver<A>, Receiver<B>>
export function partition<A>(predicate: Predicate<A>): <B extends A>(receiver: Receiver<B>) => Separated<Receiver<B>, Receiver<B>>
export function partition<A>(predicate: Predicate<A>): (receiver: Receiver<A>) => Separated<Receiver<A>, Receiver<A>>
export function partition<A>(predicate: Predicate<A>): (receiver: Receiver<A>) => Separated<Receiver<A>, Receiver<A>> {
  checkFunction('partition(predicate)', predicate)
  return partitionMap(eitherFromPredicate(predicate, (a) => a))
}

export const Functor: Functor1<URI> = { URI, map: (receiver, f) => map(f)(receiver) }
export const Compactable: Compactable1<URI> = { URI, compact, separate }
export const Filterable: Filterable1<URI> = {
  ...Functor,
  ...Compactable,
  filter: <A>(receiver: Receiver<A>, predicate: Predicate<A>) => filter(predicate)(receiver),
  filterMap: (receiver, f) => filterMap(f)(receiver),
  partition: <A>(receiver: Receiver<A>, predicate: Predicate<A>) => partition(predicate)(receiver),
  partitionMap: (receiver, f) => partitionMap(f)(receiver),
}

export const flap = flap_(Functor)
