import fc from 'fast-check'
import { chan, go, range } from 'millrace'
import { payload, schedule } from 'millrace/fast-check'
import { fromReceiver, toReceiver } from 'millrace/operators'
import { describe, expect, it } from 'vitest'

const seeds = Array.from({ length: 20 }, (_, i) => i + 1)

describe('a payload', () => {
  const kindOf = (value: unknown): string => {
    if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value)
    return Object.is(value, -0) ? '-0' : typeof value === 'symbol' || typeof value === 'function' ? typeof value : String(value)
  }

  it('is every value that is easily taken for something else', () => {
    const kinds = new Set(fc.sample(payload(), { numRuns: 1_000, seed: 1 }).map(kindOf))
    for (const kind of ['0', '-0', 'NaN', 'undefined', 'null', 'false', '', 'symbol', 'function']) expect(kinds).toContain(kind)
    for (const kind of ['Object', 'Array', 'Promise', 'Error', 'Map']) expect(kinds).toContain(`[object ${kind}]`)
  })

  const isWork = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && !('trySend' in value) && ('then' in value || 'next' in value || 'subscribe' in value)

  it('is work for a stage sometimes, unless that is declined', () => {
    const share = (work: boolean) => fc.sample(payload({ work }), { numRuns: 500, seed: 1 }).filter(isWork).length / 500
    expect(share(true)).toBeGreaterThan(0.1)
    expect(share(false)).toBe(0)
  })

  it('is shrunk to 0, and prints', () => {
    for (const seed of seeds) {
      expect(
        fc.check(
          fc.property(payload(), () => false),
          { seed },
        ).counterexample,
      ).toEqual([0])
      const { counterexample } = fc.check(
        fc.property(payload(), (value) => !isWork(value)),
        { seed },
      )
      expect(isWork(counterexample?.[0])).toBe(true)
    }
    for (const value of fc.sample(payload(), { numRuns: 300, seed: 1 })) expect(fc.stringify(value).length).toBeLessThan(500)
  })

  it('is an object of its own each time', () => {
    const objects = fc.sample(payload(), { numRuns: 1_000, seed: 1 }).filter((value) => kindOf(value) === '[object Array]')
    expect(objects.length).toBeGreaterThan(10)
    expect(new Set(objects).size).toBe(objects.length)
  })

  it('is carried by a channel as it is: buffered, handed over, through an observable and back', async () => {
    await fc.assert(
      fc.asyncProperty(schedule({ unperformed: false }), fc.array(payload()), fc.nat(2), async (s, values, capacity) => {
        const got: unknown[] = []
        await s.run(function* () {
          const ch = chan<unknown>(capacity)
          go(function* sender() {
            for (const value of values) yield* ch.send(value)
            ch.close()
          })
          for (const it = range(toReceiver(fromReceiver(ch), { capacity })); yield* it.next();) got.push(it.value)
        })
        expect(got.length).toBe(values.length)
        expect(got.every((value, i) => Object.is(value, values[i]))).toBe(true)
      }),
      { seed: 1, numRuns: 300 },
    )
  })
})
