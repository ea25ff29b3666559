import { checkCount, checkFunction, mistyped } from '../runtime/kernel.js'
import type { Finding } from './finding.js'
import { exhaustive, firstIn, fromToken, pct, randomWalk, replaying, toToken, type Choices, type Strategy } from './strategy.js'
import { Trace, type Event } from './trace.js'
import { Run, type Outcome, type Program } from './trial.js'

export interface ExploreOptions {
  /** Schedules to try at most; default 1000. */
  readonly schedules?: number
  /**
   * How they are chosen; default `random`. `pct` finds bugs that need few orderings (`depth`) with a known probability; `exhaustive` tries all with at
   * most `preemptions`; `first-in` is the one without any switch.
   */
  readonly strategy?: 'random' | 'pct' | 'exhaustive' | 'first-in'
  /** Of `random` and `pct`: the same seed gives the same schedules. Default 1. */
  readonly seed?: number
  /** Of `pct`; default 3. */
  readonly depth?: number
  /** Of `exhaustive`; default 2. */
  readonly preemptions?: number
  /** Steps of one run after which it counts as one that does not end; default 10,000. */
  readonly steps?: number
}

export interface Exploration {
  /** Schedules that were run. */
  readonly schedules: number
  /** Whether there are no others (`exhaustive`, `first-in`). */
  readonly isComplete: boolean
}

/** A schedule under which the program goes wrong, shrunk to few switches. `replay(token, program)` runs it again. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError'
  constructor(
    readonly finding: Finding,
    /** The schedule. */
    readonly token: string,
    readonly events: readonly Event[],
    /** How many schedules it took to find it; and with which seed. */
    readonly schedules: number,
    readonly seed: number,
    trace: string,
  ) {
    super(
      `${finding.kind} under schedule ${schedules} (seed ${seed}): ${finding.message}\nreplay with: await replay(${JSON.stringify(token)}, program)\n${trace}`,
      { cause: finding.error },
    )
  }
}

/**
 * Runs a program under many schedules, in virtual time: which goroutine goes on after each operation, which case a select looks at first, and when
 * timers fire are choices. Rejects with a ScheduleError at the first run that fails, crashes, deadlocks, leaves a goroutine behind, or does not end.
 * The program is a goroutine function (or async, which is slower) and must be the same each time; it is given the run, whose `choose(n)` is a choice too.
 *
 * One exploration at a time: the run queue is its own meanwhile. Sources: CHESS (Musuvathi et al., 2008), PCT (Burckhardt et al., 2010).
 *
 * @example
 * ```ts
 * await explore(function* () {
 *   const ch = chan<number>()
 *   go(function* () { yield* ch.send(1) })
 *   yield* ch.receive()
 * })
 * ```
 */
export async function explore(program: Program, options: ExploreOptions = {}): Promise<Exploration> {
  checkFunction('explore(program)', program)
  const { schedules = 1000, seed = 1, steps = 10_000 } = options
  checkCount('explore(program, { schedules })', 1, schedules)
  checkCount('explore(program, { steps })', 1, steps)
  const strategy = strategyOf(options, seed)
  for (let n = 1; n <= schedules; n++) {
    if (!strategy.begin()) return { schedules: n - 1, isComplete: true }
    const outcome = await new Run(strategy, steps, null).perform(program)
    if (outcome.finding !== null) throw await failure(program, outcome, steps, n, seed)
  }
  return { schedules, isComplete: !strategy.begin() }
}

/**
 * Runs the program under the schedule that a ScheduleError named. Rejects with the same error again, or resolves when the program no longer goes wrong.
 */
export async function replay(token: string, program: Program, options: Pick<ExploreOptions, 'steps'> = {}): Promise<void> {
  checkFunction('replay(token, program)', program)
  if (typeof token !== 'string') throw mistyped('replay(token, program)', 'a token', token)
  const steps = options.steps ?? 10_000
  const outcome = await run(program, fromToken(token), steps, null)
  if (outcome.finding !== null) throw await report(program, outcome.choices, steps, 1, 0)
}

function strategyOf({ strategy = 'random', depth = 3, preemptions = 2 }: ExploreOptions, seed: number): Strategy {
  switch (strategy) {
    case 'random':
      return randomWalk(seed)
    case 'pct':
      checkCount('explore(program, { depth })', 1, depth)
      return pct(seed, depth)
    case 'exhaustive':
      checkCount('explore(program, { preemptions })', 0, preemptions)
      return exhaustive(preemptions)
    case 'first-in':
      return firstIn()
    default:
      throw mistyped('explore(program, { strategy })', '"random", "pct", "exhaustive" or "first-in"', strategy)
  }
}

function run(program: Program, choices: Choices, steps: number, trace: Trace | null): Promise<Outcome> {
  return new Run(replaying(choices), steps, trace).perform(program)
}

async function failure(program: Program, found: Outcome, steps: number, schedules: number, seed: number): Promise<ScheduleError> {
  return report(program, await shrink(program, found, steps), steps, schedules, seed)
}

async function report(program: Program, choices: Choices, steps: number, schedules: number, seed: number): Promise<ScheduleError> {
  const trace = new Trace()
  const { finding } = await run(program, choices, steps, trace)
  if (finding === null) throw new Error('the program is not the same each time: its schedule does not show the failure again')
  return new ScheduleError(finding, toToken(choices), trace.events, schedules, seed, trace.toString())
}

/** Runs that shrinking may take. */
const MOST_RUNS = 400

/** Fewer choices that are not 0, and the same kind of failure: longer and longer halves are set to 0 as long as it stays. */
async function shrink(program: Program, found: Outcome, steps: number): Promise<Choices> {
  let best: Choices = found.choices
  let runs = 0
  const stillFails = async (choices: Choices): Promise<boolean> => {
    if (++runs > MOST_RUNS) return false
    const { finding } = await run(program, choices, steps, null)
    return finding?.kind === found.finding?.kind
  }
  for (let size = best.length; size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < best.length; from += size) {
      const fewer = best.map((chosen, i) => (i >= from && i < from + size ? 0 : chosen))
      if (fewer.some((chosen, i) => chosen !== best[i]) && (await stillFails(fewer))) best = fewer
    }
  }
  const length = best.findLastIndex((chosen) => chosen !== 0) + 1
  return best.slice(0, length)
}
