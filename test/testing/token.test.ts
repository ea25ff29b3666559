import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { picksOf } from '../../src/testing/explore/picks.js'
import { fromToken, toToken } from '../../src/testing/explore/token.js'

describe('tokens', () => {
  it('hold a schedule: there and back', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant(0), fc.nat(40))), (choices) => {
        const { switches } = picksOf(choices)
        expect(fromToken(toToken(switches))).toEqual(switches)
      }),
    )
  })

  it('say how many zeros come before a choice, and which it is where it is not 1; the zeros at the end go without saying', () => {
    const tokenOf = (choices: number[]): string => toToken(picksOf(choices).switches)
    expect(tokenOf([])).toBe('s1-')
    expect(tokenOf([0, 0, 1])).toBe('s1-2')
    expect(tokenOf([0, 3, 0, 0, 1, 0])).toBe('s1-1.3-2')
    expect(fromToken('s1-1.3-2')).toEqual(picksOf([0, 3, 0, 0, 1]).switches)
  })

  it.each(['', 's2-1', 's1-1.0', 's1--', 's1-1.', 's1-1.2.3', 's1-1_', 's1-zzzzzzzzz', 's1-0.zzzzzzz'])('%j is refused', (token) => {
    expect(() => fromToken(token)).toThrow(/replay\(token\)/)
  })
})
