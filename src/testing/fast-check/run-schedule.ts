/** A schedule as a value of fast-check: runs programs, and prints as the call that makes the same schedule. */
import { toStringMethod } from 'fast-check'
import type { Body } from '../../runtime/index.js'
import { checkFunction, hostTime, hostTurn, mistyped } from '../../runtime/internal.js'
import { notDeterministic, ScheduleError, type ReplayOptions } from '../explore/explore.js'
import { checkRun } from '../explore/check-options.js'
import { follow, isExact, picksOf, type Picks } from '../explore/picks.js'
import { ScheduledRunner, type Outcome } from '../explore/scheduled-run.js'
import type { Trial } from '../explore/trial.js'
import { fromToken, toToken } from '../explore/token.js'
import { Trace } from '../explore/trace.js'

/** Steps of a run, as in `explore`. */
const MOST_STEPS = 10_000

/** ms of runs between two turns of the host. */
const SLICE = 20

let sliceBegan = 0

/**
 * The schedule of a run: which goroutine continues after each operation, which ready case a select takes, and when
 * timers fire. Made by `schedule()` or `scheduleOf(token)`. Under the same schedule the same program runs the same way
 * each time. Prints as `scheduleOf("s1-…")`.
 *
 * @example
 * ```ts
 * const plain = scheduleOf('s1-')
 * const answer = await plain.run(function* () {
 *   yield* sleep(3_600_000)
 *   return 42
 * })
 * console.log(answer) // 42
 * ```
 */
export interface RunSchedule {
  /**
   * Runs the program from start to end in virtual time, and resolves to its result. Rejects with a ScheduleError where
   * the program fails, crashes, deadlocks, leaves a goroutine behind, or does not end. The rules of `explore` for
   * programs hold here too. One run at a time.
   */
  run<T>(program: Body<[Trial], T>): Promise<T>
  /**
   * Runs the program within the call, for `fc.property`. For programs of generators and plain functions: throws
   * TypeError where an async function takes part, since that continues by promises. Throws the ScheduleError.
   */
  runSync<T>(program: Body<[Trial], T>): T
  /**
   * The choices of the first run that failed, or else of the last run, for `replay(token, program)` of
   * `millrace/testing` and for `scheduleOf(token)`. Null for a drawn schedule that has not run yet: the number of its
   * choices is not known.
   */
  readonly token: string | null
}

export class PickedSchedule implements RunSchedule {
  private _choices: readonly number[] | null = null
  private _hasFailed = false

  constructor(
    readonly picks: Picks,
    readonly options: ReplayOptions,
  ) {}

  async run<T>(program: Body<[Trial], T>): Promise<T> {
    const where = 'schedule.run(program)'
    const runner = this._open(where, program)
    try {
      const outcome = await runner.run(program, follow(this.picks), null)
      if (this._isWell(outcome)) return outcome.value as T // the result of the program
      const trace = new Trace()
      throw failure(where, await runner.run(program, follow(picksOf(outcome.choices)), trace), trace)
    } finally {
      runner.close()
      await letHostIn()
    }
  }

  runSync<T>(program: Body<[Trial], T>): T {
    const where = 'schedule.runSync(program)'
    const runner = this._open(where, program)
    try {
      const outcome = withoutAsync(where, runner.runSync(program, follow(this.picks), null))
      if (this._isWell(outcome)) return outcome.value as T // the result of the program
      const trace = new Trace()
      throw failure(where, withoutAsync(where, runner.runSync(program, follow(picksOf(outcome.choices)), trace)), trace)
    } finally {
      runner.close()
    }
  }

  get token(): string | null {
    if (this._choices !== null) return toToken(picksOf(this._choices).switches)
    const { switches, tail } = this.picks
    return tail === null && switches.every(({ pick }) => isExact(pick)) ? toToken(switches) : null
  }

  toString(): string {
    const { token } = this
    return token === null ? 'a schedule that has not run yet' : `scheduleOf(${JSON.stringify(token)})`
  }

  [toStringMethod](): string {
    return this.toString()
  }

  private _open(where: string, program: unknown): ScheduledRunner {
    checkFunction(where, program)
    const runner = new ScheduledRunner(this.options.steps ?? MOST_STEPS, this.options)
    runner.open(where)
    return runner
  }

  private _isWell({ finding, choices }: Outcome): boolean {
    if (!this._hasFailed) this._choices = choices
    this._hasFailed ||= finding !== null
    return finding === null
  }
}

function withoutAsync(where: string, outcome: Outcome | null): Outcome {
  if (outcome === null) throw new TypeError(`${where}: an async function takes part, which continues by promises; use run`)
  return outcome
}

function failure(where: string, { finding, choices }: Outcome, trace: Trace): Error {
  if (finding === null) return notDeterministic(where)
  return new ScheduleError(finding, toToken(picksOf(choices).switches), trace.events, 1, 0, trace.toString())
}

/** The runs of a property follow each other by promises alone, which gives the host no turn. */
async function letHostIn(): Promise<void> {
  if (hostTime() - sliceBegan < SLICE) return
  await new Promise<void>(hostTurn)
  sliceBegan = hostTime()
}

/**
 * The schedule of a token, from a ScheduleError or a counterexample: runs a program under that schedule again. Also for
 * the `examples` of `fc.assert`, which fast-check tries first. The options are those of `schedule`. Throws TypeError
 * for a malformed token.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 *
 * const holds = fc.asyncProperty(schedule(), (s) => s.run(worker))
 * await fc.assert(holds, { examples: [[scheduleOf('s1-0-3')]] })
 * ```
 */
export function scheduleOf(token: string, options: ReplayOptions = {}): RunSchedule {
  if (typeof token !== 'string') throw mistyped('scheduleOf(token)', 'a token', token)
  checkRunOptions('scheduleOf', options)
  return new PickedSchedule({ switches: fromToken(token), tail: null }, options)
}

export function checkRunOptions(call: string, options: ReplayOptions): void {
  checkRun(`${call}(`, options)
}
