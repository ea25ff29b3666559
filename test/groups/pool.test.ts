import { describe, expect, it } from 'vitest'
import {
  background,
  chan,
  DeadlineExceededError,
  gosched,
  never,
  numGoroutine,
  pool,
  select,
  sleep,
  withCancel,
  type Context,
  type PoolOptions,
} from 'millrace'
import { done, performed, thrown, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const e1 = new Error('first')
const e2 = new Error('second')

function* fails(error: unknown): Generator<never, never> {
  yield* gosched()
  throw error
}

describe('pool', () => {
  it('SC-011 wait throws a failure after all have ended; a single one is thrown as it is', async () => {
    const p = pool({ size: 10 })
    let ended = 0
    const origin = new Error('super bad thing')
    p.go(() => fails(origin))
    for (let i = 0; i < 2; i++)
      p.go(function* () {
        for (let step = 0; step < 5; step++) yield* gosched()
        ended++
      })
    const wait = performed(p.wait())
    const recovered = performed(p.wait().attempt())
    await settle()
    expect(wait.now).toEqual(thrown(origin))
    expect(recovered.now).toEqual(done({ _tag: 'Left', left: origin }))
    expect(ended).toBe(2)
  })

  it('SC-011 several failures are thrown as one AggregateError, in the order of failure', async () => {
    const p = pool({ size: 10 })
    p.go(() => fails(e1))
    p.go(async () => {
      for (let i = 0; i < 5; i++) await gosched()
      throw e2
    })
    const wait = performed(p.wait())
    await settle()
    expect(wait.now).toMatchObject({
      is: 'thrown',
      cause: { name: 'AggregateError', errors: [e1, e2], message: '2 functions of the pool failed' },
    })
  })

  it.each([1, 10, 100])('SC-012 never runs more than its size of %i, and all run', async (size) => {
    const p = pool({ size })
    const gate = chan<void>()
    let [active, most, ran] = [0, 0, 0]
    function* task() {
      most = Math.max(most, ++active)
      yield* gate.receive()
      active--
      ran++
    }
    for (let i = 0; i < 10 * size; i++) p.go(task)
    await settle()
    expect([active, p.active, p.queued]).toEqual([size, size, 9 * size])
    gate.close()
    await p.wait()
    expect([most, ran, p.active, p.queued]).toEqual([size, 10 * size, 0, 0])
  })

  it('SC-012 is used again after wait', async () => {
    const p = pool<number>({ size: 3 })
    let ran = 0
    for (const total of [10, 20]) {
      for (let i = 0; i < 10; i++) p.go(() => ++ran)
      const results = await p.wait()
      expect(ran).toBe(total)
      expect(results).toHaveLength(10)
    }
    expect(await p.wait()).toEqual([])
  })

  it.each([0, 1.5, -1, NaN, Infinity, '3', undefined])('SC-012 a size of %s is refused', (size) => {
    expect(() => pool({ size } as PoolOptions)).toThrow('pool({ size }): expected a whole number from 1 up, got ')
    const p = pool({ size: 1 })
    expect(() => p.resize(size as number)).toThrow('pool.resize(size): expected a whole number from 1 up, got ')
  })

  it('SC-014 later changes of the options object do not change the pool', async () => {
    const options = { size: 1, errors: 'all' as 'all' | 'first' }
    const p = pool(options)
    const gate = chan<void>()
    function* task() {
      yield* gate.receive()
    }
    options.size = 10
    options.errors = 'first'
    for (let i = 0; i < 5; i++) p.go(task)
    p.go(() => fails(e1))
    await settle()
    expect(p.active).toBe(1)
    gate.close()
    const wait = performed(p.wait())
    await settle()
    expect(wait.now).toEqual(thrown(e1))
    expect(p.queued).toBe(0)
  })

  it('SC-015 results come in the order of submission, whatever order they ended in', async () => {
    using clock = virtualTime()
    const p = pool<number>({ size: 10 })
    for (let i = 0; i < 100; i++)
      p.go(function* () {
        yield* sleep((i * 37) % 11)
        return i
      })
    const wait = performed(p.wait())
    await clock.advance(1000)
    expect(wait.now).toEqual(done(Array.from({ length: 100 }, (_, i) => i)))
  })

  it('SC-015 or in the order in which they end', async () => {
    using clock = virtualTime()
    const p = pool<number>({ size: 10, results: 'asTheyCome' })
    for (const ms of [30, 10, 20])
      p.go(async () => {
        await sleep(ms)
        return ms
      })
    const wait = performed(p.wait())
    await clock.advance(30)
    expect(wait.now).toEqual(done([10, 20, 30]))
  })
})

describe('pool, when one fails', () => {
  it('with errors first, the rest is unwound, what is queued never starts, and the first is thrown', async () => {
    const before = numGoroutine()
    const p = pool({ size: 3, errors: 'first' })
    const log: string[] = []
    p.go(function* () {
      try {
        yield* select({})
      } finally {
        log.push('unwound')
      }
    })
    p.go(async (ctx) => {
      await ctx.done()
      log.push(String(ctx.signal.reason))
      throw e2
    })
    p.go(() => fails(e1))
    p.go(() => void log.push('started'))
    const wait = performed(p.wait())
    await settle()
    expect(log.sort()).toEqual(['Error: first', 'unwound'])
    expect(wait.now).toEqual(thrown(e1))
    expect(numGoroutine()).toBe(before)
  })

  it('the next batch has a context of its own', async () => {
    const p = pool<string>({ size: 2, errors: 'first' })
    p.go(() => fails(e1))
    const wait = performed(p.wait())
    await settle()
    expect(wait.now).toEqual(thrown(e1))
    const seen: Context[] = []
    p.go((ctx) => {
      seen.push(ctx)
      return ctx.err()._tag
    })
    expect(await p.wait()).toEqual(['None'])
    expect(seen[0].err()._tag).toBe('Some') // it ends with the batch
  })

  it("the end of the pool's context cuts the work short, and wait throws its cause", async () => {
    const before = numGoroutine()
    using ctx = withCancel(background)
    const p = pool({ size: 1, ctx })
    p.go(function* () {
      yield* select({})
    })
    p.go(() => expect.unreachable())
    const wait = performed(p.wait())
    await settle()
    ctx.cancel(e1)
    await settle()
    expect(wait.now).toEqual(thrown(e1))
    p.go(() => expect.unreachable())
    const late = performed(p.wait())
    await settle()
    expect(late.now).toEqual(thrown(e1))
    expect(numGoroutine()).toBe(before)
  })
})

describe('pool, at run time', () => {
  /** Parks until the gate opens for one goroutine. */
  function parking(p: { go(fn: () => Generator<never, void>): void }, n: number) {
    const gate = chan<void>()
    for (let i = 0; i < n; i++)
      p.go(function* () {
        yield* gate.receive()
      })
    return gate
  }

  it('it grows at once, and shrinks as slots become free', async () => {
    const p = pool({ size: 2 })
    const gate = parking(p, 10)
    await settle()
    expect(p.active).toBe(2)
    p.resize(5)
    expect(p.active).toBe(5)
    p.resize(1)
    expect(p.active).toBe(5)
    for (let i = 0; i < 5; i++) await gate.send()
    await settle()
    expect([p.active, p.queued]).toEqual([1, 4])
    gate.close()
    await p.wait()
  })

  it('paused, it starts nothing; running functions continue', async () => {
    const p = pool({ size: 2 })
    const gate = parking(p, 3)
    await settle()
    p.pause()
    await gate.send()
    await gate.send()
    await settle()
    expect([p.active, p.queued]).toEqual([0, 1])
    const wait = performed(p.wait())
    await settle()
    expect(wait.now).toEqual(waiting)
    p.resume()
    gate.close()
    await settle()
    expect(wait.now.is).toBe('done')
  })

  it('a pool may be paused before it is used', async () => {
    const p = pool<number>({ size: 1 })
    p.pause()
    p.go(() => 1)
    await settle()
    expect([p.active, p.queued]).toEqual([0, 1])
    p.resume()
    expect(await p.wait()).toEqual([1])
  })

  it('drained, it takes no more, and finishes what it has taken', async () => {
    const p = pool<number>({ size: 1 })
    const gate = chan<void>()
    for (let i = 0; i < 3; i++)
      p.go(function* () {
        yield* gate.receive()
        return i
      })
    const rest = performed(p.drain())
    await settle()
    expect(() => p.go(() => 0)).toThrow('pool: go on a drained pool')
    expect(rest.now).toEqual(waiting)
    gate.close()
    await settle()
    expect(rest.now).toEqual(done([0, 1, 2]))
  })

  it('a drain that is given up cancels the rest of the work', async () => {
    using clock = virtualTime()
    const p = pool<number>({ size: 1 })
    const log: string[] = []
    for (let i = 0; i < 2; i++)
      p.go(function* () {
        try {
          return yield* never()
        } finally {
          log.push(`unwound ${i}`)
        }
      })
    const rest = performed(p.drain().timeout(10))
    await clock.advance(10)
    await settle()
    expect(rest.now).toEqual({ is: 'thrown', cause: expect.any(DeadlineExceededError) as unknown })
    expect(log).toEqual(['unwound 0'])
    expect([p.active, p.queued]).toEqual([0, 0])
  })

  it('an async function keeps its slot until it really ends', async () => {
    const p = pool({ size: 1, errors: 'first' })
    const gate = chan<void>()
    let started = 0
    p.go(async () => void (await gate.receive()))
    p.go(() => void started++)
    await settle()
    expect([p.active, started]).toEqual([1, 0])
    gate.close()
    await p.wait()
    expect(started).toBe(1)
  })

  it('wait as a case that is not chosen takes nothing away', async () => {
    const p = pool<number>({ size: 1 })
    const gate = chan<number>()
    p.go(function* () {
      yield* gate.receive()
      return 7
    })
    const choice = performed(select({ all: p.wait(), now: Promise.resolve() }))
    await settle()
    expect(choice.now).toMatchObject({ is: 'done', value: { case: 'now' } })
    gate.close()
    expect(await p.wait()).toEqual([7])
  })

  it('rejects invalid arguments', () => {
    expect(() => pool({ size: 1, errors: 'some' as 'all' })).toThrow(`pool({ errors }): expected "all" or "first", got "some"`)
    expect(() => pool({ size: 1, results: 'none' as 'ordered' })).toThrow(
      `pool({ results }): expected "ordered" or "asTheyCome", got "none"`,
    )
    expect(() => pool({ size: 1, ctx: {} as Context })).toThrow('pool({ ctx }): expected a Context')
    expect(() => pool({ size: 1 }).go(1 as never)).toThrow('pool.go(fn): expected a function, got 1')
  })
})
