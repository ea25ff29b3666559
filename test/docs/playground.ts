/**
 * Imported before a program, it gives it the time of Go's playground: it stands still while anything is ready, and then goes on to what comes
 * next. So a program that sleeps an hour takes none, and prints the same at each run. Of the operations only: `setTimeout` is real.
 */
import type { Clock } from '../../src/runtime/base/clock.js'
import { queue } from '../../src/runtime/scheduler/run-queue.js'
import { time, Timers } from '../../src/runtime/scheduler/timers.js'

/** Turns of the event loop in a row in which nobody was ready. */
const QUIET_TURNS = 4

const start = Date.UTC(2009, 10, 10, 23) // when Go was born

/** ms after which the process ends: for programs that go on for ever. */
const end = start + Number(process.env.PLAYGROUND_MS ?? Infinity)

class PlaygroundClock implements Clock {
  #now = start
  #alarm: { readonly at: number; readonly ring: () => void } | null = null
  #isLooking = false
  #quiet = 0
  #isOver = false

  now = (): number => this.#now

  set(at: number, ring: () => void): () => void {
    const alarm = { at, ring }
    this.#alarm = alarm
    if (!this.#isLooking) this.#lookLater()
    return () => {
      if (this.#alarm === alarm) this.#alarm = null
    }
  }

  /** What still waits for the time does not hold the process any longer. */
  letProcessEnd(): void {
    this.#isOver = true
  }

  #lookLater(): void {
    this.#isLooking = true
    setImmediate(this.#look)
  }

  readonly #look = (): void => {
    this.#isLooking = false
    const alarm = this.#alarm
    if (alarm === null || this.#isOver) return
    this.#quiet = queue.size === 0 ? this.#quiet + 1 : 0
    if (this.#quiet < QUIET_TURNS) return this.#lookLater()
    this.#quiet = 0
    this.#alarm = null
    this.#now = Math.max(this.#now, alarm.at)
    if (this.#now > end) process.exit()
    alarm.ring()
  }
}

class PlaygroundTimers extends Timers {
  constructor(private readonly playground: PlaygroundClock) {
    super(playground)
  }
  override letProcessEnd(): void {
    this.playground.letProcessEnd()
  }
}

const clock = new PlaygroundClock()
time.timers = new PlaygroundTimers(clock)
Date.now = clock.now
performance.now = () => clock.now() - start
