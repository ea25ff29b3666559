/** What a program under exploration asks of its run. */
import type { Body } from '../../runtime/index.js'
import { checkCount } from '../../runtime/internal.js'
import type { ScheduleClock } from '../bubble/schedule-clock.js'
import type { FaultBudget, Faults, Injector } from '../faults/index.js'
import type { Polling } from './polling.js'
import type { Choose } from './ready-list.js'

/**
 * The run, in the view of the program under exploration.
 *
 * @example
 * ```ts
 * await explore(function* (run) {
 *   const faults = run.faults({ drops: 1, crashes: 1 })
 *   const jobs = chan<number>(1)
 *   const sender = faults.sender(jobs)
 *   const worker = faults.mayCrash(go(function* () {
 *     for (const it = range(jobs); yield* it.next(); ) yield* sleep(it.value)
 *   }))
 *   yield* sender.send(1)
 *   sender.close()
 *   yield* worker.join().attempt()
 * })
 * ```
 */
export interface Trial {
  /** A choice of the program that the schedule makes: a number from 0 up to, but not including, `n`. */
  choose(n: number): number
  /** ms of virtual time since the run began. */
  now(): number
  /**
   * Faults that the schedule chooses, within the budget of this run: late, lost and repeated messages, calls that fail,
   * goroutines that crash. A finding is shrunk to few faults, and its token replays them. An error that only repeats a
   * fault is no finding.
   */
  faults(most: FaultBudget): Faults
}

/** A program to explore: a goroutine function that makes everything it uses. */
export type Program = Body<[Trial], unknown>

export class RunTrial implements Trial {
  constructor(
    private readonly _choose: Choose,
    private readonly _clock: ScheduleClock,
    private readonly _polling: Polling,
    private readonly _injector: Injector,
  ) {}

  choose(n: number): number {
    checkCount('choose(n)', 0, n)
    this._polling.call()
    return n < 2 ? 0 : this._choose(n, 'choose', null)
  }
  now(): number {
    this._polling.call()
    return this._clock.time
  }
  faults(most: FaultBudget): Faults {
    return this._injector.faults('run.faults(', most)
  }
}
