/** Slices by the real clock of the host; slices.test.ts has the details, with a clock of its own. */
import { expect, it } from 'vitest'
import { start } from '../support/process.js'

it('a timer of 10 ms is served while a thousand goroutines are busy', async () => {
  const { status, stdout, stderr } = await start('test/scheduler/programs/busy.ts').ended
  expect(stderr).toEqual([])
  expect(status).toBe(0)
  const { median, most } = JSON.parse(stdout[0]) as { median: number; most: number } // what it prints
  // ms of work from one call to the next, the timer's own 10 ms among them. Without slices there would be no second call.
  expect(median).toBeLessThan(20)
  expect(most).toBeLessThan(200)
})
