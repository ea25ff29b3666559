/** Bubbles and explorations share the run queue, so only a single bubble or exploration runs at a time, of all copies of the package. */
import { shared } from '../../runtime/internal.js'

interface Running {
  readonly call: string
  readonly state: () => string
}

const exclusive = shared<{ running: Running | null }>('millrace.exclusive.v1', () => ({ running: null }))

/**
 * Returns a function that leaves. `state` describes the goroutines inside. Throws an Error while another call has entered: it shows
 * their state, since a test runner goes on with the next test after a timeout, and only this error says why the test did not end.
 */
export function enter(call: string, state: () => string = () => ''): () => void {
  const { running } = exclusive
  if (running !== null) throw new Error(alreadyRunning(call, running.call, running.state()))
  exclusive.running = { call, state }
  return () => void (exclusive.running = null)
}

function alreadyRunning(call: string, earlier: string, state: string): string {
  const both = `${call}: ${earlier} is running already; both need the run queue, so run them one after the other`
  return state === '' ? both : `${both}. If its test has timed out, it still waits or polls:\n${state}`
}
