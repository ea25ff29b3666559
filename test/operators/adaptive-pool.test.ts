/** workerPool({ min, max, by }): the pool finds the number of its workers. A simulated server has a capacity. */
import { background, backoff, newTimer, sleep, now as unixNow } from 'millrace'
import { bounds, collect, fromIterable, graph, meter, retryEach, run, workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConcurrencyLimit } from '../../src/runtime/groups/concurrency-limit.js'

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/** A server: a request takes `ms`, and longer in proportion beyond the capacity. It notes how many it had at a time. */
class Server {
  inside = 0 // race-ok: a server goes by its load at the moment
  readonly loads: number[] = []

  constructor(
    public capacity: number,
    private readonly _ms = 10,
  ) {}

  /** Slows down beyond the capacity. */
  *slow<T>(item: T): Generator<never, T> {
    this.loads.push(++this.inside)
    yield* sleep(this._ms * Math.max(1, this.inside / this.capacity))
    this.inside--
    return item
  }

  /** Refuses beyond the capacity. */
  *strict<T>(item: T): Generator<never, T> {
    this.loads.push(++this.inside)
    try {
      yield* sleep(1)
      if (this.inside > this.capacity) throw new Error('503')
      yield* sleep(this._ms)
      return item
    } finally {
      this.inside--
    }
  }

  /** The mean load after the first part. */
  get meanLoad(): number {
    const settled = this.loads.slice(this.loads.length / 3)
    return settled.reduce((a, b) => a + b, 0) / settled.length
  }
}

describe('an adaptive workerPool', () => {
  it.each([4, 10, 25])('by latency, it settles around the capacity of the server, here %d', async (capacity) => {
    const server = new Server(capacity)
    await bubble(function* () {
      const pool = workerPool({ min: 1, max: 64, by: 'latency' }, (n: number) => server.slow(n))
      yield* run(background, fromIterable(numbers(4000)).pipe(pool)).join()
    })
    expect(server.meanLoad).toBeGreaterThan(capacity * 0.8)
    expect(server.meanLoad).toBeLessThan(capacity * 2.2)
  })
  it.each([3, 12])('by errors, it settles at the capacity of the server, here %d, and every item is done', async (capacity) => {
    const server = new Server(capacity)
    await bubble(function* () {
      const pool = workerPool({ min: 1, max: 64, by: 'errors' }, (n: number) => server.strict(n), { ordered: true })
      const seen = yield* collect(
        background,
        fromIterable(numbers(1500)).pipe(
          pool,
          retryEach(() => 1),
        ),
      ).join()
      expect(seen).toEqual(numbers(1500))
    })
    expect(server.meanLoad).toBeGreaterThan(capacity * 0.5)
    expect(server.meanLoad).toBeLessThan(capacity * 1.6)
  })
  it('follows a capacity that changes', async () => {
    const server = new Server(20)
    let before = 0
    await bubble(function* () {
      const pool = workerPool({ min: 2, max: 64, by: 'errors' }, (n: number) => server.strict(n))
      function* items() {
        for (let i = 0; i < 4000; i++) {
          if (i === 2000) {
            before = server.meanLoad
            server.loads.length = 0
            server.capacity = 5
          }
          yield i
        }
      }
      yield* run(background, fromIterable(items()).pipe(pool, retryEach(backoff({ first: 1, longest: 8, jitter: 0, attempts: 1000 })))).join() // prettier-ignore
    })
    expect(before).toBeGreaterThan(10)
    expect(server.meanLoad).toBeLessThan(10)
  })
  it.each([
    ['a number of seconds', () => ({ retryAfter: 2 })],
    ['text', () => ({ retryAfter: '2' })],
    ['a Date', (now: number) => ({ retryAfter: new Date(now + 2000) })],
    ['a date as text', (now: number) => ({ retryAfter: new Date(now + 2000).toUTCString() })],
    ['a header', () => ({ response: new Response(null, { headers: { 'retry-after': '2' } }) })],
  ])('a failure that says when to come back holds all work until then: %s', async (_, properties) => {
    const begun: [number, number][] = []
    await bubble(function* ({ now }) {
      const unix = unixNow()
      function* work(n: number) {
        begun.push([now(), n])
        yield* sleep(1)
        if (n === 1 && now() < 100) throw Object.assign(new Error('429'), properties(unix))
        yield* sleep(4)
        return n
      }
      const pool = workerPool({ min: 2, max: 8, by: 'errors' }, work)
      expect(
        (yield* collect(
          background,
          fromIterable(numbers(6)).pipe(
            pool,
            retryEach(() => 3),
          ),
        ).join()).toSorted(),
      ).toEqual(numbers(6))
    })
    expect(begun.slice(0, 2).map(([at]) => at)).toEqual([0, 0])
    expect(begun.slice(2).every(([at, n]) => at >= 1000 || n === 0)).toBe(true) // a date in text has whole seconds
    expect(begun).toHaveLength(7)
  })
  it('does not raise the limit where it is not reached', async () => {
    const gauge = meter('above')
    const places = new Set<number>()
    await bubble(function* () {
      async function* slowly() {
        for (let i = 0; i < 100; i++) {
          await newTimer(10).fired()
          yield i
        }
      }
      const pool = workerPool({ min: 2, max: 50, by: 'errors' }, () => {
        places.add(gauge.read().places)
        return sleep(1)
      })
      yield* run(background, fromIterable(slowly()).pipe(gauge, pool)).join()
    })
    expect([...places]).toEqual([2])
  })
  it('a meter shows the limit, and bounds and graph the range', async () => {
    const gauge = meter('above')
    const server = new Server(5)
    const places: number[] = []
    await bubble(function* () {
      const pool = workerPool({ min: 2, max: 16, by: 'errors' }, (n: number) => server.strict(n), { onFailure: 'skip' })
      const pipeline = fromIterable(numbers(300)).pipe(gauge, pool)
      expect(String(bounds(pipeline))).toBe('holds at most 16 items: fromIterable 0, above 0, workerPool 16 (adaptive from 2 by errors)')
      expect(graph(pipeline).nodes.at(-1)).toMatchObject({ name: 'workerPool', holds: 16, policy: 'adaptive from 2 by errors' })
      const running = run(background, pipeline)
      for (let i = 0; i < 20; i++) {
        yield* sleep(10)
        places.push(gauge.read().places)
      }
      yield* running.join()
    })
    expect(places[0]).toBe(2)
    expect(Math.max(...places)).toBeGreaterThanOrEqual(5)
    expect(Math.max(...places)).toBeLessThanOrEqual(7)
  })
  it('is between min and max, never starves, and keeps the order: whatever the server does', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({ min: fc.integer({ min: 1, max: 4 }), more: fc.nat(6), by: fc.constantFrom('latency' as const, 'errors' as const), ordered: fc.boolean() }), // prettier-ignore
        fc.array(fc.record({ ms: fc.nat(20), fails: fc.nat(2), after: fc.constantFrom(0, 0, 0.01) }), { maxLength: 40 }),
        async ({ min, more, by, ordered }, plan) => {
          const failures = new Map<number, number>()
          let atWork = 0
          let most = 0
          await bubble(function* () {
            function* work(i: number) {
              most = Math.max(most, ++atWork)
              const failed = failures.get(i) ?? 0
              try {
                yield* sleep(plan[i].ms)
                if (failed < plan[i].fails) throw Object.assign(new Error('no'), { retryAfter: plan[i].after })
                return i
              } finally {
                failures.set(i, failed + 1)
                atWork--
              }
            }
            const pool = workerPool({ min, max: min + more, by }, work, { ordered })
            const seen = yield* collect(
              background,
              fromIterable(plan.keys()).pipe(
                pool,
                retryEach(() => 2),
              ),
            ).join()
            expect(ordered ? seen : seen.toSorted((a, b) => a - b)).toEqual([...plan.keys()])
          })
          expect(most).toBeLessThanOrEqual(min + more)
          expect(most).toBeGreaterThanOrEqual(Math.min(min, plan.length))
        },
      ),
      { numRuns: 150, seed: 1 },
    ))
  it('prompt work, promises, skips and a cancel during a hold', async () => {
    const limit = { min: 1, max: 4, by: 'errors' } as const
    expect(await collect(background, fromIterable(numbers(2000)).pipe(workerPool(limit, (n) => n))).join()).toEqual(numbers(2000))
    const promised = workerPool(limit, async (n: number) => Promise.resolve(n), { ordered: true })
    expect(await collect(background, fromIterable(numbers(100)).pipe(promised)).join()).toEqual(numbers(100))
    await bubble(function* ({ now }) {
      const fails = (n: number): number => {
        if (n % 2 === 1) throw Object.assign(new Error('odd'), { retryAfter: n === 5 ? 1000 : 0 })
        return n
      }
      const skips = workerPool(limit, fails, { onFailure: 'skip' })
      expect(yield* collect(background, fromIterable(numbers(5)).pipe(skips)).join()).toEqual([0, 2, 4])
      const running = run(background, fromIterable(numbers(9)).pipe(skips))
      yield* sleep(10)
      running.cancel()
      yield* running.join().attempt()
      expect(now()).toBe(10)
    })
  })
  it.each([
    [null, 'workerPool(n): expected a whole number from 1 up, or { min, max, by }, got null'],
    [{ min: 0, max: 4, by: 'errors' }, 'workerPool({ min }): expected a whole number from 1 up, got 0'],
    [{ min: 2, max: 1, by: 'errors' }, 'workerPool({ max }): expected a whole number from min, 2, up, got 1'],
    [{ min: 2, max: 4, by: 'speed' }, 'workerPool({ by }): expected "latency" or "errors", got "speed"'],
    [{ min: 2, max: 4 }, 'workerPool({ by }): expected "latency" or "errors", got undefined'],
  ])('refuses %o', (limit, message) => {
    expect(() => workerPool(limit as never, Number)).toThrow(message)
  })
})

describe('the limit', () => {
  it('rises by one after a round in which it was reached, and halves once for the failures of a round', () => {
    const limit = new ConcurrencyLimit({ min: 2, max: 9, by: 'errors' })
    const round = (): void => {
      const { epoch, now } = limit
      limit.reached()
      for (let i = 0; i < now; i++) limit.succeeded(epoch, 1)
    }
    const seen = [limit.now]
    for (let i = 0; i < 8; i++) {
      round()
      seen.push(limit.now)
    }
    expect(seen).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 9])
    const { epoch } = limit
    for (let i = 0; i < 9; i++) limit.failed(epoch)
    expect(limit.now).toBe(4)
    limit.failed(limit.epoch)
    limit.failed(limit.epoch)
    expect(limit.now).toBe(2)
    const before = limit.epoch
    for (let i = 0; i < 20; i++) limit.succeeded(limit.epoch, 1) // never reached
    expect([limit.now, limit.epoch > before]).toEqual([2, true])
  })
})
