/**
 * Runs of a program under schedules: the run queue is taken over, time is virtual, and each choice is a strategy's.
 *
 *     ready + the next timer ──choose──▶ one step, up to the next operation ──▶ ready …
 *
 * A run ends when nobody is ready and no timer is set (or none that anybody waits for), or at the step bound. A program of generators runs without a turn of
 * the event loop; where async functions take part, the run waits for their microtasks before it goes on.
 *
 * Always true: what was under way outside is not touched, and of what the program leaves behind nothing goes on.
 */
import { setProbe, type Body, type Observed, type Op, type Probe } from '../../runtime/index.js'
import { hostTurn, Ledger, Names, queue, spawn, Spawned, takeFailedUnjoined, time, Timers, type Runnable } from '../../runtime/internal.js'
import { Candidates } from './ready-list.js'
import { judge, plain, type Crash, type Finding } from './findings.js'
import { Isolation } from './isolation.js'
import { Quiescence } from '../bubble/quiescence.js'
import { EPOCH, ScheduleClock } from '../bubble/schedule-clock.js'
import type { ChoiceKind, Strategy } from './strategies.js'
import { nameOf, Trace } from './trace.js'
import { Unperformed } from './unperformed.js'
import { Unwaited } from './unwaited.js'

/** What a program under exploration may ask for. */
export interface Trial {
  /** A decision of the program's own that the schedule makes: a number from 0 up to, but not including, `n`. */
  choose(n: number): number
  /** ms of virtual time since the run began. */
  now(): number
}

export type Program = Body<[Trial], unknown>

export interface Outcome {
  readonly finding: Finding | null
  /** What the program returned, where all went well. */
  readonly value: unknown
  readonly choices: readonly number[]
  readonly steps: number
}

/** Which slips are looked for. */
interface Looks {
  readonly unperformed?: boolean
  readonly ownedLocks?: boolean
  readonly waitGroups?: boolean
}

/** So many timers in a row for which nobody waits, and it will go on like that: a ticker beside a deadlock. */
const MOST_IDLE = 100

/** Turns of the event loop in a row that brought nothing, after which async functions have come to rest. */
const QUIET_TURNS = 2

/** Where programs are run, one after the other; `open` takes the run queue over, and `close` gives it back. */
export class Rig implements Trial {
  /** The one that is open. */
  static current: Rig | null = null

  private readonly _clock = new ScheduleClock()
  private readonly _isolation = new Isolation(
    (n) => this._choose(n, 'select', null),
    (error, by) => this._crashes.push({ error, by }),
  )
  private readonly _unperformed: Unperformed | null
  private readonly _unwaited: Unwaited | null
  private readonly _seesStrangers: boolean
  private readonly _candidates = new Candidates()
  private readonly _choose = (options: number, kind: ChoiceKind, candidates: readonly object[] | null): number => {
    const chosen = (this._strategy as Strategy).choose(options, kind, candidates) // a run is under way
    this._choices.push(chosen)
    return chosen
  }
  private readonly _add = (runnable: Runnable): void => this._candidates.add(runnable)

  // Of the run under way.
  private _strategy: Strategy | null = null
  private _quiescence = new Quiescence('quiescence')
  private _ledger: Ledger | null = null
  private _trace: Trace | null = null
  private _choices: number[] = []
  private _goroutines: Spawned[] = []
  private _crashes: Crash[] = []
  private _steps = 0
  /** Timers that fired in a row, and nobody became ready. */
  private _idle = 0

  constructor(
    private readonly _maxSteps: number,
    { unperformed = true, ownedLocks = false, waitGroups = false }: Looks,
  ) {
    this._unperformed = unperformed ? new Unperformed() : null
    this._seesStrangers = ownedLocks
    this._unwaited = waitGroups ? new Unwaited((did, group) => this._trace?.say(`${did} ${this._trace.names.of(group)}`)) : null
  }

  choose(n: number): number {
    return n < 2 ? 0 : this._choose(n, 'choose', null)
  }

  now(): number {
    return this._clock.time - EPOCH
  }

  /** Ready when no other goroutine of the run can go on; with that it is no deadlock. */
  quiescence(): Op<void> {
    return this._quiescence
  }

  open(what = 'explore(program)'): void {
    this._isolation.open(what)
    Rig.current = this
    this._unperformed?.watch()
    this._unwaited?.watch()
  }

  close(): void {
    this._unwaited?.unwatch()
    this._unperformed?.unwatch()
    Rig.current = null
    this._isolation.close()
  }

  /** A turn for everything else that is under way, if it is time; asked between runs. */
  get isOverdue(): boolean {
    return this._isolation.isOverdue
  }

  letHostIn(): Promise<void> {
    return this._isolation.letHostIn()
  }

  /** The program from start to end; a promise only where async functions take part. */
  run(program: Program, strategy: Strategy, trace: Trace | null): Outcome | Promise<Outcome> {
    const main = this._start(program, strategy, trace)
    return this._hasAsync ? this._finish(main) : this._outcome(main)
  }

  /** The same within this call; null where async functions take part, which are left to themselves. */
  runAtOnce(program: Program, strategy: Strategy, trace: Trace | null): Outcome | null {
    const main = this._start(program, strategy, trace)
    return this._hasAsync ? null : this._outcome(main)
  }

  private _start(program: Program, strategy: Strategy, trace: Trace | null): Spawned {
    this._begin(strategy, trace)
    const main = spawn(program, [this], owner)
    this._spin()
    return main
  }

  private _begin(strategy: Strategy, trace: Trace | null): void {
    while (queue.take() !== undefined); // what was ready at the step bound of the run before
    queue.nextId = 1
    queue.live = 0
    this._strategy = strategy
    this._quiescence = new Quiescence('quiescence')
    this._trace = trace
    this._ledger = trace ?? (this._seesStrangers ? new Ledger(() => this.now(), false) : null)
    this._choices = []
    this._goroutines = []
    this._crashes = []
    this._steps = 0
    this._idle = 0
    this._candidates.reset()
    this._unperformed?.reset()
    this._unwaited?.reset()
    setProbe(this._ledger === null ? this._bareProbe : this._withRun(this._ledger))
    this._clock.reset()
    time.timers = new Timers(this._clock)
  }

  private async _finish(main: Spawned): Promise<Outcome> {
    for (let quiet = 0; quiet < QUIET_TURNS && this._steps < this._maxSteps && this._hasAsync;) {
      queue.operations.left = 0
      await new Promise<void>(hostTurn)
      const steps = this._steps
      this._spin()
      quiet = this._steps > steps ? 0 : quiet + 1
      if (quiet === QUIET_TURNS && this._quiescence.reached()) quiet = 0
    }
    return this._outcome(main)
  }

  private get _hasAsync(): boolean {
    return this._goroutines.some((one) => one.isAsync)
  }

  private _outcome(main: Spawned): Outcome {
    for (const failed of takeFailedUnjoined()) this._crashes.push({ error: failed.raw, by: failed })
    const finding =
      judge({
        main,
        goroutines: this._goroutines,
        crashes: this._crashes,
        isOut: this._steps >= this._maxSteps,
        ledger: this._ledger,
        now: this.now(),
      }) ?? this._slip()
    return { finding, value: finding === null ? main.outcome : undefined, choices: this._choices, steps: this._steps }
  }

  /** All went well, but something is not as it was meant. */
  private _slip(): Finding | null {
    const stranger = this._seesStrangers ? this._ledger?.stranger : null
    if (typeof stranger === 'string') return plain('stranger', `a lock was unlocked by one who does not hold it: ${stranger}`)
    // One who is stopped may not have come to what it made, or to its wait.
    if (this._goroutines.some((one) => one.wasCanceled)) return null
    const unperformed = this._unperformed?.first() ?? null
    if (unperformed !== null) return plain('unperformed', `an operation was made and never performed: ${unperformed}; use yield* or await`)
    const unwaited = this._unwaited?.first(this._ledger?.names ?? new Names()) ?? null
    return unwaited === null ? null : plain('unwaited', `a wait group was added to after the last wait on it: ${unwaited}`)
  }

  /** Until nobody is ready, and no timer is set. */
  private _spin(): void {
    const candidates = this._candidates
    while (this._steps < this._maxSteps) {
      this._isolation.takeReady(this._goroutines, this._add)
      const hasTimer = this._clock.at !== Infinity
      if (candidates.size === 0 && (!hasTimer || queue.live === 0 || this._idle > MOST_IDLE)) {
        if (this._hasAsync || !this._quiescence.reached()) return
        continue
      }
      const next = candidates.next(hasTimer, this._choose)
      this._steps++
      if (next === null) this._fireTimer()
      else this._step(next)
      this._idle = candidates.size === 0 && queue.size === 0 ? this._idle + 1 : 0
    }
  }

  private _step(runnable: Runnable): void {
    queue.operations.left = 0 // all give way after their first operation, or item
    this._trace?.turnOf(runnable instanceof Spawned ? nameOf(runnable) : runnable.constructor.name)
    try {
      runnable.run()
    } catch (error) {
      this._crashes.push({ error, by: null })
    }
  }

  private _fireTimer(): void {
    this._trace?.turnOf('time')
    this._clock.fire()
    this._trace?.say(`is ${round(this.now())} ms`)
    queue.take()?.run() // the timers that are due; the queue was empty
  }

  private readonly _spawned = (one: Observed): void => void this._goroutines.push(one as Spawned) // what the kernel shows of its own
  private readonly _made = (operation: object): void => this._unperformed?.made(operation)
  private readonly _bareProbe: Probe = { spawn: this._spawned, make: this._made }

  /** The ledger, and what the run keeps of its own. */
  private _withRun(ledger: Ledger): Probe {
    const enter = ledger.spawn.bind(ledger)
    const spawn = (one: Observed): void => {
      this._spawned(one)
      enter(one)
    }
    return Object.assign(ledger, { spawn, make: this._made })
  }
}

/** Timers are kept in ms since 1970: what is less than a µs is not the program's. */
function round(ms: number): number {
  return Number(ms.toFixed(3))
}

/** The program's failure is the run's. */
const owner = { ended: () => true }
