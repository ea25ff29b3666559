import { describe, expect, it } from 'vitest'
import {
  background,
  chan,
  DeadlineExceededError,
  gosched,
  mapConcurrent,
  numGoroutine,
  onLateFailure,
  select,
  sleep,
  withCancel,
} from 'millrace'
import { done, performed, thrown } from '../support/outcome.js'
import { hostTurn, settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const raise = (error: Error): never => {
  throw error
}

/** Counts up for ever, and records when it was closed. */
function counting(log: string[] = []) {
  return (function* () {
    try {
      for (let i = 0; ; i++) yield i
    } finally {
      log.push('closed')
    }
  })()
}

describe('mapConcurrent', () => {
  it('returns the results in the order of the items', async () => {
    using clock = virtualTime()
    const mapped = performed(
      mapConcurrent([30, 10, 20, 0], 3, function* (ms, index) {
        yield* sleep(ms)
        return `${index}: ${ms}`
      }),
    )
    await clock.advance(100)
    expect(mapped.now).toEqual(done(['0: 30', '1: 10', '2: 20', '3: 0']))
  })

  it('runs n at a time, and pulls no more than it runs', async () => {
    const gate = chan<void>()
    let pulled = 0
    const items = (function* () {
      for (; pulled < 20; pulled++) yield pulled
    })()
    let active = 0
    const mapped = performed(
      mapConcurrent(items, 4, async (n) => {
        active++
        await gate.receive()
        active--
        return n
      }),
    )
    await settle()
    expect([active, pulled]).toEqual([4, 3]) // the generator has pulled a fourth
    gate.close()
    await settle()
    expect(mapped.now).toEqual(done(Array.from({ length: 20 }, (_, i) => i)))
  })

  it('takes an async iterable and a channel', async () => {
    const jobs = chan<number>(10)
    for (let i = 0; i < 10; i++) jobs.trySend(i)
    jobs.close()
    expect(await mapConcurrent(jobs, 3, (n) => n * 2)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18])
    expect(await mapConcurrent([], 3, (n) => n)).toEqual([])
  })

  it('the first throw stops the rest, closes the source and is thrown', async () => {
    const before = numGoroutine()
    const boom = new Error('boom')
    const log: string[] = []
    const reasons: unknown[] = []
    const mapped = performed(
      mapConcurrent(counting(log), 3, function* (n, _, ctx) {
        ctx.signal.addEventListener('abort', () => reasons.push(ctx.signal.reason))
        if (n === 5) throw boom
        if (n > 2) yield* select({})
        yield* gosched()
        return n
      }),
    )
    await settle()
    expect(mapped.now).toEqual(thrown(boom))
    expect(log).toEqual(['closed'])
    expect(reasons).toContain(boom)
    expect(numGoroutine()).toBe(before)
  })

  it('a source that fails when it is closed does not hide the failure that closed it', async () => {
    const late: unknown[] = []
    const off = onLateFailure((error) => late.push(error))
    const [boom, stuck] = [new Error('boom'), new Error('cannot close')]
    const source = { [Symbol.iterator]: () => ({ next: () => ({ value: 1 }), return: () => raise(stuck) }) }
    const mapped = performed(mapConcurrent(source, 2, () => raise(boom)))
    await settle()
    off()
    expect(mapped.now).toEqual(thrown(boom))
    expect(late).toEqual([stuck])
  })

  it('the throw of the source is thrown', async () => {
    const boom = new Error('no more')
    const jobs = chan<number>(1)
    jobs.trySend(1)
    jobs.close(boom)
    const mapped = performed(mapConcurrent(jobs, 2, (n) => n))
    await settle()
    expect(mapped.now).toEqual(thrown(boom))
  })

  it('the end of the context stops it, even over an endless source', async () => {
    const before = numGoroutine()
    using ctx = withCancel(background)
    const log: string[] = []
    let calls = 0
    const mapped = performed(
      mapConcurrent(
        counting(log),
        2,
        () => {
          calls++
          return gosched()
        },
        { ctx },
      ),
    )
    while (calls === 0) await hostTurn()
    const cause = new Error('enough')
    ctx.cancel(cause)
    await settle()
    expect(mapped.now).toEqual(thrown(cause))
    expect(log).toEqual(['closed'])
    expect(numGoroutine()).toBe(before)
  })

  it('starts at each performance, over an iterator of its own', async () => {
    let calls = 0
    const mapping = mapConcurrent([1, 2], 2, (n) => {
      calls++
      return n * 2
    })
    await settle()
    expect(calls).toBe(0)
    expect([await mapping, await mapping]).toEqual([
      [2, 4],
      [2, 4],
    ])
    expect(calls).toBe(4)
  })

  /** Delivers an item, and then waits forever: its `return` is never answered. */
  async function* stuck() {
    yield 1
    await new Promise(() => {})
  }

  it('a source that is stuck does not hold up the throw of f, the end of the context or a timeout', async () => {
    using clock = virtualTime()
    using ctx = withCancel(background)
    const boom = new Error('boom')
    const cause = new Error('enough')
    const failing = performed(mapConcurrent(stuck(), 2, () => Promise.reject(boom)))
    const ending = performed(mapConcurrent(stuck(), 2, (n) => n, { ctx }))
    const late = performed(mapConcurrent(stuck(), 2, (n) => n).timeout(10))
    await settle()
    ctx.cancel(cause)
    await clock.advance(10)
    await settle()
    expect([failing.now, ending.now]).toEqual([thrown(boom), thrown(cause)])
    expect(late.now).toEqual(thrown(expect.any(DeadlineExceededError)))
  })

  it('rejects invalid arguments', () => {
    for (const n of [0, 1.5, NaN, Infinity])
      expect(() => mapConcurrent([], n, () => 0)).toThrow(`mapConcurrent(items, n, f): n: expected a whole number from 1 up, got ${n}`)
    expect(() => mapConcurrent(5 as never, 1, () => 0)).toThrow('mapConcurrent(items, n, f): items: expected an iterable, got 5')
    expect(() => mapConcurrent(null as never, 1, () => 0)).toThrow('expected an iterable, got null')
    expect(() => mapConcurrent([], 1, 'f' as never)).toThrow('mapConcurrent(items, n, f): f: expected a function, got "f"')
    expect(() => mapConcurrent([], 1, () => 0, { ctx: {} as never })).toThrow('expected a Context')
  })
})
