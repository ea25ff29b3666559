/** A schedule as a value of fast-check: a program is run under it, and it prints as what replays it. */
import { toStringMethod } from 'fast-check'
import type { Body } from '../../runtime/index.js'
import { checkFunction, hostTurn, mistyped } from '../../runtime/internal.js'
import { ScheduleError, type ReplayOptions } from '../explore/explore.js'
import { fromToken, replaying, toToken } from '../explore/strategies.js'
import { Trace } from '../explore/trace.js'
import { Rig, type Outcome, type Trial } from '../explore/scheduled-run.js'
import { checkCounts, checkFlags, checkOptions } from './options.js'
import { following, isExact, picksOf, type Picks } from './picks.js'

/** Steps of one run, as of `explore`. */
const MOST_STEPS = 10_000

/** ms of runs before the host gets a turn. */
const SLICE = 20

let sliceBegan = 0

/**
 * A schedule of a run: which goroutine goes on after each operation, which ready case a select takes, and when timers fire. Made by `schedule()`, or by
 * `scheduleOf(token)`. Under the same one the same program runs the same way each time; it prints as `scheduleOf("s1-…")`.
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
   * Runs the program from start to end in virtual time, and resolves to what it returns. Rejects with a ScheduleError where it fails, crashes, deadlocks,
   * leaves a goroutine behind, or does not end; see `explore`, whose rules for programs hold here too. One run at a time.
   */
  run<T>(program: Body<[Trial], T>): Promise<T>
  /**
   * The same within the call, for `fc.property`: for programs of generators and plain functions. Throws the ScheduleError; and TypeError where an async
   * function takes part, for that goes on by promises.
   */
  runSync<T>(program: Body<[Trial], T>): T
  /**
   * The choices of the first run that failed, or else of the last, for `replay(token, program)` of `millrace/testing` and for `scheduleOf(token)`. Null where
   * it was drawn and not run yet, for then nobody knows how many there will be.
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
    const rig = this._rigFor(where, program)
    try {
      const outcome = await rig.run(program, following(this.picks), null)
      if (this._isWell(outcome)) return outcome.value as T // what the program returned
      const trace = new Trace()
      throw failure(where, await rig.run(program, replaying(outcome.choices), trace), trace)
    } finally {
      rig.close()
      await letHostIn()
    }
  }

  runSync<T>(program: Body<[Trial], T>): T {
    const where = 'schedule.runSync(program)'
    const rig = this._rigFor(where, program)
    try {
      const outcome = atOnce(where, rig.runAtOnce(program, following(this.picks), null))
      if (this._isWell(outcome)) return outcome.value as T // what the program returned
      const trace = new Trace()
      throw failure(where, atOnce(where, rig.runAtOnce(program, replaying(outcome.choices), trace)), trace)
    } finally {
      rig.close()
    }
  }

  get token(): string | null {
    if (this._choices !== null) return toToken(this._choices)
    const { switches, tail } = this.picks
    if (tail !== null || !switches.every(({ pick }) => isExact(pick))) return null
    return toToken(switches.flatMap(({ after, pick }) => [...new Array<number>(after).fill(0), pick]))
  }

  toString(): string {
    const { token } = this
    return token === null ? 'a schedule that was not run' : `scheduleOf(${JSON.stringify(token)})`
  }

  [toStringMethod](): string {
    return this.toString()
  }

  private _rigFor(where: string, program: unknown): Rig {
    checkFunction(where, program)
    const rig = new Rig(this.options.steps ?? MOST_STEPS, this.options)
    rig.open(where)
    return rig
  }

  private _isWell({ finding, choices }: Outcome): boolean {
    if (!this._hasFailed) this._choices = choices
    this._hasFailed ||= finding !== null
    return finding === null
  }
}

function atOnce(where: string, outcome: Outcome | null): Outcome {
  if (outcome === null) throw new TypeError(`${where}: an async function takes part, which goes on by promises; use run`)
  return outcome
}

function failure(where: string, { finding, choices }: Outcome, trace: Trace): Error {
  if (finding === null)
    return new Error(`${where}: the program is not the same each time: run again under the schedule that failed, it does not`)
  return new ScheduleError(finding, toToken(choices), trace.events, 1, 0, trace.toString())
}

/** Properties are run one after the other, by promises alone. */
async function letHostIn(): Promise<void> {
  if (performance.now() - sliceBegan < SLICE) return
  await new Promise<void>(hostTurn)
  sliceBegan = performance.now()
}

/**
 * The schedule of a token that a ScheduleError or a counterexample has named: to run a program under it again, and for the `examples` of `fc.assert`, which are
 * tried first. Options as of `schedule`. Throws TypeError where it is no token.
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
  checkRun('scheduleOf', options)
  return new PickedSchedule(picksOf(fromToken(token)), options)
}

export function checkRun(call: string, options: ReplayOptions): void {
  checkOptions(`${call}(options)`, options)
  const { steps = MOST_STEPS, unperformed, ownedLocks, waitGroups } = options
  checkCounts(call, 1, { steps })
  checkFlags(call, { unperformed, ownedLocks, waitGroups })
}
