import {
  background,
  chan,
  CanceledError,
  fromPromise,
  go,
  mapConcurrent,
  never,
  numGoroutine,
  onLateFailure,
  scope,
  sleep,
  withCancel,
  type Goroutine,
  type Job,
  type Receiver,
  type Scope,
} from 'millrace'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { done, performed, thrown, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { few, survivorsOf } from '../support/survivors.js'
import { virtualTime } from '../support/virtual-time.js'

const boom = new Error('boom')

/** Waits forever, and takes 5 ms to clean up. */
function* child(log: string[], name = 'child') {
  try {
    yield* never()
  } finally {
    yield* sleep(5)
    log.push(`${name} unwound`)
  }
}

describe('scope', () => {
  it('results in the result of its body, once what the body left is unwound', async () => {
    using clock = virtualTime()
    const before = numGoroutine()
    const log: string[] = []
    const outcome = performed(
      scope(background, function* (s) {
        s.go(child, log)
        s.go(child, log, 'another child')
        yield* sleep(10)
        return 42
      }),
    )
    await clock.advance(14)
    expect(outcome.now).toEqual(waiting)
    await clock.advance(1)
    expect([outcome.now, log.length]).toEqual([done(42), 2])
    expect(numGoroutine()).toBe(before)
  })

  it('waits for its async functions, whose context has ended', async () => {
    using clock = virtualTime()
    const log: string[] = []
    const outcome = performed(
      scope(background, async (s) => {
        s.go(async (ctx) => {
          await ctx.done()
          await sleep(5)
          log.push('child ended')
        })
        await sleep(10)
        return 'done'
      }),
    )
    await clock.advance(14)
    expect(outcome.now).toEqual(waiting)
    await clock.advance(1)
    expect([outcome.now, log]).toEqual([done('done'), ['child ended']])
  })

  it.each(['generator', 'async'])(
    'throws the first failure of a goroutine, once the body (%s) and the siblings have gone',
    async (kind) => {
      using clock = virtualTime()
      const log: string[] = []
      const late: unknown[] = []
      const stop = onLateFailure((error) => late.push(error))
      const start = (s: Scope) => {
        s.go(child, log)
        return s.go(function* () {
          yield* sleep(10)
          throw boom
        })
      }
      const outcome = performed(
        kind === 'async'
          ? scope(background, async (s) => void (await start(s).join()))
          : scope(background, function* (s) {
              start(s)
              yield* child(log, 'body')
            }),
      )
      await clock.advance(15)
      await settle()
      stop()
      expect(outcome.now).toEqual(thrown(boom))
      expect(log.sort()).toEqual(kind === 'async' ? ['child unwound'] : ['body unwound', 'child unwound'])
      expect(late).toEqual([])
    },
  )

  it('throws the failure of a goroutine that its body has joined as well', async () => {
    const outcome = performed(
      scope(background, function* (s) {
        const failing = s.go(() => Promise.reject(boom))
        return yield* failing.join().attempt(() => 'caught')
      }),
    )
    await settle()
    expect(outcome.now).toEqual(thrown(boom))
  })

  it('throws what its body throws, and cancels the rest', async () => {
    using clock = virtualTime()
    const log: string[] = []
    const outcome = performed(
      scope(background, (s) => {
        s.go(child, log)
        return sleep(1).map(() => {
          throw boom
        })
      }),
    )
    await clock.advance(6)
    expect([outcome.now, log]).toEqual([thrown(boom), ['child unwound']])
  })

  it('keeps the result of its body where a clean-up fails later: a late failure', async () => {
    const late: unknown[] = []
    const fault = new Error('clean-up') // `boom` is the cause of contexts that have ended
    const stop = onLateFailure((error) => late.push(error))
    const result = await scope(background, function* (s) {
      s.go(function* () {
        try {
          yield* never()
        } finally {
          throw fault // eslint-disable-line no-unsafe-finally -- the fault under test
        }
      })
      yield* sleep(0)
      yield* sleep(1)
      return 1
    })
    stop()
    expect([result, late]).toEqual([1, [fault]])
  })

  it('throws the cause of its context, once everything is unwound', async () => {
    using clock = virtualTime()
    const ctx = withCancel(background)
    const log: string[] = []
    const outcome = performed(
      scope(ctx, function* (s) {
        s.go(child, log)
        yield* child(log, 'body')
      }),
    )
    await settle()
    ctx.cancel(boom)
    await clock.advance(5)
    expect([outcome.now, log.length]).toEqual([thrown(boom), 2])
    expect(await scope(ctx, () => expect.unreachable()).attempt()).toEqual({ _tag: 'Left', left: boom })
  })

  it('gives handles that can be joined and canceled alone', async () => {
    const result = await scope(background, function* (s) {
      const canceled = s.go(() => never())
      const answer = s.go(() => 42)
      canceled.cancel()
      const end = yield* canceled.join().attempt()
      return [end._tag, yield* answer.join()]
    })
    expect(result).toEqual(['Left', 42])
  })

  it('starts nothing after its end', async () => {
    let left: Scope | null = null
    await scope(background, (s) => void (left = s))
    expect(() => (left as unknown as Scope).go(() => expect.unreachable())).toThrow(CanceledError)
    expect(() => (left as unknown as Scope).go(() => expect.unreachable())).toThrow('scope: go on a scope that has ended')
  })

  it('names its goroutines after their functions and jobs', async () => {
    const names = await scope(background, function* (s) {
      return [s.go(function walker() {}).name, s.go(mapConcurrent([1], 1, (n) => n)).name, s.go(() => 1).name]
    })
    expect(names).toEqual(['walker', 'mapConcurrent', 'anonymous'])
  })

  it('a handle of a goroutine that has ended keeps none of the others', async () => {
    await scope(background, function* (s) {
      let first: Goroutine<void> | null = null
      const left = yield* fromPromise(
        survivorsOf(100, () => {
          const goroutine = s.go(function* () {})
          first ??= goroutine
          return goroutine
        }),
      )
      expect(left).toBeLessThan(few())
      expect(first).not.toBeNull()
    })
  })

  it('rejects invalid arguments', async () => {
    expect(() => scope(undefined as never, () => 1)).toThrow('scope(ctx, body): ctx: expected a Context')
    expect(() => scope(background, 1 as never)).toThrow('scope(ctx, body): body: expected a function, got 1')
    await scope(background, (s) => {
      expect(() => s.go(undefined as never)).toThrow('scope.go(fn): expected a function, got undefined')
    })
  })

  it('is typed by its body, and its goroutines by their functions', () => {
    function* worker(id: number, jobs: Receiver<number>) {
      yield* jobs.receive()
      return String(id)
    }
    const program = () =>
      scope(background, function* (s) {
        expectTypeOf(s.go(worker, 1, chan<number>())).toEqualTypeOf<Goroutine<string>>()
        expectTypeOf(s.go(async (ctx) => ctx.signal.aborted)).toEqualTypeOf<Goroutine<boolean>>()
        expectTypeOf(s.go(mapConcurrent([1], 1, (n) => n))).toEqualTypeOf<Goroutine<number[]>>()
        // @ts-expect-error the type of an argument
        s.go(worker, 'x', chan<number>())
        return yield* s.go(() => 1).join()
      })
    expectTypeOf(program).returns.toEqualTypeOf<Job<number>>()
    expect(go).toBeTypeOf('function')
  })
})
