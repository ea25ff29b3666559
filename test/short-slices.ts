/**
 * `npm run test:slices`: slices end at random places, every few steps, as on a machine where other programs take the
 * processor. A test that fails only then goes by the order of goroutines that nothing orders, or by a number of turns.
 */
import type { SliceWatch } from '../src/runtime/scheduler/slice.js'

/** Part of the looks at the clock that end a slice. */
const ENDS = 0.2
const LONGEST_STRIDE = 8

function shorten(watch: SliceWatch): void {
  const { isOver } = watch
  function endsSoon(this: SliceWatch, deadline: number): boolean {
    const ends = isOver.call(this, deadline)
    this.left = 1 + Math.floor(Math.random() * LONGEST_STRIDE)
    return ends || Math.random() < ENDS
  }
  if (isOver.name !== endsSoon.name) watch.isOver = endsSoon // a process comes here once for each of its suites
}

if (process.env['MODE'] === 'slices') {
  const { queue } = await import('../src/runtime/scheduler/run-queue.js') // a suite that mocks the host loads the sources itself
  shorten(Object.getPrototypeOf(queue.operations) as SliceWatch) // the class of the queue's own watches
}
