/** rateLimit: an item passes when the limiter grants a token. */
import { background, chan, rateLimiter, sleep } from 'millrace'
import { bounds, catchTo, collect, fromIterable, fromOp, rateLimit, retryEach, retryWith, run, trailOf, workerPool, type DeadLetter, type Limiter } from 'millrace/operators' // prettier-ignore
import { bubble } from 'millrace/testing'
import fc from 'fast-check'
import { concat, of, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

describe('rateLimit', () => {
  it('lets items pass at the pace of the limiter, and its source waits', async () => {
    using clock = virtualTime()
    let made = 0
    const at: number[] = []
    const g = run(
      background,
      fromIterable(
        (function* () {
          while (made < 5) yield made++
        })(),
      ).pipe(
        rateLimit(rateLimiter(10, 2)),
        workerPool(9, () => {
          at.push(clock.now() - Date.UTC(2000, 0, 1))
        }),
      ),
    )
    await clock.advance(0)
    expect([made, at]).toEqual([3, [0, 0]])
    await clock.advance(1000)
    await g.join()
    expect(at).toEqual([0, 0, 100, 200, 300])
  })
  it('a subscriber who leaves takes no token', async () => {
    using clock = virtualTime()
    const limiter = rateLimiter(10, 1)
    expect(limiter.allow()).toBe(true)
    const subscription = of(1).pipe(rateLimit(limiter)).subscribe()
    await settle()
    subscription.unsubscribe()
    await clock.advance(100)
    expect(limiter.allow()).toBe(true)
  })
})

describe('rateLimit with a limiter for each key', () => {
  const byHost = { by: ([host]: string) => host }
  const perSecond = () => rateLimiter(100, 1)

  it('the items of a key keep its rate and their order, and a key that waits does not block the others', async () => {
    await bubble(function* ({ now }) {
      const seen: [number, string][] = []
      const note = workerPool(9, (item: string) => void seen.push([now(), item]))
      yield* run(background, fromIterable(['a1', 'a2', 'a3', 'b1', 'c1', 'b2']).pipe(rateLimit(perSecond, byHost), note)).join()
      expect(seen).toEqual([[0, 'a1'], [0, 'b1'], [0, 'c1'], [10, 'a2'], [10, 'b2'], [20, 'a3']]) // prettier-ignore
    })
  })
  it('pauses its source while as many items wait as it holds', async () => {
    await bubble(function* () {
      let made = 0
      function* items() {
        while (made < 100) yield `a${made++}`
      }
      const pipeline = fromIterable(items()).pipe(rateLimit(perSecond, { ...byHost, waiting: 4 }))
      expect(String(bounds(pipeline))).toBe('holds at most 4 items: fromIterable 0, rateLimit 4')
      const running = run(background, pipeline)
      yield* sleep(15)
      expect(made).toBe(2 + 4)
      running.cancel()
      yield* running.join().attempt()
    })
  })
  it('the limits go on in a later subscription, after a retry and after a cancel', async () => {
    await bubble(function* ({ now }) {
      const limit = rateLimit<string, string>(perSecond, byHost)
      let rounds = 0
      const failing = concat(
        fromIterable(['a']),
        throwError(() => new Error('no')),
      )
      const source = fromOp(() => sleep(0)).pipe(workerPool(1, () => (rounds++ === 0 ? failing : fromIterable(['a', 'a'])))) // prettier-ignore
      const seen = yield* collect(
        background,
        source.pipe(
          limit,
          retryWith(() => 0),
        ),
      ).join()
      expect([seen, now()]).toEqual([['a', 'a', 'a'], 20]) // prettier-ignore
      const running = run(background, fromIterable(['a', 'a', 'a']).pipe(limit))
      yield* sleep(5)
      running.cancel()
      yield* running.join().attempt()
      yield* run(background, fromIterable(['a']).pipe(limit)).join()
      expect(now()).toBe(30)
    })
  })
  it('keeps the limiters of some keys only: the key used last recently goes first, and a key whose items wait stays', async () => {
    await bubble(function* ({ now }) {
      const made: string[] = []
      const limit = rateLimit(
        (key: string) => {
          made.push(key)
          return perSecond()
        },
        { ...byHost, keys: 2, waiting: 2 },
      )
      yield* run(background, fromIterable(['a1', 'b1', 'c1', 'b2', 'a2']).pipe(limit)).join()
      expect(made).toEqual(['a', 'b', 'c', 'a'])
      expect(now()).toBe(10) // b2 waited
    })
  })
  it('forgets the limiter of a key that is idle', async () => {
    await bubble(function* () {
      const made: string[] = []
      const limit = rateLimit((key: string) => (made.push(key), perSecond()), { ...byHost, idle: 50 })
      const twice = (ms: number) => run(background, fromIterable(['a', 'a']).pipe(workerPool(1, (item) => sleep(ms).map(() => item)), limit)).join() // prettier-ignore
      yield* twice(40)
      expect(made).toEqual(['a'])
      yield* twice(60)
      yield* run(background, fromIterable(['b']).pipe(limit)).join()
      yield* sleep(60)
      yield* run(background, fromIterable(['a']).pipe(limit)).join()
      expect(made.filter((key) => key === 'a').length).toBeGreaterThanOrEqual(1)
    })
  })
  it('no key is above its rate, none loses an item, and none waits longer than its rate says', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(15)), { maxLength: 25 }), async (plan) => {
        await bubble(function* ({ now }) {
          const at = new Map<string, number[]>()
          const came = new Map<string, number[]>()
          async function* items() {
            for (const [key, gap] of plan) {
              await sleep(gap)
              came.set(key, [...(came.get(key) ?? []), now()])
              yield key
            }
          }
          const note = workerPool(1, (key: string) => void at.set(key, [...(at.get(key) ?? []), now()]))
          const limit = rateLimit(perSecond, { by: (key: string) => key, waiting: 30 })
          yield* run(background, fromIterable(items()).pipe(limit, note)).join()
          for (const [key, times] of at) {
            const expected: number[] = []
            for (const time of came.get(key) ?? []) expected.push(Math.max(time, (expected.at(-1) ?? -10) + 10))
            expect(times.length).toBe(expected.length)
            for (const [i, time] of times.entries()) expect(time).toBeGreaterThanOrEqual(expected[i] - 10)
            for (let i = 1; i < times.length; i++) expect(times[i] - times[i - 1]).toBeGreaterThan(0)
          }
        })
      }),
      { numRuns: 60, seed: 1 },
    ))
  it('an error of by, and a limiter that is none, end the pipeline at the position', async () => {
    const boom = new Error('boom')
    const fails = (n: number): number => {
      if (n === 2) throw boom
      return n
    }
    await expect(run(background, fromIterable([1, 2]).pipe(rateLimit(perSecond, { by: fails }))).join()).rejects.toBe(boom)
    expect(trailOf(boom)).toMatchObject({ stage: 'rateLimit', position: 1 })
    const none = run(background, fromIterable([1]).pipe(rateLimit(() => 5 as never, { by: Number })))
    await expect(none.join()).rejects.toThrow(
      'rateLimit(limiterOf, { by }): the result of limiterOf: expected a limiter with wait(), got 5',
    )
  })
  it('an error of a limiter ends the pipeline: it is no failure of work for catchTo and retryEach', async () => {
    const dead = chan<DeadLetter>(1)
    let waits = 0
    const down = (): Limiter => ({
      wait: () =>
        sleep(0).map(() => {
          waits++
          throw new Error('down')
        }),
    })
    const limited = fromIterable([1, 2]).pipe(rateLimit(down, { by: Number }), retryEach(() => 0), catchTo(dead)) // prettier-ignore
    await expect(run(background, limited).join()).rejects.toThrow('down')
    expect([waits, dead.size]).toEqual([1, 0])
  })
  it.each([
    [perSecond, { by: 5 }, 'rateLimit(limiterOf, { by }): expected a function, got 5'],
    [rateLimiter(1, 1), { by: Number }, 'rateLimit(limiterOf, { by }): limiterOf: expected a function, got an instance of TokenBucket'],
    [perSecond, { by: Number, waiting: 0 }, 'rateLimit(limiterOf, { waiting }): expected a whole number from 1 up, got 0'],
    [perSecond, { by: Number, keys: 3 }, 'rateLimit(limiterOf, { keys }): expected a whole number from waiting, 16, up, got 3'],
    [perSecond, { by: Number, idle: NaN }, 'rateLimit(limiterOf, { idle }): expected a number of ms, got NaN'],
    [perSecond, undefined, 'rateLimit(limiter): expected a limiter with wait(), got function perSecond'],
  ])('refuses %o with %o', (limiter, options, message) => {
    expect(() => rateLimit(limiter as never, options as never)).toThrow(message)
  })
})
