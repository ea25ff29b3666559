/** A clock that a test moves by hand; it checks that at most one alarm is set at a time. */
import type { Clock } from '../../src/runtime/base/clock.js'
import { settle } from '../support/settle.js'

export class OneAlarm implements Clock {
  time = 0
  alarm: { readonly at: number; readonly ring: () => void } | null = null
  /** How often an alarm was set. */
  sets = 0

  /** `longest` is the longest delay that it supports: an alarm beyond it rings early. */
  constructor(private readonly longest = Infinity) {}

  now(): number {
    return this.time
  }

  wall(): number {
    return this.time
  }

  fromUnix(ms: number): number {
    return ms
  }

  set(at: number, f: () => void): () => void {
    if (this.alarm !== null) throw new Error('a second alarm was set')
    this.sets++
    const alarm = { at: Math.min(at, this.time + this.longest), ring: f }
    this.alarm = alarm
    return () => {
      if (this.alarm === alarm) this.alarm = null
    }
  }

  /** Moves to `until`; the alarm rings on the way, each at its time. */
  async moveTo(until: number): Promise<void> {
    for (let { alarm } = this; alarm !== null && alarm.at <= until; alarm = this.alarm) {
      this.time = Math.max(this.time, alarm.at)
      this.alarm = null
      alarm.ring()
      await settle()
    }
    this.time = Math.max(this.time, until)
  }
}
