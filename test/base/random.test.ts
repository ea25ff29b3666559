/** The random numbers of the runtime. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Random } from '../../src/runtime/base/random.js'

afterEach(() => void vi.restoreAllMocks())

const draws = (random: Random) => Array.from({ length: 1000 }, () => random.below(10))

describe('Random', () => {
  it('asks the host for no number before its first draw, and for one in all', () => {
    const host = vi.spyOn(Math, 'random')
    const random = new Random()
    expect(host).not.toHaveBeenCalled()
    draws(random)
    expect(host).toHaveBeenCalledTimes(1)
  })

  it.each([0, 0.999_999_999_9])('draws from every start: Math.random() returns %s', (start) => {
    vi.spyOn(Math, 'random').mockReturnValue(start)
    expect(new Set(draws(new Random())).size).toBe(10)
  })

  it('draws the same numbers from the same seed', () => {
    expect(draws(new Random(7))).toEqual(draws(new Random(7)))
    expect(draws(new Random(7))).not.toEqual(draws(new Random(8)))
  })
})
