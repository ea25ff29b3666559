import type { Clock } from '../../runtime/internal.js'

/** Virtual time starts with the year 2000, as in Go's synctest. */
export const EPOCH = Date.UTC(2000, 0, 1)

/**
 * Virtual time, which moves when `fire` is called. `at` is the time of its only alarm; Infinity without an alarm. Timers
 * count from 0: in Unix time a number has no digits for a duration below 0.1 µs, and a sleep of that would not move the
 * clock.
 */
export class ScheduleClock implements Clock {
  time = 0
  private _ring: (() => void) | null = null
  at = Infinity

  constructor(private readonly _read: () => void = () => {}) {}

  reset(): void {
    this.time = 0
    this._ring = null
    this.at = Infinity
  }
  now(): number {
    this._read()
    return this.time
  }
  wall(): number {
    this._read()
    return EPOCH + this.time
  }
  /** A time that is nearer to the system's than to virtual time was computed with `Date.now()`. */
  fromUnix(ms: number): number {
    const [system, wall] = [Date.now(), EPOCH + this.time]
    return Math.abs(ms - wall) <= Math.abs(ms - system) ? ms : wall + (ms - system)
  }
  set(at: number, f: () => void): () => void {
    this._ring = f
    this.at = at
    return () => {
      this._ring = null
      this.at = Infinity
    }
  }
  fire(): void {
    const ring = this._ring
    this.time = Math.max(this.time, this.at)
    this._ring = null
    this.at = Infinity
    ring?.()
  }
}
