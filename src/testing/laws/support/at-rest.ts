/** The end of a run: no goroutine and no timer is left behind. */
import { go, gosched, numGoroutine, sleep } from '../../../runtime/index.js'
import { time } from '../../../runtime/internal.js'
import type { Trial } from '../../explore/trial.js'
import { holds } from './assertions.js'

/** Turns in which goroutines unwind. Unwinding takes no time. */
const TURNS = 2_000

/** Microtasks in a row that promises of promises take. */
const MICROTASKS = 20

/** ms after which every event that is to happen has happened. */
export const LATER = 60_000

/** Waits until at most `goroutines` live, the caller included. */
export function* atRest(goroutines: number): Generator<never, void> {
  for (let turn = 0; turn < TURNS && numGoroutine() > goroutines; turn++) yield* gosched()
}

/**
 * Asserts that at most `goroutines` are left, the caller included, and no timer; and, unless `mayTakeTime`, that this
 * takes no time.
 */
export function* nothingLeft(goroutines: number, mayTakeTime = false): Generator<never, void> {
  const start = time.timers.now()
  yield* atRest(goroutines)
  holds(mayTakeTime || time.timers.now() === start, 'something waits for time still')
  const left = numGoroutine() - goroutines
  holds(left <= 0, `goroutines are left: ${left}`)
  const { size } = time.timers
  holds(size === 0, `timers are left: ${size}`)
}

/** Lets the other goroutines run for a few turns and a few ms, as the schedule chooses. */
export function* forAWhile(trial: Trial): Generator<never, void> {
  for (let turns = trial.choose(12); turns > 0; turns--) yield* trial.choose(4) === 0 ? sleep(trial.choose(3)) : gosched()
}

/**
 * An async function that is alive as long as a law waits for promises. A run waits for microtasks only while an async
 * function of it is alive. Without promises the companion does nothing.
 */
export class AsyncCompanion {
  private _end: (() => void) | null = null

  constructor(usesPromises: boolean) {
    if (!usesPromises) return
    const ended = new Promise<void>((resolve) => (this._end = resolve))
    go(async function companion() {
      await ended
    })
  }

  /** The number of its goroutines. */
  get goroutines(): number {
    return this._end === null ? 0 : 1
  }

  /** Lets promises settle, and asserts that only the law and this companion are left. */
  *atRest(): Generator<never, void> {
    if (this._end !== null) yield* go(microtasks).join()
    yield* nothingLeft(1 + this.goroutines)
  }

  end(): void {
    this._end?.()
  }
}

async function microtasks(): Promise<void> {
  for (let i = 0; i < MICROTASKS; i++) await Promise.resolve()
}
