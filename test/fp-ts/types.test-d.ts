// The inferred types: E keeps its type through every function. Checked by tsc, never run.
import type { Either } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { IO } from 'fp-ts/lib/IO.js'
import type { Option } from 'fp-ts/lib/Option.js'
import type { ReaderTaskEither } from 'fp-ts/lib/ReaderTaskEither.js'
import type { Separated } from 'fp-ts/lib/Separated.js'
import type { Task } from 'fp-ts/lib/Task.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { background, go, type Chan, type Context, type Goroutine, type Op, type Receiver, type Sender } from 'millrace'
import { chainPoolRTE, chainPoolTE, goroutine, mapE, mapLeftE, op, partitionE, receiver, workerPoolRTE, workerPoolTE } from 'millrace/fp-ts'
import { fromIterable, sendTo } from 'millrace/operators'
import { map, type Observable } from 'rxjs'
import { describe, expectTypeOf, it } from 'vitest'

class NotFound {
  readonly _tag = 'NotFound'
}
class Denied {
  readonly _tag = 'Denied'
}
interface User {
  readonly name: string
}

declare const ids: Observable<number>
declare const load: (id: number) => TaskEither<NotFound, User>
declare const loadWithin: (id: number) => ReaderTaskEither<Context, NotFound, User>
declare const check: (user: User) => TaskEither<Denied, 'ok'>
declare const checkWithin: (user: User) => ReaderTaskEither<Context, Denied, 'ok'>
declare const onThrow: (cause: unknown) => Denied

describe('pipelines', () => {
  it('a pool emits the results of its work, E unchanged', () => {
    expectTypeOf(pipe(ids, workerPoolTE(5, load))).toEqualTypeOf<Observable<Either<NotFound, User>>>()
    expectTypeOf(ids.pipe(workerPoolTE(5, load))).toEqualTypeOf<Observable<Either<NotFound, User>>>()
    expectTypeOf(pipe(ids, workerPoolRTE(5, loadWithin))).toEqualTypeOf<Observable<Either<NotFound, User>>>()
    expectTypeOf(
      pipe(
        fromIterable([1]),
        workerPoolTE(5, (id) => load(id)),
      ),
    ).toEqualTypeOf<Observable<Either<NotFound, User>>>()
    expectTypeOf(
      pipe(
        fromIterable([1]),
        workerPoolRTE(5, (id) => loadWithin(id)),
      ),
    ).toEqualTypeOf<Observable<Either<NotFound, User>>>()
  })

  it('a chained pool emits the failures of both', () => {
    const users = pipe(ids, workerPoolTE(5, load))
    expectTypeOf(pipe(users, chainPoolTE(5, check))).toEqualTypeOf<Observable<Either<NotFound | Denied, 'ok'>>>()
    expectTypeOf(pipe(users, chainPoolRTE(5, checkWithin))).toEqualTypeOf<Observable<Either<NotFound | Denied, 'ok'>>>()
    expectTypeOf(users.pipe(chainPoolTE(5, (user) => check(user)))).toEqualTypeOf<Observable<Either<NotFound | Denied, 'ok'>>>()
  })

  it('mapE keeps E, and mapLeftE keeps A', () => {
    const users = pipe(ids, workerPoolTE(5, load))
    expectTypeOf(
      pipe(
        users,
        mapE((user) => user.name),
      ),
    ).toEqualTypeOf<Observable<Either<NotFound, string>>>()
    expectTypeOf(
      pipe(
        users,
        mapLeftE((e) => [e]),
      ),
    ).toEqualTypeOf<Observable<Either<NotFound[], User>>>()
  })

  it('partitionE gives each rail its type', () => {
    const users = pipe(ids, workerPoolTE(5, load))
    const both = pipe(
      users,
      partitionE(
        map((e) => [e]),
        map((user) => user.name.length),
      ),
    )
    expectTypeOf(both).toEqualTypeOf<Observable<NotFound[] | number>>()
    const failures = sendTo(null as unknown as Sender<NotFound>)
    const sent = pipe(
      users,
      partitionE(
        failures,
        map(() => 1),
      ),
    )
    expectTypeOf(sent).toEqualTypeOf<Observable<number>>()
    const others = partitionE(
      sendTo(null as unknown as Sender<Denied>),
      map((_: User) => 1),
    )
    // @ts-expect-error the channel would be sent what it does not take
    pipe(users, others)
  })

  it('takes no work of another kind', () => {
    const needsMore =
      (_: number): ReaderTaskEither<{ db: string }, NotFound, User> =>
      () =>
        load(1)
    // @ts-expect-error the environment is a Context, and nothing else
    workerPoolRTE(5, needsMore)
    // @ts-expect-error a promise is no task
    workerPoolTE(5, async (id: number) => load(id)())
    // @ts-expect-error an item is no id
    pipe(fromIterable(['1']), workerPoolTE(5, load))
  })
})

describe('an Op', () => {
  const receive = null as unknown as Op<Option<number>>

  it('keeps its type and E through data-last functions', () => {
    expectTypeOf(
      pipe(
        receive,
        op.map(() => 'x'),
      ),
    ).toEqualTypeOf<Op<string>>()
    expectTypeOf(
      pipe(
        receive,
        op.alt(() => receive),
      ),
    ).toEqualTypeOf<Op<Option<number>>>()
    expectTypeOf(
      pipe(
        receive,
        op.altW(() => op.zero<string>()),
      ),
    ).toEqualTypeOf<Op<Option<number> | string>>()
    expectTypeOf(pipe(receive, op.attempt(onThrow))).toEqualTypeOf<Op<Either<Denied, Option<number>>>>()
    expectTypeOf(pipe(receive, op.within(background))).toEqualTypeOf<Op<Option<number>>>()
    expectTypeOf(op.Functor.map(receive, () => 1)).toEqualTypeOf<Op<number>>()
    expectTypeOf(op.Alt.alt(receive, () => receive)).toEqualTypeOf<Op<Option<number>>>()
    expectTypeOf(op.Zero.zero<string>()).toEqualTypeOf<Op<string>>()
  })

  it('becomes a task, with E from the given function', () => {
    expectTypeOf(op.toTask(receive)).toEqualTypeOf<Task<Option<number>>>()
    expectTypeOf(pipe(receive, op.toTaskEither(onThrow))).toEqualTypeOf<TaskEither<Denied, Option<number>>>()
    expectTypeOf(pipe(receive, op.toReaderTaskEither(onThrow))).toEqualTypeOf<ReaderTaskEither<Context, Denied, Option<number>>>()
    expectTypeOf(op.toIO(receive)).toEqualTypeOf<IO<Option<Option<number>>>>()
    // @ts-expect-error without onThrow there is no E to speak of
    op.toTaskEither()
  })

  it('is no Monad', () => {
    // @ts-expect-error there is no chain
    void op.chain
    // @ts-expect-error nor an instance
    void op.Monad
    // @ts-expect-error nor an Applicative
    void op.Applicative
    const task: Task<number> = async () => 1
    // @ts-expect-error a task is none: it has effects, chosen or not
    void op.toTask(task)
  })
})

describe('a goroutine', () => {
  const one = go(() => 1)

  it('keeps its type through data-last functions', () => {
    expectTypeOf(pipe(one, goroutine.map(String))).toEqualTypeOf<Goroutine<string>>()
    expectTypeOf(
      pipe(
        one,
        goroutine.chain((n) => goroutine.of([n])),
      ),
    ).toEqualTypeOf<Goroutine<number[]>>()
    expectTypeOf(pipe(goroutine.of(String), goroutine.ap(goroutine.of<unknown>(1)))).toEqualTypeOf<Goroutine<string>>()
    expectTypeOf(goroutine.Monad.chain(one, (n) => goroutine.of(String(n)))).toEqualTypeOf<Goroutine<string>>()
    const record = pipe(
      one,
      goroutine.bindTo('a'),
      goroutine.bind('b', ({ a }) => goroutine.of(String(a))),
    )
    expectTypeOf(record).toEqualTypeOf<Goroutine<{ readonly a: number; readonly b: string }>>()
  })

  it('is made of tasks, and becomes a task, E unchanged', () => {
    expectTypeOf(goroutine.fromTaskEither(load(1))).toEqualTypeOf<Goroutine<Either<NotFound, User>>>()
    expectTypeOf(goroutine.fromTask(load(1))).toEqualTypeOf<Goroutine<Either<NotFound, User>>>()
    expectTypeOf(pipe(loadWithin(1), goroutine.fromReaderTaskEither(background))).toEqualTypeOf<Goroutine<Either<NotFound, User>>>()
    expectTypeOf(goroutine.fromIO(() => 1)).toEqualTypeOf<Goroutine<number>>()
    const start = goroutine.start(function* () {
      return 'x'
    })
    expectTypeOf(start).toEqualTypeOf<IO<Goroutine<string>>>()
    expectTypeOf(goroutine.toTask(start)).toEqualTypeOf<Task<string>>()
    expectTypeOf(pipe(start, goroutine.toTaskEither(onThrow))).toEqualTypeOf<TaskEither<Denied, string>>()
    const within = pipe((_: Context) => one, goroutine.toReaderTaskEither(onThrow))
    expectTypeOf(within).toEqualTypeOf<ReaderTaskEither<Context, Denied, number>>()
    const typed: TaskEither<NotFound, User> = goroutine.toTask(() => goroutine.fromTaskEither(load(1)))
    return typed
  })
})

it('a Receiver keeps its type through data-last functions', () => {
  const numbers = null as unknown as Chan<number>
  const mixed = null as unknown as Receiver<number | string>
  const rails = null as unknown as Receiver<Either<NotFound, User>>
  expectTypeOf(pipe(numbers, receiver.map(String))).toEqualTypeOf<Receiver<string>>()
  expectTypeOf(
    pipe(
      mixed,
      receiver.filter((x): x is string => typeof x === 'string'),
    ),
  ).toEqualTypeOf<Receiver<string>>()
  expectTypeOf(pipe(rails, receiver.separate)).toEqualTypeOf<Separated<Receiver<NotFound>, Receiver<User>>>()
  expectTypeOf(receiver.Filterable.filterMap(numbers, (n): Option<string> => ({ _tag: 'Some', value: String(n) }))).toEqualTypeOf<
    Receiver<string>
  >()
  const { left, right } = pipe(
    mixed,
    receiver.partition((x): x is string => typeof x === 'string'),
  )
  expectTypeOf(left).toEqualTypeOf<Receiver<number | string>>()
  expectTypeOf(right).toEqualTypeOf<Receiver<string>>()
})
