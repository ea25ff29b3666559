/** Time as a capability: the timers ask a Clock, so that a test may put virtual time in its place. */
import { hostTurn, now } from './host.js'

export interface Clock {
  /** Unix time in ms, with fractions. Never goes back. */
  now(): number
  /** Calls `f` once, at `at` or later, and returns a function that cancels the call. */
  set(at: number, f: () => void): () => void
}

/** The longest delay a host's timer takes; a longer delay fires at once. */
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
    // A delay beyond the longest wakes the caller early; the caller looks at the clock and sets again.
    const timer = setTimeout(f, Math.min(delay, longest))
    if (!holdsProcess) (timer as { unref?: () => void }).unref?.() // a timer of Node has the method, a timer of a browser is a number
    return () => clearTimeout(timer)
  },
}

function soon(f: () => void): () => void {
  let wanted = true
  hostTurn(() => wanted && f())
  return () => void (wanted = false)
}
