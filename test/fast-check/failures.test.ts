import fc from 'fast-check'
import { backoff, go, sleep, withRetry, type Goroutine } from 'millrace'
import { failures, schedule, type Failures, type FailuresOptions, type FailureWay } from 'millrace/fast-check'
import { describe, expect, it } from 'vitest'

const seeds = Array.from({ length: 20 }, (_, i) => i + 1)

/** The first that fails at call 1 in this way, with this error. */
function first(way: FailureWay, error: unknown): Failures {
  const [one] = fc.sample(
    failures(1, { ways: [way], errors: fc.constant(error) }).filter(({ points }) => points.length === 1),
    { numRuns: 1, seed: 1 },
  )
  return one
}

describe('failures', () => {
  const sample = (calls: number, options?: FailuresOptions): readonly Failures[] =>
    fc.sample(failures(calls, options), { numRuns: 1_000, seed: 1 })

  it('are none, or one, at any of the calls, in any way', () => {
    const all = sample(3)
    const none = all.filter(({ points }) => points.length === 0)
    expect(none.length).toBeGreaterThan(100)
    expect(none.length).toBeLessThan(600)
    expect(all.every(({ points }) => points.length <= 1)).toBe(true)
    const found = new Set(all.flatMap(({ points }) => points.map(({ call, way }) => `${call} ${way}`)))
    expect(found.size).toBe(9)
  })

  it('are up to as many as may be, at different calls, in order', () => {
    const all = sample(5, { most: 3 })
    for (const { points } of all) {
      const calls = points.map(({ call }) => call)
      expect(calls).toEqual([...new Set(calls)].sort())
      expect(calls.every((call) => call >= 1 && call <= 5)).toBe(true)
    }
    expect(new Set(all.map(({ points }) => points.length))).toEqual(new Set([0, 1, 2, 3]))
    expect(new Set(sample(2, { most: 9 }).map(({ points }) => points.length))).toEqual(new Set([0, 1, 2]))
  })

  it('throw mostly Errors that name the call, and sometimes what is no Error', () => {
    const errors = sample(3).flatMap(({ points }) => points.map(({ call, error }) => ({ call, error })))
    const named = errors.filter(({ call, error }) => error instanceof Error && error.message === `call ${call} fails`)
    expect(named.length / errors.length).toBeGreaterThan(0.5)
    const others = errors.map(({ error }) => error).filter((error) => !(error instanceof Error))
    for (const one of [undefined, null, 0, false, 'a string', { message: 'an object' }]) expect(others).toContainEqual(one)
    expect(errors.some(({ error }) => error instanceof Error && error.message === 'context canceled')).toBe(true)
  })

  it('are shrunk to none; else to one, at the first call, by a plain throw of a plain Error', () => {
    for (const seed of seeds) {
      const shrunk = (isWell: (fails: Failures) => boolean) =>
        String(fc.check(fc.property(failures(9, { most: 4 }), isWell), { seed, numRuns: 1_000 }).counterexample?.[0])
      expect(shrunk(() => false)).toBe('[]')
      expect(shrunk(({ points }) => points.length === 0)).toBe(`[{ call: 1, way: 'throw', error: new Error("call 1 fails") }]`)
      expect(shrunk(({ points }) => !points.some(({ call, way }) => call > 3 && way === 'reject'))).toBe(
        `[{ call: 4, way: 'reject', error: new Error("call 4 fails") }]`,
      )
    }
  })

  it('take the ways and the errors that they are told', () => {
    const all = sample(3, { ways: ['after'], errors: fc.constantFrom('x', 'y') }).flatMap(({ points }) => points)
    expect(new Set(all.map(({ way }) => way))).toEqual(new Set(['after']))
    expect(new Set(all.map(({ error }) => error))).toEqual(new Set(['x', 'y']))
  })

  it('throw what an arbitrary of the user shrinks to', () => {
    const property = fc.property(failures(2, { errors: fc.nat(100) }), ({ points }) => !points.some(({ error }) => Number(error) > 6))
    for (const seed of seeds) {
      const { counterexample } = fc.check(property, { seed, numRuns: 1_000 })
      expect(String(counterexample?.[0])).toBe(`[{ call: 1, way: 'throw', error: 7 }]`)
    }
  })

  it('print as the list of them', () => {
    expect(fc.stringify([first('reject', undefined)])).toBe(`[[{ call: 1, way: 'reject', error: undefined }]]`)
  })
})

describe('a step with failures', () => {
  const error = new Error('as told')

  it('counts its calls, apart from any other', () => {
    const [fails] = fc.sample(
      failures(3, { ways: ['throw'], errors: fc.constant(error) }).filter(({ points }) => points[0]?.call === 2),
      { numRuns: 1, seed: 1 },
    )
    for (let i = 0; i < 2; i++) {
      const step = fails.in((a: number, b: number) => a + b)
      expect(step(1, 2)).toBe(3)
      expect(() => step(1, 2)).toThrow(error)
      expect(step(3, 4)).toBe(7)
    }
  })

  it('throw: throws at the call, and is not done', () => {
    let done = 0
    expect(() => first('throw', error).in(() => done++)()).toThrow(error)
    expect(() => first('throw', error).in(async () => done++)()).toThrow(error)
    expect(done).toBe(0)
  })

  it('reject: answers a promise that is rejected, of a generator function a generator that throws; it is not done', async () => {
    let done = 0
    const answer = first('reject', error).in(async () => done++)()
    expect(answer).toBeInstanceOf(Promise)
    await expect(answer).rejects.toBe(error)
    const step = first('reject', undefined).in(function* () { done++ }) // prettier-ignore
    const generator = step()
    expect(
      await go(() => generator)
        .join()
        .attempt(),
    ).toEqual({ _tag: 'Left', left: undefined })
    expect(done).toBe(0)
  })

  it.each<[string, (did: () => void) => unknown]>([
    [
      'a promise',
      async (did) => {
        await Promise.resolve()
        did()
      },
    ],
    [
      'a generator',
      function* (did) {
        yield* sleep(0)
        did()
      },
    ],
    ['an operation', (did) => sleep(0).map(did)],
    [
      'a thenable',
      (did) => ({
        then: (f: () => void) => {
          did()
          return Promise.resolve().then(f)
        },
      }),
    ],
  ])('after: is done, and then fails: %s', async (_, step) => {
    // prettier-ignore
    let done = 0
    const failing = first('after', error).in(() => step(() => done++))
    const running: Goroutine<unknown> = go(failing)
    expect(await running.join().attempt()).toEqual({ _tag: 'Left', left: error })
    expect(done).toBe(1)
  })

  it('after: is done, and then fails: a value', () => {
    let done = 0
    expect(() => first('after', error).in(() => done++)()).toThrow(error)
    expect(done).toBe(1)
  })

  it('is found at fault where its effect comes twice, with the smallest failures that show it', async () => {
    for (const seed of seeds) {
      const { counterexample } = await fc.check(
        fc.asyncProperty(failures(3, { most: 2 }), schedule(), async (fails, s) => {
          let charged = 0
          await s.run(function* () {
            const charge = fails.in(function* () {
              charged++
              yield* sleep(1)
            })
            yield* withRetry(backoff(), charge).attempt()
          })
          expect(charged).toBeLessThanOrEqual(1)
        }),
        { seed, numRuns: 300 },
      )
      expect(String(counterexample?.[0])).toBe(`[{ call: 1, way: 'after', error: new Error("call 1 fails") }]`)
    }
  })
})
