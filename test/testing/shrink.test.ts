import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutTail, type Picks } from '../../src/testing/explore/picks.js'
import { shrink, simplerThan } from '../../src/testing/explore/shrink.js'

describe('a simpler schedule', () => {
  const switches = fc.array(
    fc.record({ after: fc.nat(5), pick: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 2 ** 32, max: 2 ** 33 - 1 })) }),
    { maxLength: 12 },
  )
  const tail = fc.option(fc.record({ seed: fc.integer(), row: fc.integer({ min: 1, max: 100 }) }), { freq: 3 })
  const place = fc.option(fc.record({ size: fc.integer({ min: 1, max: 12 }), from: fc.nat(12) }))

  /** No tail is less than one; then the switches, the choices, and the options count, in this order. */
  const measure = ({ switches, tail }: Picks): number[] => [
    tail === null ? 0 : 1,
    switches.length,
    switches.reduce((sum, { after }) => sum + after + 1, 0),
    switches.reduce((sum, { pick }) => sum + pick, 0),
  ]

  const isLess = (a: number[], b: number[]): boolean => {
    const i = a.findIndex((n, i) => n !== b[i])
    return i >= 0 && a[i] < b[i]
  }

  it('is always less, so that shrinking ends', () => {
    fc.assert(
      fc.property(fc.record({ switches, tail }), place, (picks, place) => {
        for (const simpler of simplerThan(picks, place))
          expect(isLess(measure(simpler.picks), measure(picks)), JSON.stringify(simpler.picks)).toBe(true)
      }),
    )
  })

  it('of a tail are its first picks, from none to 16,384', () => {
    const picks: Picks = { switches: [], tail: { seed: 1, row: 1 } }
    const lengths = [...simplerThan(picks, null)].map((simpler) => simpler.picks.switches.length)
    expect(lengths).toEqual([0, 1, 4, 16, 64, 256, 1_024, 4_096, 16_384])
    expect(cutTail(picks, 3).switches.length).toBe(3)
  })
})

describe('shrink', () => {
  it('ends at a schedule of which no proposal fails, the same from every start', async () => {
    const fails = ({ switches }: Picks): boolean => switches.filter(({ pick }) => pick >= 2).length >= 2
    await fc.assert(
      fc.asyncProperty(
        fc
          .array(fc.record({ after: fc.nat(3), pick: fc.integer({ min: 1, max: 4 }) }), { maxLength: 12 })
          .filter((switches) => fails({ switches, tail: null })),
        async (switches) => {
          const { switches: shrunk } = await shrink({ switches, tail: null }, async (picks) => fails(picks))
          expect(shrunk).toEqual([
            { after: 0, pick: 2 },
            { after: 0, pick: 2 },
          ])
        },
      ),
    )
  })

  it('spends 400 runs at most', async () => {
    let runs = 0
    const switches = Array.from({ length: 5_000 }, () => ({ after: 1, pick: 1 }))
    await shrink({ switches, tail: null }, async () => (runs++, false))
    expect(runs).toBe(400)
  })
})
