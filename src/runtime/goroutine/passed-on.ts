/**
 * Failures that are passed on. The first failure of a group is the cause of the end of the group's context too, so by
 * its looks it is the echo of that end. In the goroutine that receives it from a wait or a join it is a failure, and a
 * crash if nobody joins that goroutine.
 *
 * An `await` does not show which async function performs it: a failure that was passed on to one is a failure in each.
 */
import { queue } from '../scheduler/run-queue.js'

/** A goroutine, as far as it receives failures. */
export interface Receiver {
  /** A wait or a join throws the error in this goroutine. */
  receive(error: unknown): void
  /** A wait or a join throws the echo of an end in this goroutine. */
  cutOff(error: unknown): void
}

const received = new WeakSet()

/** Returns the error, for a throw in the code that performs an operation. An error that was an echo where it failed stays one. */
export function passedOn(error: unknown, isEnd = false): unknown {
  const receiver = queue.running as Receiver | null // only goroutines run there
  if (isEnd) receiver?.cutOff(error)
  else if (receiver !== null) receiver.receive(error)
  else if ((typeof error === 'object' && error !== null) || typeof error === 'function') received.add(error)
  return error
}

/** Whether the error was passed on to an async function. */
export function isPassedOn(error: unknown): boolean {
  return ((typeof error === 'object' && error !== null) || typeof error === 'function') && received.has(error)
}
