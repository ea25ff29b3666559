import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exhaustive, fromToken, pct, randomWalk, theTime, toToken } from '../../src/testing/explore/strategies.js'

describe('tokens', () => {
  it('hold a schedule: there and back, but for the zeros at the end, which go without saying', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant(0), fc.nat(40))), (choices) => {
        const back = fromToken(toToken(choices))
        expect([...back, ...choices.slice(back.length)]).toEqual(choices)
        expect(choices.slice(back.length).every((chosen) => chosen === 0)).toBe(true)
      }),
    )
  })

  it('say how many zeros come before a choice, and which it is where it is not 1', () => {
    expect(toToken([])).toBe('s1-')
    expect(toToken([0, 0, 1])).toBe('s1-2')
    expect(toToken([0, 3, 0, 0, 1, 0])).toBe('s1-1.3-2')
    expect(fromToken('s1-1.3-2')).toEqual([0, 3, 0, 0, 1])
  })

  it.each(['', 's2-1', 's1-1.0', 's1--', 's1-1.', 's1-1.2.3', 's1-1_', 's1-zzzzzzzzz'])('%j is refused', (token) => {
    expect(() => fromToken(token)).toThrow(/replay\(token\)/)
  })
})

describe('random', () => {
  it('takes each of those that are ready as often as the others', () => {
    const strategy = randomWalk(1)
    const counts = [0, 0, 0, 0]
    for (let i = 0; i < 40_000; i++) counts[strategy.choose(4, 'next', null)]++
    for (const count of counts) expect(count).toBeGreaterThan(9_500)
  })

  it('lets a timer fire one time in eight while somebody is ready', () => {
    const strategy = randomWalk(1)
    let fired = 0
    for (let i = 0; i < 40_000; i++) if (strategy.choose(2, 'next', [{}, theTime]) === 1) fired++
    expect(fired / 40_000).toBeCloseTo(1 / 8, 1)
  })
})

describe('pct', () => {
  it('lets one go on until a change point, of which there are depth - 1', () => {
    const [a, b, c] = [{}, {}, {}]
    const strategy = pct(1, 3)
    for (let run = 0; run < 200; run++) {
      strategy.begin()
      let changes = 0
      let last = -1
      for (let step = 0; step < 16; step++) {
        const chosen = strategy.choose(3, 'next', [a, b, c])
        if (last >= 0 && chosen !== last) changes++
        last = chosen
      }
      expect(changes).toBeLessThanOrEqual(2)
    }
  })

  it('lets nobody wait for ever', () => {
    const both = [{}, {}]
    const strategy = pct(1, 1)
    strategy.begin()
    const met = new Set<number>()
    for (let step = 0; step < 1000; step++) met.add(strategy.choose(2, 'next', both))
    expect(met.size).toBe(2)
  })
})

describe('exhaustive', () => {
  it('goes through every sequence of choices that is no preemption', () => {
    const strategy = exhaustive(0)
    const met: string[] = []
    while (strategy.begin()) met.push([2, 3].map((options) => strategy.choose(options, 'next', null)).join(''))
    expect(met.sort()).toEqual(['00', '01', '02', '10', '11', '12'])
  })

  it.each([
    [0, 1],
    [1, 4],
    [2, 7],
    [3, 8],
  ])('with %i preemptions at most, of three places to preempt: %i schedules', (preemptions, expected) => {
    const strategy = exhaustive(preemptions)
    let runs = 0
    for (; strategy.begin(); runs++) for (let i = 0; i < 3; i++) strategy.choose(2, 'switch', null)
    expect(runs).toBe(expected)
  })
})
