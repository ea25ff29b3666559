/** Calls that never wait and found nothing, for the probe: without them a loop of such calls shows nothing. */
import { queue } from './run-queue.js'

/** Tells the probe; returns false, the result of most such calls. */
export function attempted(thing: object): false {
  queue.probe?.attempt?.(thing)
  return false
}
