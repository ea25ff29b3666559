import type { Clock } from '../../runtime/internal.js'

/** Virtual time starts with the year 2000, as in Go's synctest. */
export const EPOCH = Date.UTC(2000, 0, 1)

/** Virtual time, which moves when `fire` is called. `at` is the time of its only alarm; Infinity without an alarm. */
export class ScheduleClock implements Clock {
  time = EPOCH
  private _ring: (() => void) | null = null
  at = Infinity

  reset(): void {
    this.time = EPOCH
    this._ring = null
    this.at = Infinity
  }
  now(): number {
    return this.time
  }
  wall(): number {
    return this.time
  }
  /** A time that is nearer to the system's than to virtual time was computed with `Date.now()`. */
  fromUnix(ms: number): number {
    const system = Date.now()
    return Math.abs(ms - this.time) <= Math.abs(ms - system) ? ms : this.time + (ms - system)
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
