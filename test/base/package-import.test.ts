// The import stands inside the test: a test file that does not load has no tests, and so none that fails.
import { expect, it } from 'vitest'

it('importing the package alone works and performs no operation', async () => {
  const { chan, never, trySelect } = await import('millrace')
  const { queue } = await import('../../src/runtime/scheduler/run-queue.js')
  expect([queue.size, queue.live, queue.async.count]).toEqual([0, 0, 0])
  expect(never()[Symbol.iterator]().return?.()).toEqual({ done: true, value: undefined }) // no goroutine is being unwound
  const ch = chan<number>(1)
  ch.trySend(1)
  expect(trySelect({ value: ch.receive(), never: never() })).toMatchObject({ value: { case: 'value' } })
})
