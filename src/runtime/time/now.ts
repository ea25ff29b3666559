/** The time, by the clock of the code that asks. */
import { time } from '../scheduler/timers.js'

/**
 * Returns Unix time in ms: the system's time, as `Date.now()`; in a bubble or an exploration, virtual time. Deadlines
 * are computed with it, in programs and in their tests alike. Source: Go's `time.Now`.
 *
 * @example
 * ```ts
 * using ctx = withDeadline(background, now() + 1000)
 * ```
 */
export function now(): number {
  return time.timers.wall()
}
