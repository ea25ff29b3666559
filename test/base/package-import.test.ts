// Only what is imported inside a test fails as a test: a file that does not load has none.
import { expect, it } from 'vitest'

it('importing the package alone works and performs no operation', async () => {
  const { chan, never, trySelect } = await import('millrace')
  const { queue } = await import('../../src/runtime/scheduler/run-queue.js')
  expect([queue.size, queue.live, queue.resumed]).toEqual([0, 0, 0])
  expect(never()[Symbol.iterator]().return?.()).toEqual({ done: true, value: undefined }) // as long as nobody is unwound
  const ch = chan<number>(1)
  ch.trySend(1)
  expect(trySelect({ value: ch.receive(), never: never() })).toMatchObject({ value: { case: 'value' } })
})
