/**
 * Time that passes when a test says so. From `virtualTime()` until it is disposed, all that waits for time waits for this clock:
 *
 *     using clock = virtualTime()
 *     go(worker)
 *     await clock.advance(50) // settles, then lets 50 ms pass: each expiry at its own time, everything settled in between
 *
 * Nothing may be left of one that is disposed: what still waits for it waits for ever.
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

  /** ms since 1970 began; starts with the year 2000. */
  now(): number {
    return this.#now
  }

  /** How many sleepers, timers, tickers and deadlines wait for the time. */
  get waiting(): number {
    return time.timers.size
  }

  set(at: number, f: () => void): () => void {
    const alarm = { at, ring: f }
    this.#alarms.add(alarm)
    if (at <= this.#now) void hostTurn().then(() => this.#ring(alarm)) // what is due needs no passing of time
    return () => void this.#alarms.delete(alarm)
  }

  /** Lets `ms` pass. */
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

  /** Lets `ms` pass while the host is busy: nothing fires before the next `advance`, as with a timer that is late. */
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
