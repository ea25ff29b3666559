/**
 * A program that imports this module first runs on the clock of Go's playground: time stands still while anything is ready, and then moves
 * to the next timer. So a program that sleeps an hour takes no time and prints the same in each run. `setTimeout` stays real.
 */
import type { Clock } from '../../src/runtime/base/clock.js'
import { queue } from '../../src/runtime/scheduler/run-queue.js'
import { time, Timers } from '../../src/runtime/scheduler/timers.js'

const { setImmediate } = globalThis // the host's, also while the program fakes timers

/** Turns of the event loop in a row without a ready goroutine before time moves. */
const QUIET_TURNS = 4

const start = Date.UTC(2009, 10, 10, 23) // when Go was born

/** The time at which the process ends, for programs that never end. */
const end = start + Number(process.env.PLAYGROUND_MS ?? Infinity)

class PlaygroundClock implements Clock {
  #now = start
  #alarm: { readonly at: number; readonly ring: () => void } | null = null
  #isLooking = false
  #quiet = 0
  #isOver = false

  now = (): number => this.#now
  wall = (): number => this.#now
  fromUnix = (ms: number): number => ms

  set(at: number, ring: () => void): () => void {
    const alarm = { at, ring }
    this.#alarm = alarm
    if (!this.#isLooking) this.#lookLater()
    return () => {
      if (this.#alarm === alarm) this.#alarm = null
    }
  }

  /** Pending timers no longer keep the process alive. */
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
