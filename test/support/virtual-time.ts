/**
 * Time that a test advances. From `virtualTime()` until its disposal, every wait for time uses this clock:
 *
 *     using clock = virtualTime()
 *     go(worker)
 *     await clock.advance(50) // settles, then advances 50 ms: each timer fires at its time, and everything settles in between
 *
 * A wait that is left at the disposal never ends.
 */
import type { Clock } from '../../src/runtime/base/clock.js'
import { time, Timers } from '../../src/runtime/scheduler/timers.js'
import { hostTurn, settle } from './settle.js'

interface Alarm {
  readonly at: number
  readonly ring: () => void
}

export class VirtualTime implements Clock, Disposable {
  readonly #before = time.timers
  readonly #alarms = new Set<Alarm>()
  #now = Date.UTC(2000, 0, 1)

  constructor() {
    time.timers = new Timers(this)
  }

  /** Unix time in ms; starts with the year 2000. */
  now(): number {
    return this.#now
  }

  wall(): number {
    return this.#now
  }

  fromUnix(ms: number): number {
    return ms
  }

  /** How many sleepers, timers, tickers and deadlines wait for the time. */
  get waiting(): number {
    return time.timers.size
  }

  set(at: number, f: () => void): () => void {
    const alarm = { at, ring: f }
    this.#alarms.add(alarm)
    if (at <= this.#now) void hostTurn().then(() => this.#ring(alarm)) // a due alarm needs no advance
    return () => void this.#alarms.delete(alarm)
  }

  /** Advances time by `ms`. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await settle()
    for (let next = this.#firstBefore(until); next !== null; next = this.#firstBefore(until)) {
      this.#now = Math.max(this.#now, next.at)
      this.#ring(next)
      await settle()
    }
    this.#now = until
  }

  /** Advances time by `ms` while the host is busy: timers fire late, at the next `advance`. */
  block(ms: number): void {
    this.#now += ms
  }

  #ring(alarm: Alarm): void {
    if (this.#alarms.delete(alarm)) alarm.ring()
  }

  #firstBefore(until: number): Alarm | null {
    let first: Alarm | null = null
    for (const alarm of this.#alarms) if (alarm.at <= until && (first === null || alarm.at < first.at)) first = alarm
    return first
  }

  [Symbol.dispose](): void {
    time.timers = this.#before
  }
}

export const virtualTime = (): VirtualTime => new VirtualTime()
