import {
  all,
  background,
  chan,
  contextKey,
  go,
  mapConcurrent,
  numGoroutine,
  sleep,
  withCancel,
  withValue,
  type Context,
  type Job,
  type Option,
} from 'millrace'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { done, performed, thrown, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const boom = new Error('boom')

/** A generator function that logs its start and its end, and takes `ms`. */
function lasting<R>(log: string[], name: string, ms: number, result: R) {
  return function* () {
    log.push(`${name} starts`)
    try {
      yield* sleep(ms)
    } finally {
      yield* sleep(1)
      log.push(`${name} ends`)
    }
    return result
  }
}

describe('all', () => {
  it('results in an array in the order of its members, or in a record under their names', async () => {
    using clock = virtualTime()
    const log: string[] = []
    const list = performed(all([lasting(log, 'a', 20, 1), lasting(log, 'b', 10, 'two')]))
    const record = performed(all({ b: async () => 'two', a: () => 1 }))
    await clock.advance(30)
    expect(list.now).toEqual(done([1, 'two']))
    expect(record.now).toEqual(done({ b: 'two', a: 1 }))
    expect(Object.keys((record.now as { value: object }).value)).toEqual(['b', 'a'])
    expect(log).toEqual(['a starts', 'b starts', 'b ends', 'a ends'])
  })

  it('throws the first failure once the other members are unwound, and their contexts have ended', async () => {
    using clock = virtualTime()
    const before = numGoroutine()
    const log: string[] = []
    const signals: AbortSignal[] = []
    const outcome = performed(
      all({
        slow: lasting(log, 'slow', 1000, 0),
        asynchronous: async (ctx) => {
          signals.push(ctx.signal)
          await sleep(2000)
        },
        failing: function* () {
          yield* sleep(10)
          throw boom
        },
      }),
    )
    await clock.advance(10)
    expect(outcome.now).toEqual(waiting)
    await clock.advance(1)
    expect(outcome.now).toEqual(thrown(boom))
    expect(log).toEqual(['slow starts', 'slow ends'])
    expect(signals.map(({ reason }) => reason as unknown)).toEqual([boom])
    await clock.advance(2000)
    expect(numGoroutine()).toBe(before)
  })

  it('results in nothing without members', async () => {
    expect(await all([])).toEqual([])
    expect(await all({})).toEqual({})
  })

  it('performs operations, jobs and promises, each performance anew', async () => {
    const ch = chan<number>(6)
    for (let i = 1; i <= 6; i++) ch.trySend(i)
    const job = all([ch.receive(), ch.receive(), mapConcurrent([1, 2], 2, (n) => n * 2), Promise.resolve('x'), () => ch.tryReceive()._tag])
    const [first, second, doubled, text] = await job
    expect([first, second, doubled, text]).toEqual([{ _tag: 'Some', value: 1 }, { _tag: 'Some', value: 2 }, [2, 4], 'x'])
    expect((await job)[0]).toEqual({ _tag: 'Some', value: 4 })
  })

  it('counts a rejection as handled from the call on, whether the job is performed or not', async () => {
    void all([Promise.reject(boom)])
    const job = all({ a: Promise.reject(boom), b: Promise.reject(new Error('late')) })
    await settle()
    expect(await job.attempt()).toEqual({ _tag: 'Left', left: boom })
  })

  it('gives functions a context under the option ctx, whose end cancels them', async () => {
    const key = contextKey<string>('user')
    const ctx = withCancel(withValue(background, key, 'ada'))
    const values: unknown[] = []
    const outcome = performed(
      all(
        [
          function* (own) {
            values.push(own.value(key))
            yield* own.done()
            yield* sleep(0)
          },
        ],
        { ctx },
      ),
    )
    await settle()
    ctx.cancel(boom)
    await settle()
    expect(values).toEqual([{ _tag: 'Some', value: 'ada' }])
    expect(outcome.now.is).not.toBe('waiting')
    expect(await all([() => expect.unreachable()], { ctx }).attempt()).toEqual({ _tag: 'Left', left: boom })
  })

  it('defines its results as own properties', async () => {
    const results = await all(
      JSON.parse('{"__proto__": null}', (key, value: unknown) => (key === '' ? value : () => 1)) as Record<string, () => number>,
    )
    expect(Object.keys(results)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(results)).toBe(Object.prototype)
  })

  it('copies its members at the call', async () => {
    const members = [() => 1]
    const job = all(members)
    members.push(() => 2)
    expect(await job).toEqual([1])
  })

  it('rejects what cannot be performed, by name', () => {
    function* worker() {}
    const cases: readonly (readonly [unknown, string])[] = [
      [undefined, 'all(members): expected an array or a record of members, got undefined'],
      [null, 'all(members): expected an array or a record of members, got null'],
      ['ab', 'all(members): expected an array or a record of members, got "ab"'],
      [new Map(), 'all(members): expected an array or a record of members, got an instance of Map'],
      [Promise.resolve(), 'all(members): expected an array or a record of members, got an instance of Promise'],
      [() => 1, 'all(members): expected an array or a record of members, got function'],
      [[1], 'all(members): member 0: expected a function, an operation, a job or a promise, got 1'],
      [[() => 1, undefined], 'all(members): member 1: expected a function, an operation, a job or a promise, got undefined'],
      [new Array(1), 'all(members): member 0: expected a function, an operation, a job or a promise, got undefined'],
      [{ user: 'ada' }, 'all(members): member "user": expected a function, an operation, a job or a promise, got "ada"'],
      [[worker()], 'all(members): member 0: expected the generator function itself, or a function that calls it'],
    ]
    for (const [members, message] of cases) expect(() => all(members as [])).toThrow(message)
    expect(() => all([], { ctx: 1 as never })).toThrow('all(members, { ctx }): ctx: expected a Context')
    expect(() => all([], 1 as never)).toThrow('all(members, { ctx }): options: expected an object, got 1')
  })

  it('is typed by its members', () => {
    const ch = chan<number>()
    const record = () =>
      all({
        user: function* (ctx) {
          yield* sleep(1).within(ctx)
          return 'ada'
        },
        orders: async (ctx) => [ctx.signal.aborted],
        count: () => 1,
        received: () => ch.receive(),
        ready: ch.receive(),
        promised: Promise.resolve('x'),
        job: mapConcurrent([1], 1, (n) => n),
      })
    type Results = { user: string; orders: boolean[]; count: number; received: Option<number>; ready: Option<number>; promised: string; job: number[] } // prettier-ignore
    expectTypeOf(record).returns.toEqualTypeOf<Job<Results>>()
    const tuple = () => all([async () => 1, () => Promise.resolve(true), ch.receive()])
    expectTypeOf(tuple).returns.toEqualTypeOf<Job<[number, boolean, Option<number>]>>()
    const list = (fs: ((ctx: Context) => Promise<string>)[]) => all(fs)
    expectTypeOf(list).returns.toEqualTypeOf<Job<string[]>>()
    // @ts-expect-error a yield without its star
    const slip = () => all([function* () { yield ch.receive(); return 1 }]) // prettier-ignore
    // @ts-expect-error no member
    const none = () => all([1])
    expect([slip, none]).toHaveLength(2)
  })

  it('runs to its end in a goroutine that nobody joins', async () => {
    const results: number[] = []
    go(all([() => results.push(1), () => results.push(2)]))
    await settle()
    expect(results).toEqual([1, 2])
  })
})
