/**
 * Runs of a program under schedules: the run queue is taken over, time is virtual, and each choice is a strategy's.
 *
 *     ready + the next timer ──choose──▶ one step, up to the next operation ──▶ ready …
 *
 * A run ends when nobody is ready and no timer is set (or none that anybody waits for), or at the step bound. A program of generators runs without a turn of the event loop; where
 * async functions take part, the run waits for their microtasks before it goes on.
 *
 * Always true: what was under way outside is not touched, and of what the program leaves behind nothing goes on.
 */
import { onCrash, setProbe, type Body, type Observed, type Probe } from '../runtime/index.js'
import {
  hostTurn,
  keepFailuresApart,
  queue,
  Random,
  spawn,
  Spawned,
  takeFailedUnjoined,
  time,
  Timers,
  type Alarm,
  type Runnable,
  type TakenOver,
} from '../runtime/kernel.js'
import { enter } from './exclusive.js'
import { judge, type Finding } from './finding.js'
import { EPOCH, ScheduleClock } from './schedule-clock.js'
import { theTime, type ChoiceKind, type Strategy } from './strategy.js'
import { nameOf, type Trace } from './trace.js'
import { Unperformed } from './unperformed.js'

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
  readonly choices: readonly number[]
  readonly steps: number
}

export interface Crash {
  readonly error: unknown
  readonly by: Observed | null
}

/** Chance as the schedule decides it. */
class ScheduledRandom extends Random {
  constructor(private readonly _choose: (n: number) => number) {
    super(1)
  }
  override below(n: number): number {
    return n < 2 ? 0 : this._choose(n)
  }
  /** Always from the same start: what a number drawn stands for must not depend on the runs before. */
  override takeOrder(n: number): number[] {
    return Array.from({ length: n }, (_, i) => i)
  }
  override giveBackOrder(): void {}
}

/** Steps in a row of one that does not wait, while others are ready: then they come first. */
const PATIENCE = 200

/** So many timers in a row for which nobody waits, and it will go on like that: a ticker beside a deadlock. */
export const MOST_IDLE = 100

/** ms of runs before the host gets a turn. */
const SLICE = 20

/** Steps that a timer waits while somebody is ready: one who polls for what comes by time alone would wait for ever. */
const TIME_WAITS = 500

/** Turns of the event loop in a row that brought nothing, after which async functions have come to rest. */
const QUIET_TURNS = 2

/** Where programs are run, one after the other; `open` takes the run queue over, and `close` gives it back. */
export class Rig implements Trial {
  private readonly _clock = new ScheduleClock()
  private readonly _random = new ScheduledRandom((n) => this._choose(n, 'select', null))
  private readonly _keepRun: Probe = {
    spawn: (one) => void this._goroutines.push(one as Spawned), // what the kernel shows of its own
    make: (operation) => this._unperformed?.made(operation),
  }
  private readonly _unperformed: Unperformed | null
  private _leave: (() => void) | null = null
  private _giveBack: (() => void) | null = null
  private _deadline = 0
  private _taken: TakenOver | null = null

  // Of the run under way.
  private _strategy: Strategy | null = null
  private _trace: Trace | null = null
  private _choices: number[] = []
  private readonly _ready: Runnable[] = []
  private _goroutines: Spawned[] = []
  private _crashes: Crash[] = []
  private _steps = 0
  private _last: Runnable | null = null
  private _inARow = 0
  /** Timers that fired in a row, and nobody became ready. */
  private _idle = 0
  private _sinceTime = 0

  constructor(
    private readonly _maxSteps: number,
    seesUnperformed: boolean,
  ) {
    this._unperformed = seesUnperformed ? new Unperformed() : null
  }

  choose(n: number): number {
    return n < 2 ? 0 : this._choose(n, 'choose', null)
  }

  now(): number {
    return this._clock.time - EPOCH
  }

  open(): void {
    this._leave = enter('explore(program)')
    this._unperformed?.watch()
    this._takeOver()
  }

  close(): void {
    this._giveBack?.()
    this._unperformed?.unwatch()
    this._leave?.()
  }

  /** It is time for a turn of the host; asked between runs. */
  get isOverdue(): boolean {
    return performance.now() >= this._deadline
  }

  /** Everything else that is under way, too. */
  async letHostIn(): Promise<void> {
    this._giveBack?.()
    await new Promise<void>(hostTurn)
    this._takeOver()
  }

  private _takeOver(): void {
    this._deadline = performance.now() + SLICE
    const timers = time.timers
    const taken = (this._taken = queue.takeOver(this._random))
    const offCrash = onCrash((error, by) => this._crashes.push({ error, by }))
    keepFailuresApart(true)
    this._giveBack = () => {
      this._giveBack = null
      time.timers = timers
      keepFailuresApart(false)
      offCrash()
      taken.release()
    }
  }

  /** The program from start to end; a promise only where async functions take part. */
  run(program: Program, strategy: Strategy, trace: Trace | null): Outcome | Promise<Outcome> {
    this._begin(strategy, trace)
    const main = spawn(program, [this], owner)
    this._spin()
    return this._hasAsync ? this._finish(main) : this._outcome(main)
  }

  private _begin(strategy: Strategy, trace: Trace | null): void {
    while (queue.take() !== undefined); // what was ready at the step bound of the run before
    queue.nextId = 1
    queue.live = 0
    this._strategy = strategy
    this._trace = trace
    this._choices = []
    this._goroutines = []
    this._crashes = []
    this._ready.length = 0
    this._steps = 0
    this._last = null
    this._inARow = 0
    this._idle = 0
    this._sinceTime = 0
    this._unperformed?.reset()
    setProbe(trace === null ? this._keepRun : this._tracing(trace))
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
    }
    return this._outcome(main)
  }

  private get _hasAsync(): boolean {
    return this._goroutines.some((one) => one.isAsync)
  }

  private _outcome(main: Spawned): Outcome {
    for (const failed of takeFailedUnjoined()) this._crashes.push({ error: failed.raw, by: failed })
    const finding = judge({
      main,
      goroutines: this._goroutines,
      crashes: this._crashes,
      isOut: this._steps >= this._maxSteps,
      ledger: this._trace,
      now: this.now(),
    })
    return { finding: finding ?? this._unperformedFinding(), choices: this._choices, steps: this._steps }
  }

  /** Where all went its way to the end: one who is stopped before may not have come to it. */
  private _unperformedFinding(): Finding | null {
    const what = this._unperformed?.first() ?? null
    if (what === null || this._goroutines.some((one) => one.wasCanceled)) return null
    return { kind: 'unperformed', waiting: [], dump: null, message: `an operation was made and never performed: ${what}; use yield* or await` }
  }

  /** Until nobody is ready, and no timer is set. */
  private _spin(): void {
    const ready = this._ready
    while (this._steps < this._maxSteps) {
      for (let next = queue.take(); next !== undefined; next = queue.take()) {
        if (this._isOurs(next)) ready.push(next)
        else this._taken?.passOn(next)
      }
      this._order()
      const hasTimer = this._clock.at !== Infinity
      const options = ready.length + (hasTimer ? 1 : 0)
      if (options === 0 || (ready.length === 0 && (queue.live === 0 || this._idle > MOST_IDLE))) return
      const chosen = options === 1 ? 0 : this._chooseNext(options, hasTimer)
      this._steps++
      if (chosen === ready.length) this._fireTimer()
      else this._step(this._takeReady(chosen))
      this._idle = ready.length === 0 && queue.size === 0 ? this._idle + 1 : 0
    }
  }

  /** What is not known to come from outside. */
  private _isOurs(runnable: Runnable): boolean {
    if (runnable instanceof Spawned) return this._goroutines[runnable.id - 1] === runnable
    const { timers } = runnable as Partial<Alarm> // or it has none
    return timers === undefined || timers === time.timers
  }

  /** Of those that are ready and, where one is set, the next timer: it comes last, but first when it has been kept waiting for long. */
  private _chooseNext(options: number, hasTimer: boolean): number {
    const ready = this._ready
    const kind = ready[0] === this._last ? 'switch' : 'next'
    if (!hasTimer) return this._choose(options, kind, ready)
    if (++this._sinceTime > TIME_WAITS) {
      const chosen = this._choose(options, 'next', [theTime, ...ready])
      return chosen === 0 ? ready.length : chosen - 1
    }
    ready.push(theTime)
    const chosen = this._choose(options, kind, ready)
    ready.pop()
    return chosen
  }

  private _takeReady(index: number): Runnable {
    const ready = this._ready
    const chosen = ready[index] as Runnable // a choice among those there are
    for (let i = index + 1; i < ready.length; i++) ready[i - 1] = ready[i] as Runnable
    ready.pop()
    return chosen
  }

  /** The one that ran last comes first, so that option 0 lets it go on; but not one that gives way, or never waits. */
  private _order(): void {
    const ready = this._ready
    const end = ready.length - 1
    const last = ready[end]
    if (end < 1 || last !== this._last) {
      this._inARow = 0
      return
    }
    if (++this._inARow > PATIENCE || (last instanceof Spawned && last.isGivingWay)) return
    for (let i = end; i > 0; i--) ready[i] = ready[i - 1] as Runnable
    ready[0] = last as Runnable // it was at the end
  }

  private _step(runnable: Runnable): void {
    this._last = runnable
    // A goroutine gives way after its first operation. A source looks before each: it is to get one item out in a step, or it never would.
    queue.operations.left = runnable instanceof Spawned ? 0 : 2
    this._trace?.turnOf(runnable instanceof Spawned ? nameOf(runnable) : runnable.constructor.name)
    try {
      runnable.run()
    } catch (error) {
      this._crashes.push({ error, by: null })
    }
  }

  private _fireTimer(): void {
    this._sinceTime = 0
    this._trace?.turnOf('time')
    this._clock.fire()
    this._trace?.say(`is ${round(this.now())} ms`)
    queue.take()?.run() // the timers that are due; the queue was empty
  }

  private _choose(options: number, kind: ChoiceKind, candidates: readonly object[] | null): number {
    const chosen = (this._strategy as Strategy).choose(options, kind, candidates) // a run is under way
    this._choices.push(chosen)
    return chosen
  }

  private _tracing(trace: Trace): Trace {
    const spawned = trace.spawn.bind(trace)
    trace.spawn = (goroutine) => {
      this._goroutines.push(goroutine as Spawned) // as above
      spawned(goroutine)
    }
    Object.assign(trace, { make: this._keepRun.make })
    return trace
  }
}

/** Timers are kept in ms since 1970: what is less than a hundredth of a µs is not the program's. */
function round(ms: number): number {
  return Number(ms.toFixed(3))
}

/** The program's failure is the run's. */
const owner = { ended: () => true }
