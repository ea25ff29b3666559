import { rateEvery } from 'millrace'
import { describe, expect, it } from 'vitest'

describe('rateEvery', () => {
  it('RL-001 intervals become limits', () => {
    const limits: [ms: number, perSecond: number][] = [
      [0, Infinity],
      [-1, Infinity],
      [1e-6, 1e9],
      [1e-3, 1e6],
      [1, 1000],
      [10, 100],
      [100, 10],
      [1000, 1],
      [2000, 0.5],
      [2500, 0.4],
      [4000, 0.25],
      [10_000, 0.1],
    ]
    for (const [ms, perSecond] of limits) expect(rateEvery(ms)).toBeCloseTo(perSecond, 9)
  })

  it('rejects a value that is not a time', () => {
    expect(() => rateEvery(NaN)).toThrow('rateEvery(ms): expected a number of ms, got NaN')
  })
})
