/** Time as a capability: the timers ask a Clock, so that a test may put virtual time in its place. */
import { hostTurn, now } from './host.js'

export interface Clock {
  /** ms since 1970 began, never going back; fractions count. */
  now(): number
  /** Calls `f` once, at `at` or later, and answers how to take that back. */
  set(at: number, f: () => void): () => void
}

/** The longest delay a host's timer takes; a longer one fires at once. */
const longest = 2 ** 31 - 1

let holdsProcess = true

/** Timers of the system's clock that are set from now on do not keep the process alive. */
export function letProcessEnd(): void {
  holdsProcess = false
}

export const systemClock: Clock = {
  now: () => performance.timeOrigin + now(),

  set(at, f) {
    const delay = Math.ceil(at - systemClock.now())
    if (delay <= 0) return soon(f)
    // A delay beyond the longest wakes the caller early, who looks at the clock and sets again.
    const timer = setTimeout(f, Math.min(delay, longest))
    if (!holdsProcess) (timer as { unref?: () => void }).unref?.() // in Node it is an object that has one
    return () => clearTimeout(timer)
  },
}

function soon(f: () => void): () => void {
  let wanted = true
  hostTurn(() => wanted && f())
  return () => void (wanted = false)
}
