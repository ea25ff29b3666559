/**
 * Runs a program under a schedule: the runner owns the run queue, time is virtual, and a picker takes each decision.
 *
 *     ready goroutines + the next timer ──pick──▶ one step, up to the next operation ──▶ ready goroutines …
 *
 * A run ends when no goroutine is ready and no timer is set (or only timers that nobody waits for), or at the step
 * limit. A program of generators runs without a turn of the event loop; a program with async functions waits for their
 * microtasks between steps.
 *
 * Always true: goroutines and timers from outside are not touched, and no goroutine of a run continues after the run.
 */
import type { Observed, Op, Probe } from '../../runtime/index.js'
import { queue, spawn, Spawned, takeCrashed, time, Timers, Tracker, type Runnable } from '../../runtime/internal.js'
import { StuckDemands } from '../../operators/internal.js'
import { Quiescence } from '../bubble/quiescence.js'
import { ScheduleClock } from '../bubble/schedule-clock.js'
import { Injector, isFault } from '../faults/index.js'
import { asyncRest, waitsForPromise } from './async-rest.js'
import { Cancels } from './cancels.js'
import { judge, type Crash, type Finding } from './findings.js'
import { Isolation } from './isolation.js'
import { Misuses } from './misuses.js'
import type { ChoiceKind, Choices, Picker } from './picker.js'
import { Polling } from './polling.js'
import { Races } from './races.js'
import type { RunOptions } from './run-options.js'
import { ReadyList } from './ready-list.js'
import { Steps } from './steps.js'
import { leaveAlone } from './strays.js'
import { nameOf, Trace } from './trace.js'
import { RunTrial, type Program } from './trial.js'

export interface Outcome {
  readonly finding: Finding | null
  /** The result of the program, where the run went well. */
  readonly value: unknown
  readonly choices: Choices
  readonly steps: number
}

/**
 * Timers in a row that made no goroutine ready, after which the run counts as idle forever: a ticker beside a deadlock.
 */
const MOST_IDLE = 100

/** Runs programs in turn. `open` takes over the run queue, and `close` gives the queue back. */
export class ScheduledRunner {
  /** The runner that is open. Its program asks for its quiescence. */
  static current: ScheduledRunner | null = null

  private readonly _polling = new Polling()
  private readonly _clock = new ScheduleClock(this._polling.call)
  private readonly _isolation = new Isolation(
    (n) => this._pick(n, 'select', null),
    (error, by) => this._crashes.push({ error, by }),
  )
  private readonly _misuses: Misuses
  private readonly _firesWhenIdle: boolean
  private readonly _cancels: Cancels | null
  readonly races: Races
  /** The probe methods of the misuses that the runner looks for. */
  private readonly _ownProbe: Probe
  private readonly _ready = new ReadyList()
  private readonly _demands = new StuckDemands()
  private readonly _pick = (options: number, kind: ChoiceKind, candidates: readonly object[] | null): number => {
    const chosen = (this._picker as Picker).pick(options, kind, candidates) // each run sets its picker before its first step
    this._choices.push(chosen)
    return chosen
  }
  private readonly _injector = new Injector({
    chooses: (budget, left) => {
      this._polling.call()
      this._steps?.touch(budget, true)
      return left > 0 && this._pick(2, 'fault', null) === 1
    },
    tells: (did) => this._trace?.say(did),
  })
  private readonly _trial = new RunTrial(this._pick, this._clock, this._polling, this._injector)
  private readonly _add = (runnable: Runnable): void => {
    this._ready.add(runnable)
    this._steps?.readied(runnable)
  }

  // State of the current run.
  private _picker: Picker | null = null
  private _quiescence = new Quiescence('quiescence')
  private _tracker: Tracker | null = null
  private _trace: Trace | null = null
  private _choices: number[] = []
  private _goroutines: Spawned[] = []
  private _crashes: Crash[] = []
  private _stepCount = 0
  private _steps: Steps | null = null
  /** Another step was due at the step limit. */
  private _isAtLimit = false
  /** Timers fired in a row that made no goroutine ready. */
  private _idle = 0
  /** No async function continues without a step: all wait for operations. */
  private _asyncRests = false

  constructor(
    private readonly _stepLimit: number,
    { unperformed = true, ownedLocks = false, waitGroups = false, timers = 'any-time', cancel = false, race = false, strategy }: RunOptions,
  ) {
    this._firesWhenIdle = timers === 'when-idle'
    this._cancels = cancel === false ? null : new Cancels(cancel === true ? () => true : cancel)
    this.races = new Races(race, strategy === 'reduced')
    this._misuses = new Misuses({ unperformed, ownedLocks, waitGroups }, (did, thing) =>
      this._trace?.say(`${did} ${this._trace.names.of(thing)}`),
    )
    this._ownProbe = this._injector.watched(this._polling.watched(this._misuses.probe))
  }

  /**
   * An operation that is ready when no other goroutine of the run can continue. A run in which a goroutine waits for
   * quiescence has no deadlock.
   */
  quiescence(): Op<void> {
    return this._quiescence
  }

  open(call = 'explore(program)'): void {
    this._isolation.open(call)
    this._demands.watch()
    this.races.open()
    ScheduledRunner.current = this
  }

  close(): void {
    leaveAlone(this._goroutines)
    this._goroutines = []
    ScheduledRunner.current = null
    this._demands.end()
    this.races.close()
    this._isolation.close()
  }

  /** Whether the host should get a turn, between two runs. */
  get isOverdue(): boolean {
    return this._isolation.isOverdue
  }

  letHostIn(): Promise<void> {
    return this._isolation.letHostIn()
  }

  /** Runs the program from start to end. Returns a promise only where async functions take part. */
  run(program: Program, picker: Picker, trace: Trace | null): Outcome | Promise<Outcome> {
    const main = this._start(program, picker, trace)
    return this._hasAsync ? this._finish(main) : this._outcome(main)
  }

  /** Runs the program within this call. Returns null where async functions take part; they do not continue. */
  runSync(program: Program, picker: Picker, trace: Trace | null): Outcome | null {
    const main = this._start(program, picker, trace)
    return this._hasAsync ? null : this._outcome(main)
  }

  private _start(program: Program, picker: Picker, trace: Trace | null): Spawned {
    this._begin(picker, trace)
    const main = spawn(program, [this._trial], owner)
    this._spin()
    return main
  }

  private _begin(picker: Picker, trace: Trace | null): void {
    this._polling.reset()
    leaveAlone(this._goroutines)
    while (queue.take() !== undefined); // left over from a run that reached the step limit
    queue.nextId = 1
    queue.live = 0
    this._picker = picker
    this._quiescence = new Quiescence('quiescence')
    this._trace = trace
    this._tracker = trace ?? (this._misuses.tracksLocks ? new Tracker(() => this._clock.time, false) : null)
    this._choices = []
    this._goroutines = []
    this._crashes = []
    this._stepCount = 0
    this._steps = Steps.of(picker)
    this._isAtLimit = false
    this._idle = 0
    this._asyncRests = false
    this._cancels?.reset()
    this._injector.hasCrashed = false
    this._ready.reset()
    this._demands.forget()
    this._misuses.reset()
    this.races.begin(trace !== null, this._steps)
    const probe = this._steps?.probe(this._ownProbe) ?? this._ownProbe
    queue.probe = this._tracker === null ? { spawn: this._spawned, ...probe } : this._withRun(this._tracker, probe)
    this._clock.reset()
    time.timers = this._steps?.timers(this._clock) ?? new Timers(this._clock)
  }

  private async _finish(main: Spawned): Promise<Outcome> {
    while (!this._isAtLimit && this._hasAsync && this._steps?.isOver !== true) {
      this._asyncRests = await asyncRest()
      const steps = this._stepCount
      this._spin()
      if (this._stepCount === steps && this._asyncRests && !this._quiescence.reached()) break
    }
    return this._outcome(main)
  }

  private get _hasAsync(): boolean {
    return this._goroutines.some((one) => one.isAsync || waitsForPromise(one))
  }

  private _outcome(main: Spawned): Outcome {
    for (const failed of takeCrashed()) this._crashes.push({ error: failed.raw, by: failed })
    const { _choices: choices, _stepCount: steps, _polling: polling } = this
    this._steps?.ends()
    if (this._steps?.isOver === true) return { finding: null, value: undefined, choices, steps }
    this._crashes = this._crashes.filter(({ error }) => !isFault(error))
    if (this._crashes.length === 0 && main.failure !== null && this._isEcho(main.failure.error))
      return { finding: null, value: undefined, choices, steps }
    const { _goroutines: goroutines, _crashes: crashes, _tracker: tracker, _trace: trace, _isAtLimit: isAtStepLimit } = this
    const end = { main, goroutines, crashes, isAtStepLimit, polling: polling.loop, tracker, trace }
    const misuse = this._injector.hasCrashed ? null : this._misuses.finding(goroutines, tracker)
    const finding = this.races.judged(judge(end) ?? misuse)
    return { finding, value: finding === null ? main.outcome : undefined, choices, steps }
  }

  /** Whether an error only repeats a cancel or a fault of the schedule. */
  private _isEcho(error: unknown): boolean {
    return isFault(error) || this._cancels?.isEcho(error) === true
  }

  /** Takes steps until no goroutine is ready and no timer may fire. */
  private _spin(): void {
    const ready = this._ready
    while (!this._isAtLimit) {
      this._isolation.takeReady(this._goroutines, this._add)
      if (this._stepCount >= this._stepLimit && this._hasStep) return void (this._isAtLimit = true)
      if (this._cancels?.offer(this._goroutines, this._pick, this._trace) === true) continue
      const hasTimer = this._hasTimer
      if (ready.size === 0 && !hasTimer) {
        if (this._hasAsync || !this._quiescence.reached()) return
        continue
      }
      if (this._steps?.begins(ready.all, hasTimer) === false) return
      const next = ready.next(hasTimer, this._pick)
      this._steps?.takes(next)
      this._stepCount++
      if (next === null) this._fireTimer()
      else this._step(next)
      this._idle = ready.size === 0 && queue.size === 0 ? this._idle + 1 : 0
    }
  }

  private get _hasStep(): boolean {
    return this._ready.size > 0 || this._hasTimer
  }

  private get _hasTimer(): boolean {
    return this._clock.at !== Infinity && (this._ready.size === 0 ? this._mayFire : !this._firesWhenIdle)
  }

  /** Whether a timer fires when no goroutine is ready: async functions that are under way come first. */
  private get _mayFire(): boolean {
    return queue.live > 0 && this._idle <= MOST_IDLE && (this._asyncRests || !this._hasAsync)
  }

  private _step(runnable: Runnable): void {
    this._asyncRests = false
    this._polling.step(runnable)
    queue.operations.left = 0 // a goroutine yields after its first operation or item
    this._trace?.turnOf(runnable instanceof Spawned ? nameOf(runnable) : runnable.constructor.name)
    try {
      perform(runnable)
      this._demands.check()
    } catch (error) {
      this._crashes.push({ error, by: null })
    }
    this._polling.step(null)
  }

  private _fireTimer(): void {
    this._asyncRests = false
    this._trace?.turnOf('time')
    this._clock.fire()
    this._trace?.say(`is ${rounded(this._clock.time)} ms`)
    const alarm = queue.take() // the due timers: the queue was empty before
    if (alarm !== undefined) perform(alarm)
  }

  private readonly _spawned = (one: Observed): void => void this._goroutines.push(one as Spawned) // the runtime reports Spawned only

  /** The tracker as a probe, with the events that the run keeps. */
  private _withRun(tracker: Tracker, own: Probe): Probe {
    const enter = tracker.spawn.bind(tracker)
    const spawn = (one: Observed): void => {
      this._spawned(one)
      enter(one)
    }
    return Object.assign(tracker, { ...own, spawn })
  }
}

/** To the ns: sums of fractions have digits behind. */
function rounded(ms: number): number {
  return Number(ms.toFixed(6))
}

/** The failure of the program is a finding, not a crash. */
const owner = { ended: () => true }

/** Runs a runnable as a drain of the queue does. */
function perform(runnable: Runnable): void {
  queue.isDraining = true
  try {
    runnable.run()
  } finally {
    queue.isDraining = false
  }
}
