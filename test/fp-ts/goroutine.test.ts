import * as E from 'fp-ts/lib/Either.js'
import { none } from 'fp-ts/lib/Option.js'
import * as RTE from 'fp-ts/lib/ReaderTaskEither.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { background, CanceledError, chan, contextKey, go, onCrash, select, sleep, withCancel, withValue, type Context } from 'millrace'
import { goroutine } from 'millrace/fp-ts'
import { collect, fromIterable, workerPool } from 'millrace/operators'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { nobody, waitersOf } from '../support/waiters.js'

const toError = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)))
const crashes: unknown[] = []
let offCrash = () => {}
beforeEach(() => {
  crashes.length = 0
  offCrash = onCrash((error) => crashes.push(error))
})
afterEach(() => {
  offCrash()
  expect(crashes).toEqual([])
})

it('a program that continues after its first commit has effects before it could be chosen, so it is a goroutine and not an Op', async () => {
  const first = chan<number>(1)
  first.trySend(1)
  const second = chan<number>()
  const both = pipe(
    goroutine.fromOp(first.receive()),
    goroutine.chain(() => goroutine.fromOp(second.receive())),
  )
  const r = await select({ both: both.join(), later: sleep(0) })
  expect(r.case).toBe('later')
  await settle()
  expect(first.size, 'the select lost, and yet it was taken').toBe(0)
  both.cancel()
})

describe('a goroutine', () => {
  it('starts as an IO, and anew each time it is run as a task', async () => {
    let started = 0
    const start = goroutine.start(function* () {
      yield* sleep(0)
      return ++started
    })
    const task = goroutine.toTask(start)
    await settle()
    expect(started).toBe(0)
    expect(await task()).toBe(1)
    expect(await task()).toBe(2)
    expect(await start().join()).toBe(3)
  })

  it('becomes a TaskEither: a failure is a Left, and a returned Either is kept', async () => {
    const failing = goroutine.start(function* (): Generator<never, number> {
      throw new Error('no')
    })
    expect(await pipe(failing, goroutine.toTaskEither(toError))()).toEqual(E.left(new Error('no')))
    await expect(goroutine.toTask(failing)()).rejects.toThrow('no')
    expect(await goroutine.toTask(goroutine.start(() => E.left('typed')))()).toEqual(E.left('typed'))
  })

  it('is made of an IO, a task, a task of Either and an Op', async () => {
    expect(await goroutine.fromIO(() => 1).join()).toBe(1)
    expect(await goroutine.fromTask(async () => 2).join()).toBe(2)
    expect(await goroutine.fromTaskEither(TE.left('typed')).join()).toEqual(E.left('typed'))
    expect(await goroutine.fromOp(sleep(0).map(() => 4)).join()).toBe(4)
    const rejected = goroutine.fromTask(() => Promise.reject(new Error('rejected'))).join()
    await expect(rejected).rejects.toThrow('rejected')
    const threw = goroutine.fromIO(() => {
      throw new Error('threw')
    })
    await expect(threw.join()).rejects.toThrow('threw')
  })

  it('keeps a promise that is a result', async () => {
    const promise = Promise.reject(new Error('not looked at'))
    promise.catch(() => {})
    const held = goroutine.map((value: { promise: Promise<never> }) => value.promise === promise)(goroutine.of({ promise }))
    expect(await held.join()).toBe(true)
    const raw = goroutine.of(promise)
    const seen = go(function* () {
      return (yield* raw.join()) === promise
    })
    expect(await seen.join()).toBe(true)
  })

  it('is used by data-last functions, with names for its parts', async () => {
    const sum = pipe(
      goroutine.of(1),
      goroutine.bindTo('a'),
      goroutine.bind('b', ({ a }) => goroutine.of(a + 1)),
      goroutine.apS('c', goroutine.of(3)),
      goroutine.map(({ a, b, c }) => a + b + c),
      goroutine.tap(() => goroutine.of('dropped')),
    )
    expect(await sum.join()).toBe(6)
  })

  const waiting = () => {
    const ch = chan<number>()
    return { ch, started: goroutine.fromOp(ch.receive()) }
  }

  it.each([
    ['map', (a: typeof aGoroutine) => goroutine.map(() => 1)(a)],
    ['chain', (a: typeof aGoroutine) => goroutine.chain(() => goroutine.of(1))(a)],
    ['chain, in its second half', (a: typeof aGoroutine) => goroutine.chain(() => a)(goroutine.of(1))],
    ['ap', (a: typeof aGoroutine) => goroutine.ap(a)(goroutine.of(() => 1))],
  ])('canceled, cancels the goroutine that it waits for: %s', async (_what, derive) => {
    const { ch, started } = waiting()
    const derived = derive(started)
    await settle()
    expect(waitersOf(ch)).toEqual({ senders: 0, receivers: 1 })
    derived.cancel()
    await settle()
    expect(waitersOf(ch)).toEqual(nobody)
    await expect(derived.join()).rejects.toThrow(CanceledError)
  })

  it('canceled before its start, cancels its parts', async () => {
    const { ch, started } = waiting()
    goroutine
      .map(() => 1)(started)
      .cancel()
    await settle()
    expect(waitersOf(ch)).toEqual(nobody)
    await expect(started.join()).rejects.toThrow(CanceledError)
  })

  it('whose function has failed, cancels its argument; where both have, the function counts and neither is a crash', async () => {
    const { ch, started } = waiting()
    const fails = (message: string) =>
      go(function* (): Generator<never, never> {
        throw new Error(message)
      })
    await expect(pipe(fails('function'), goroutine.ap(started)).join()).rejects.toThrow('function')
    await settle()
    expect(waitersOf(ch)).toEqual(nobody)
    await expect(pipe(fails('function'), goroutine.ap(fails('argument'))).join()).rejects.toThrow('function')
    const late = goroutine.chain(() => fails('late function'))(goroutine.of(1))
    await expect(pipe(late, goroutine.ap(fails('argument'))).join()).rejects.toThrow('late function')
    await settle()
  })
})

describe('with a Context as the environment', () => {
  const user = contextKey<string>('user')

  it('a ReaderTaskEither runs with a context derived from the one given', async () => {
    const greet: RTE.ReaderTaskEither<Context, 'nobody', string> = (ctx) => async () =>
      pipe(
        ctx.value(user),
        E.fromOption(() => 'nobody' as const),
      )
    expect(await pipe(greet, goroutine.fromReaderTaskEither(withValue(background, user, 'ada'))).join()).toEqual(E.right('ada'))
    expect(await pipe(greet, goroutine.fromReaderTaskEither(background)).join()).toEqual(E.left('nobody'))
  })

  it('keeps the Left that a task returns when its context ends', async () => {
    const ctx = withCancel(background)
    const waits: RTE.ReaderTaskEither<Context, string, never> = (ctx) => async () => {
      await ctx.done()
      return E.left('stopped in time')
    }
    const running = pipe(waits, goroutine.fromReaderTaskEither(ctx))
    await settle()
    ctx.cancel()
    expect(await running.join()).toEqual(E.left('stopped in time'))
  })

  it('canceled, its context ends', async () => {
    let ended: unknown
    const waits: RTE.ReaderTaskEither<Context, never, void> = (ctx) => async () => {
      await ctx.done()
      ended = ctx.signal.aborted
      return E.right(undefined)
    }
    const running = pipe(waits, goroutine.fromReaderTaskEither(background))
    await settle()
    running.cancel()
    await settle()
    expect(ended).toBe(true)
    await expect(running.join()).rejects.toThrow(CanceledError)
  })

  it('a goroutine becomes one: it is unwound when the context ends, and the Left has the cause', async () => {
    const log: string[] = []
    const copy = pipe(
      (ctx: Context) =>
        go(function* () {
          try {
            yield* ctx.value(user)._tag === 'None' ? chan<number>().receive() : sleep(0).map(() => none)
            return 'copied'
          } finally {
            yield* sleep(0)
            log.push('cleaned up')
          }
        }),
      goroutine.toReaderTaskEither(toError),
    )
    expect(await copy(withValue(background, user, 'ada'))()).toEqual(E.right('copied'))
    const ctx = withCancel(background)
    const copied = copy(ctx)().then((result) => [result, ...log])
    await settle()
    ctx.cancel(new Error('enough'))
    expect(await copied).toEqual([E.left(new Error('enough')), 'cleaned up', 'cleaned up'])
  })

  it('a pipeline becomes one', async () => {
    const squares = pipe(
      (ctx: Context) => collect(ctx, fromIterable([1, 2, 3]).pipe(workerPool(2, (n) => n * n))),
      goroutine.toReaderTaskEither(toError),
      RTE.map((all) => all.length),
    )
    expect(await squares(background)()).toEqual(E.right(3))
    const reader = goroutine.toReaderTask((ctx: Context) => collect(ctx, fromIterable([1, 2])))
    expect(await reader(background)()).toEqual([1, 2])
    expect(await pipe(reader, goroutine.fromReaderTask(background)).join()).toEqual([1, 2])
  })
})

const aGoroutine = goroutine.of<unknown>(0)

it.each([
  ['fromIO', () => goroutine.fromIO(1 as never), 'fromIO(io): expected a function, got 1'],
  ['fromTask', () => goroutine.fromTask(Promise.resolve(1) as never), 'fromTask(task): expected a function, got an instance of Promise'],
  ['start', () => goroutine.start(1 as never), 'start(body): expected a function, got 1'],
  ['toTask', () => goroutine.toTask(aGoroutine as never), 'toTask(start): expected a function, got an instance of Task'],
  ['fromReaderTask', () => goroutine.fromReaderTask(undefined as never), 'fromReaderTask(ctx): expected a Context'],
])('%s names what is wrong with its argument', (_what, call, message) => {
  expect(call).toThrow(message)
})
