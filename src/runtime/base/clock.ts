/** Time as a capability: the timers ask a Clock, so that a test may put virtual time in its place. */
import { hostTurn, now, setHostTimer, timeOrigin } from './host.js'

export interface Clock {
  /** Unix time in ms, with fractions, that never goes back. Timers and durations go by this time. */
  now(): number
  /** Unix time in ms, as `Date.now()`: follows a change of the system's time. */
  wall(): number
  /** Converts Unix time in ms that a caller gives to that of this clock. */
  fromUnix(ms: number): number
  /** Calls `f` once, at `at` of `now()` or later; returns a function that cancels the call. */
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
  now: () => timeOrigin + now(),
  // Read at each call: a test may put another `Date.now` in its place, and a caller computes a deadline with the same.
  wall: () => Date.now(),
  fromUnix: (ms) => ms,

  set(at, f) {
    const delay = Math.ceil(at - systemClock.now())
    if (delay <= 0) return soon(f)
    // A delay beyond the longest wakes the caller early, which reads the clock and sets the timer again.
    return setHostTimer(f, Math.min(delay, longest), holdsProcess)
  },
}

function soon(f: () => void): () => void {
  let wanted = true
  hostTurn(() => wanted && f())
  return () => void (wanted = false)
}

/** The latest time that a Date can hold, in ms. */
const LAST_DATE = 8.64e15

/** A point in time for a person to read, also where a Date cannot hold it. */
export function dateText(epochMs: number): string {
  return Math.abs(epochMs) <= LAST_DATE ? new Date(epochMs).toISOString() : String(epochMs)
}
