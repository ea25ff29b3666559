import { checkFunction, hostTime, mistyped } from '../../runtime/internal.js'
import type { MayCancel } from './cancels.js'
import { checkExploration, checkRun } from './check-options.js'
import { RaceError, type RaceLevel, type RaceOptions } from '../race/index.js'
import { unjudged, withConfirmation } from './confirm.js'
import { signatureOf, type Finding } from './findings.js'
import { follow, picksOf, type Picks } from './picks.js'
import { ScheduledRunner, type Outcome } from './scheduled-run.js'
import { shrink } from './shrink.js'
import { exhaustive } from './exhaustive.js'
import { reduced } from './reduced.js'
import { firstIn, mixed, pct, pos, randomWalk, type Strategy } from './strategies.js'
import { fromToken, toToken } from './token.js'
import { Trace, type Event } from './trace.js'
import type { Program } from './trial.js'

/** Options of `explore`. */
export interface ExploreOptions {
  /** The most schedules to try; default 1000. */
  readonly schedules?: number
  /**
   * How schedules are chosen; default `mixed`: `random`, `pct` and `pos` in turn. `random` is a random walk; `pct` finds
   * bugs that need few orderings (`depth`) with a known probability; `pos` samples orders of steps; `exhaustive` tries all
   * schedules with at most `preemptions` preemptions; `first-in` is the schedule without a switch.
   *
   * `reduced` tries one schedule for each order of dependent steps, without a bound. Steps depend on each other by channels,
   * locks, contexts, timers, and cells (`shared`, `watch`): it is for programs whose goroutines share nothing else, and takes
   * no `cancel`.
   */
  readonly strategy?: 'mixed' | 'random' | 'pct' | 'pos' | 'exhaustive' | 'reduced' | 'first-in'
  /** Of `mixed`, `random`, `pct` and `pos`: the same seed gives the same schedules. Default 1. */
  readonly seed?: number
  /** Of `pct` and `mixed`; default 3. */
  readonly depth?: number
  /** Of `exhaustive`; default 2. */
  readonly preemptions?: number
  /** Steps after which a run counts as endless (`step-limit`); default 10,000. */
  readonly steps?: number
  /**
   * Whether an operation that a goroutine makes and never performs (`jobs.send(1)` alone) is a finding (`unperformed`);
   * default true.
   */
  readonly unperformed?: boolean
  /**
   * Whether an unlock by a goroutine that does not hold the lock is a finding (`foreign-unlock`); default false, since
   * Go allows such an unlock. Slower: the holders of all locks are tracked.
   */
  readonly ownedLocks?: boolean
  /**
   * Whether an `add` to a wait group from zero, after the last wait on the group has returned, is a finding
   * (`late-add`): nobody waits for that work. Default false, since a program may intend that.
   */
  readonly waitGroups?: boolean
  /**
   * When a timer fires. `any-time`, the default: a schedule may fire it while goroutines are ready, as on a busy
   * machine. `when-idle`: only when no goroutine can continue, as in a bubble.
   */
  readonly timers?: 'any-time' | 'when-idle'
  /**
   * Whether a schedule may cancel a goroutine at any of its waits: one goroutine in each run, and never the program
   * itself. A function chooses the goroutines that may be canceled. An error that only repeats the cancel is no
   * finding. Default false.
   */
  readonly cancel?: MayCancel
  /**
   * Whether a race is a finding (`race`): accesses of cells (`shared`) and watched objects (`watch`) that nothing orders,
   * also in a schedule in which nothing goes wrong. True is the level `order`: stale writes everywhere, unordered accesses
   * and misuses of channels and wait groups between goroutines. `stale`: stale writes only. `all`: order for all code. `go`:
   * all that Go's detector would report. `{ level, confirm: true }` also runs the two accesses in the other order, and says
   * how the program ends then. Default false.
   */
  readonly race?: boolean | RaceLevel | RaceOptions
  /**
   * ms of real time, more than 0, after which no other schedule begins; then `isComplete` is false. One schedule runs in
   * any case. Default Infinity.
   */
  readonly time?: number
  /** Ends the exploration between two schedules: it rejects with the reason of the signal. */
  readonly signal?: AbortSignal
  /** `true` goes on after a run that fails, and resolves to all findings; see `HitOptions`. Default false. */
  readonly hits?: boolean
}

/** The options of an exploration that collects all findings. */
export interface HitOptions extends ExploreOptions {
  /** Goes on after a run that fails, and resolves to all findings. */
  readonly hits: true
}

/** The options of an exploration that its replay needs too. */
export type ReplayOptions = Pick<ExploreOptions, 'steps' | 'unperformed' | 'ownedLocks' | 'waitGroups' | 'timers' | 'cancel' | 'race'>

/** The result of an exploration. Without `hits: true` no run failed. */
export interface Exploration {
  /** Schedules tried. */
  readonly schedules: number
  /** Whether no other schedule is left (`exhaustive`, `reduced`, `first-in`). */
  readonly isComplete: boolean
}

/** A finding of an exploration with `hits: true`. */
export interface Hit {
  /** The first schedule with this finding, shrunk. */
  readonly error: ScheduleError
  /** The number of schedules with this finding. */
  readonly count: number
}

/** The result of an exploration with `hits: true`. */
export interface HitExploration extends Exploration {
  /** In the order of their first schedules; empty where no run failed. */
  readonly hits: readonly Hit[]
}

/**
 * A schedule under which the program fails, shrunk to few switches. `replay(token, program)` runs the program under
 * that schedule again.
 */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError'
  constructor(
    readonly finding: Finding,
    /** The schedule, for `replay`. */
    readonly token: string,
    /** The events of the run, in order. */
    readonly events: readonly Event[],
    /** The number of schedules tried until the failure. */
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
 * Runs a program under many schedules, in virtual time. Which goroutine continues after each operation, which case a
 * select looks at first, and when timers fire are choices of the schedule. Rejects with a ScheduleError at the first
 * run that fails, crashes, deadlocks, leaves a goroutine behind, does not end, or has a race (`race`).
 *
 * The program is a goroutine function (or an async function, which is slower). The program must create everything that
 * it uses, and be deterministic under a given schedule: an async function waits for operations, and for promises that
 * settle without the host. Its argument is the run, whose `choose(n)` is a choice too. Code outside keeps the system's
 * clock.
 *
 * One exploration at a time: the exploration owns the run queue meanwhile. Throws TypeError or RangeError for bad
 * options. Sources: CHESS (Musuvathi et al., 2008), PCT (Burckhardt et al., 2010).
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
export function explore(program: Program, options: HitOptions): Promise<HitExploration>
export function explore(program: Program, options?: ExploreOptions): Promise<Exploration>
export async function explore(program: Program, options: ExploreOptions = {}): Promise<Exploration | HitExploration> {
  checkFunction('explore(program)', program)
  checkExploration(options)
  const { schedules = 1000, seed = 1, steps = MOST_STEPS, time = Infinity, signal, hits = false } = options
  const confirms = typeof options.race === 'object' && options.race.confirm === true
  const strategy = strategyOf(options, seed)
  const runner = new ScheduledRunner(steps, options)
  const found = new Map<string, Found>()
  signal?.throwIfAborted()
  runner.open()
  try {
    await runner.letHostIn() // the code that called this goes on outside first
    const end = hostTime() + time
    let tried = 0
    let isComplete = false
    for (; tried < schedules && (tried === 0 || hostTime() < end); tried++) {
      signal?.throwIfAborted()
      const picker = strategy.next()
      if ((isComplete = picker === null)) break
      const run = runner.run(program, picker, null)
      const outcome = run instanceof Promise ? await run : run
      if (outcome.finding !== null) {
        const hit = hitOf(found, outcome, outcome.finding, { schedules: tried + 1, seed })
        if (!hits) throw await shrunkError(runner, program, hit, confirms)
        hit.count++
      }
      if (runner.isOverdue) await runner.letHostIn()
    }
    if (tried === schedules) isComplete = strategy.next() === null
    return hits ? { schedules: tried, isComplete, hits: await hitsOf(runner, program, found, confirms) } : { schedules: tried, isComplete }
  } finally {
    runner.close()
  }
}

/** The first run with a finding, and the number of runs with it. */
interface Found extends Search {
  readonly outcome: Outcome
  count: number
}

function hitOf(found: Map<string, Found>, outcome: Outcome, finding: Finding, search: Search): Found {
  const signature = signatureOf(finding)
  const known = found.get(signature)
  if (known !== undefined) return known
  const first = { ...search, outcome, count: 0 }
  found.set(signature, first)
  return first
}

async function hitsOf(runner: ScheduledRunner, program: Program, found: ReadonlyMap<string, Found>, confirms: boolean): Promise<Hit[]> {
  const hits: Hit[] = []
  for (const one of found.values()) hits.push({ error: await shrunkError(runner, program, one, confirms), count: one.count })
  return hits
}

const MOST_STEPS = 10_000

/** Steps of all runs that shrink a finding; a run without an end takes 10,000 of them. */
const MOST_SHRINK_STEPS = 1_000_000

/**
 * Runs the program under the schedule of a ScheduleError. Rejects with the same error again, or resolves when the
 * program no longer fails: decisions of the token that the program does not have any more are passed over. Throws
 * TypeError for a malformed token.
 *
 * @example
 * ```ts
 * await replay('s1-0-3', function* () {
 *   yield* sleep(5)
 * })
 * ```
 */
export async function replay(token: string, program: Program, options: ReplayOptions = {}): Promise<void> {
  if (typeof token !== 'string') throw mistyped('replay(token, program)', 'a token', token)
  checkFunction('replay(token, program)', program)
  checkRun('replay(token, program, ', options)
  const { steps = MOST_STEPS } = options
  const picks: Picks = { switches: fromToken(token), tail: null }
  const runner = new ScheduledRunner(steps, options)
  runner.open()
  try {
    await runner.letHostIn() // the code that called this goes on outside first
    const error = await tracedError(runner, program, picks, { schedules: 1, seed: 0 })
    if (error !== null) throw error
  } finally {
    runner.close()
  }
}

function strategyOf({ strategy = 'mixed', depth = 3, preemptions = 2, timers }: ExploreOptions, seed: number): Strategy {
  switch (strategy) {
    case 'mixed':
      return mixed(seed, depth)
    case 'pos':
      return pos(seed)
    case 'random':
      return randomWalk(seed)
    case 'pct':
      return pct(seed, depth)
    case 'exhaustive':
      return exhaustive(preemptions)
    case 'reduced':
      return reduced(timers === 'when-idle')
    case 'first-in':
      return firstIn()
  }
}

interface Search {
  readonly confirms?: boolean
  readonly schedules: number
  readonly seed: number
}

async function shrunkError(runner: ScheduledRunner, program: Program, found: Found, confirms: boolean): Promise<ScheduleError> {
  const first = picksOf(found.outcome.choices)
  const { finding } = await runner.run(program, follow(first), new Trace())
  if (finding === null) throw notDeterministic('explore(program)')
  const signature = signatureOf(finding)
  let steps = MOST_SHRINK_STEPS
  const shrunk = await shrink(first, async (picks) => {
    if (steps <= 0) return false
    if (runner.isOverdue) await runner.letHostIn()
    const simpler = await runner.run(program, follow(picks), new Trace())
    steps -= simpler.steps
    return simpler.finding !== null && signatureOf(simpler.finding) === signature
  })
  const error = await tracedError(runner, program, shrunk, { ...found, confirms })
  if (error === null) throw notDeterministic('explore(program)')
  return error
}

async function tracedError(runner: ScheduledRunner, program: Program, picks: Picks, search: Search): Promise<ScheduleError | null> {
  const trace = new Trace()
  const { finding: found, choices } = await runner.run(program, follow(picks), trace)
  if (found === null) return null
  const { error } = found
  const finding =
    search.confirms === true && error instanceof RaceError
      ? await withConfirmation(found, error, choices, unjudged(runner, program))
      : found
  return new ScheduleError(finding, toToken(picks.switches), trace.events, search.schedules, search.seed, trace.toString())
}

export function notDeterministic(where: string): Error {
  return new Error(`${where}: the program is not deterministic: replaying the failing schedule did not fail`)
}
