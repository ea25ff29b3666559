/** The ring under the buffers and the run queue. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Ring } from '../../src/runtime/base/ring.js'

const steps = fc.array(fc.constantFrom('push', 'push', 'unshift', 'shift'), { maxLength: 100, size: 'max' })

it.each([1, 2, 8])('a ring of %i slots at first is a double-ended queue, however it grows and wherever it begins', (room) => {
  fc.assert(
    fc.property(steps, (run) => {
      const ring = new Ring<number>(room)
      const list: (number | undefined)[] = []
      for (const [i, step] of run.entries()) {
        if (step === 'shift') expect(ring.shift()).toBe(list.shift())
        else {
          ring[step](i)
          list[step](i)
        }
        expect([ring.size, ring.first]).toEqual([list.length, list[0]])
      }
      expect(Array.from({ length: ring.size }, () => ring.shift())).toEqual(list)
    }),
    { seed: 1, numRuns: 200 },
  )
})

it('a ring keeps undefined and null as values', () => {
  const ring = new Ring<unknown>()
  ring.push(undefined)
  ring.unshift(null)
  expect([ring.size, ring.shift(), ring.shift(), ring.size]).toEqual([2, null, undefined, 0])
})
