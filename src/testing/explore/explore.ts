import { checkCount, checkFunction, mistyped, outOfRange } from '../../runtime/internal.js'
import type { Finding } from './findings.js'
import { shrink } from './shrink.js'
import { exhaustive, firstIn, fromToken, pct, randomWalk, replaying, toToken, type Choices, type Strategy } from './strategies.js'
import { Trace, type Event } from './trace.js'
import { Rig, type Outcome, type Program } from './scheduled-run.js'

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
  /** Whether an operation that a goroutine makes and nobody performs (`jobs.send(1)` alone) is a finding; default true. */
  readonly unperformed?: boolean
  /**
   * Whether to unlock what another holds is a finding; default false, for Go allows it. To see it, a ledger is kept of each run, which is slower.
   */
  readonly ownedLocks?: boolean
  /**
   * Whether it is a finding that a wait group is added to, from zero, after the last wait on it has returned, so that nobody waits for that work; default
   * false, for a program may mean it.
   */
  readonly waitGroups?: boolean
}

/** What a replay has to be told of the exploration. */
export type ReplayOptions = Pick<ExploreOptions, 'steps' | 'unperformed' | 'ownedLocks' | 'waitGroups'>

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
 * The program is a goroutine function (or async, which is slower), makes all that it uses, and must be the same each time; it is given the run, whose
 * `choose(n)` is a choice too.
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
  const { schedules = 1000, seed = 1, steps = MOST_STEPS } = options
  checkCount('explore(program, { schedules })', 1, schedules)
  checkCount('explore(program, { steps })', 1, steps)
  checkSeed(seed)
  const strategy = strategyOf(options, seed)
  const rig = new Rig(steps, options)
  rig.open()
  try {
    for (let n = 1; n <= schedules; n++) {
      if (!strategy.begin()) return { schedules: n - 1, isComplete: true }
      const run = rig.run(program, strategy, null)
      const outcome = run instanceof Promise ? await run : run
      if (outcome.finding !== null) throw await failure(rig, program, outcome, n, seed)
      if (rig.isOverdue) await rig.letHostIn()
    }
    return { schedules, isComplete: !strategy.begin() }
  } finally {
    rig.close()
  }
}

const MOST_STEPS = 10_000

/**
 * Runs the program under the schedule that a ScheduleError named. Rejects with the same error again, or resolves when the program no longer goes wrong.
 */
export async function replay(token: string, program: Program, options: ReplayOptions = {}): Promise<void> {
  if (typeof token !== 'string') throw mistyped('replay(token, program)', 'a token', token)
  checkFunction('replay(token, program)', program)
  const { steps = MOST_STEPS } = options
  checkCount('replay(token, program, { steps })', 1, steps)
  const choices = fromToken(token)
  const rig = new Rig(steps, options)
  rig.open()
  try {
    const { error } = await show(rig, program, choices, 1, 0)
    if (error !== null) throw error
  } finally {
    rig.close()
  }
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

function checkSeed(seed: number): void {
  if (typeof seed !== 'number') throw mistyped('explore(program, { seed })', 'a whole number', seed)
  if (!Number.isSafeInteger(seed)) throw outOfRange('explore(program, { seed })', 'a whole number', seed)
}

async function failure(rig: Rig, program: Program, found: Outcome, schedules: number, seed: number): Promise<ScheduleError> {
  const { finding } = await rig.run(program, replaying(found.choices), new Trace())
  if (finding === null) throw notTheSame()
  const shrunk = await shrink(found.choices, async (choices) => {
    if (rig.isOverdue) await rig.letHostIn()
    return (await rig.run(program, replaying(choices), new Trace())).finding?.kind === finding.kind
  })
  const { error } = await show(rig, program, shrunk, schedules, seed)
  if (error === null) throw notTheSame()
  return error
}

async function show(
  rig: Rig,
  program: Program,
  choices: Choices,
  schedules: number,
  seed: number,
): Promise<{ error: ScheduleError | null }> {
  const trace = new Trace()
  const { finding } = await rig.run(program, replaying(choices), trace)
  if (finding === null) return { error: null }
  return { error: new ScheduleError(finding, toToken(choices), trace.events, schedules, seed, trace.toString()) }
}

function notTheSame(): Error {
  return new Error('explore(program): the program is not the same each time: run again under the schedule that failed, it does not')
}
