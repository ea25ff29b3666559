import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Timers, type Entry } from '../../src/runtime/scheduler/timers.js'
import { OneAlarm } from './one-alarm.js'

type Step =
  | { readonly does: 'set'; readonly in: number }
  | { readonly does: 'take back'; readonly which: number }
  | { readonly does: 'wait'; readonly for: number }

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ does: fc.constant('set' as const), in: fc.oneof(fc.integer({ min: -3, max: 20 }), fc.constant(Infinity)) }),
    },
    { weight: 3, arbitrary: fc.record({ does: fc.constant('take back' as const), which: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('wait' as const), for: fc.integer({ min: 1, max: 8 }) }) },
  ),
  { maxLength: 60, size: 'max' },
) as fc.Arbitrary<Step[]>

/** The naive model of the heap: an array, sorted by time and then by the order of setting. */
class Sorted {
  private _all: { readonly at: number; readonly n: number }[] = []

  add(at: number, n: number): void {
    this._all.push({ at, n })
    this._all.sort((a, b) => (a.at === b.at ? a.n - b.n : a.at - b.at))
  }
  remove(n: number): boolean {
    const before = this._all.length
    this._all = this._all.filter((one) => one.n !== n)
    return this._all.length < before
  }
  due(time: number): number[] {
    const due = this._all.filter(({ at }) => at <= time).map(({ n }) => n)
    this._all = this._all.filter(({ at }) => at > time)
    return due
  }
  get size(): number {
    return this._all.length
  }
  get first(): number {
    return this._all[0]?.at ?? Infinity
  }
}

it('timers fire once each, as in a sorted array: by time, then by order of setting; and one alarm serves all', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      const clock = new OneAlarm()
      const [timers, model] = [new Timers(clock), new Sorted()]
      const entries: Entry[] = []
      const [fired, expected]: number[][] = [[], []]
      for (const step of steps) {
        if (step.does === 'set') {
          const n = entries.length
          const at = clock.time + step.in
          entries.push(timers.add(at, () => fired.push(n)))
          model.add(at, n)
        } else if (step.does === 'take back') {
          const entry = entries[step.which]
          if (entry !== undefined) expect(timers.remove(entry)).toBe(model.remove(step.which))
        } else {
          // In whole ms, as the times are, so that timers of one time fire together.
          for (let ms = 0; ms < step.for; ms++) {
            await clock.moveTo(clock.time + 1)
            expected.push(...model.due(clock.time))
          }
        }
        expect(fired).toEqual(expected)
        expect(timers.size).toBe(model.size)
        // Set for the first timer or earlier while one will fire; otherwise unset, since it would keep the process alive.
        if (model.first === Infinity) expect(clock.alarm).toBeNull()
        else expect(clock.alarm?.at).toBeLessThanOrEqual(model.first)
      }
    }),
    { numRuns: 300 },
  )
})

it('10,000 timers set and stopped in random order fire in order', async () => {
  const clock = new OneAlarm()
  const timers = new Timers(clock)
  const fired: number[] = []
  const at = (i: number) => (i * 7919) % 10_007
  const entries = Array.from({ length: 10_000 }, (_, i) => timers.add(at(i), () => fired.push(at(i))))
  for (let i = 0; i < 10_000; i += 2) expect(timers.remove(entries[(i * 3) % 10_000])).toBe(true)
  clock.time = 20_000
  await clock.moveTo(20_000)
  expect(fired).toHaveLength(5000)
  expect(fired).toEqual([...fired].sort((a, b) => a - b))
  expect(timers.size).toBe(0)
})
