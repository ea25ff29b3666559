import fc from 'fast-check'
import { go, sleep } from 'millrace'
import { latency, schedule } from 'millrace/fast-check'
import { describe, expect, it } from 'vitest'

const seeds = Array.from({ length: 20 }, (_, i) => i + 1)

describe('a latency', () => {
  const many = fc.sample(latency(), { numRuns: 2_000, seed: 1 })
  const share = (is: (ms: number) => boolean): number => many.filter(is).length / many.length

  it('is mostly none or a few ms, and sometimes long', () => {
    expect(share((ms) => ms === 0)).toBeGreaterThan(0.3)
    expect(share((ms) => ms > 0 && ms <= 10)).toBeGreaterThan(0.25)
    expect(share((ms) => ms > 100)).toBeGreaterThan(0.1)
    expect(share((ms) => ms > 1_000)).toBeGreaterThan(0.03)
    expect(share((ms) => Number.isInteger(ms) && ms >= 0 && ms <= 10_000)).toBe(1)
  })

  it('is no longer than max, and never without end unless that is asked for', () => {
    for (const max of [0, 3, 50]) expect(Math.max(...fc.sample(latency({ max }), { numRuns: 1_000, seed: 1 }))).toBe(max)
    const some = fc.sample(latency({ max: 5, never: true }), { numRuns: 500, seed: 1 })
    expect(some.filter((ms) => ms === Infinity).length).toBeGreaterThan(10)
    expect(some.every((ms) => ms <= 5 || ms === Infinity)).toBe(true)
  })

  it('is shrunk to 0, or to the shortest that is long enough', () => {
    for (const seed of seeds) {
      const shrunk = (isWell: (ms: number) => boolean) => fc.check(fc.property(latency({ never: true }), isWell), { seed }).counterexample
      expect(shrunk(() => false)).toEqual([0])
      expect([[7], [Infinity]]).toContainEqual(shrunk((ms) => ms < 7))
      expect(shrunk((ms) => ms < 7 || ms === Infinity)).toEqual([7])
    }
  })

  it('of several is often the same, so that timers go off at one moment', async () => {
    let same = 0
    for (const [a, b] of fc.sample(fc.tuple(latency(), latency()), { numRuns: 500, seed: 1 })) if (a === b) same++
    expect(same).toBeGreaterThan(50)
    await fc.assert(
      fc.asyncProperty(schedule(), fc.array(latency()), async (s, all) => {
        const ended = await s.run(function* (run) {
          for (const one of all.map((ms) => go(function* () { yield* sleep(ms) }))) yield* one.join() // prettier-ignore
          return run.now()
        })
        expect(ended).toBeGreaterThanOrEqual(Math.max(0, ...all))
      }),
      { seed: 1 },
    )
  })
})
