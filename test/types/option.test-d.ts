// Option and Either are the package's own, and identical in shape to those of fp-ts.
import type * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { chan, type Chan, type Either, type Op, type Option, type Receiver } from 'millrace'
import { expectTypeOf, it } from 'vitest'

const jobs = chan<number>()

it('an Option of each package serves as the other', () => {
  expectTypeOf<Option<number>>().toEqualTypeOf<O.Option<number>>()
  expectTypeOf<O.Option<number>>().toExtend<Option<number>>()
  expectTypeOf<Option<number>>().toExtend<O.Option<number>>()
  expectTypeOf<Op<O.Option<number>>>().toEqualTypeOf<Op<Option<number>>>()
  expectTypeOf<Chan<O.Option<number>>>().toEqualTypeOf<Chan<Option<number>>>()
})

it('an Either of each package serves as the other', () => {
  expectTypeOf<Either<Error, number>>().toEqualTypeOf<E.Either<Error, number>>()
  expectTypeOf<E.Either<Error, number>>().toExtend<Either<Error, number>>()
  expectTypeOf<Either<Error, number>>().toExtend<E.Either<Error, number>>()
})

it("results work with fp-ts's functions, and infer", () => {
  const received = null as unknown as Awaited<ReturnType<typeof jobs.receive>>
  expectTypeOf(pipe(received, O.map(String), O.getOrElse(() => ''))).toEqualTypeOf<string>() // prettier-ignore
  const valueOf = <T>(option: Option<T>): T | undefined => (option._tag === 'Some' ? option.value : undefined)
  expectTypeOf(valueOf(O.some('x'))).toEqualTypeOf<string | undefined>()
  const leftOf = <L, R>(either: Either<L, R>): L | undefined => (either._tag === 'Left' ? either.left : undefined)
  expectTypeOf(leftOf(jobs.tryReceive())).toEqualTypeOf<'empty' | 'closed' | undefined>()
})

it('a user may implement Receiver with results of fp-ts', () => {
  const own = { ...jobs, receive: () => jobs.receive().map((option) => pipe(option, O.map((n) => n + 1))) } // prettier-ignore
  expectTypeOf(own).toExtend<Receiver<number>>()
})
