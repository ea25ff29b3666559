import { after, go } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, waiting, ways } from '../support/outcome.js'
import { virtualTime } from '../support/virtual-time.js'

describe.each(ways)('by %s', (_, perform) => {
  it('TM-002 after is ready once, and not early; performed again, it waits again', async () => {
    using clock = virtualTime()
    const op = after(100)
    for (let round = 0; round < 3; round++) {
      const started = clock.now()
      const ready = perform(op)
      await clock.advance(99)
      expect(ready.now).toEqual(waiting)
      await clock.advance(1)
      expect(ready.now).toEqual(done(undefined))
      expect(clock.now()).toBe(started + 100)
    }
    expect(clock.waiting).toBe(0)
  })
})

describe('sleep', () => {
  it('TM-003 many waits end in the order of their times, and each at its own', async () => {
    using clock = virtualTime()
    const started = clock.now()
    const slots = [5, 3, 6, 6, 6, 1, 1, 2, 7, 9, 4, 8, 0]
    const over: [number, number][] = []
    for (const slot of slots)
      go(function* () {
        yield* after(slot * 20)
        over.push([slot, (clock.now() - started) / 20])
      })
    await clock.advance(200)
    expect(over).toEqual([...slots].sort((a, b) => a - b).map((slot) => [slot, slot]))
  })
})
