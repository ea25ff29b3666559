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
import type { Body, Observed, Op, Probe } from '../../runtime/index.js'
import { checkCount, Names, queue, spawn, Spawned, takeCrashed, time, Timers, Tracker, type Runnable } from '../../runtime/internal.js'
import { StuckDemands } from '../../operators/internal.js'
import { Quiescence } from '../bubble/quiescence.js'
import { EPOCH, ScheduleClock } from '../bubble/schedule-clock.js'
import { asyncRest } from './async-rest.js'
import { Cancels, type MayCancel } from './cancels.js'
import { judge, misuseFinding, type Crash, type Finding } from './findings.js'
import { Isolation } from './isolation.js'
import { LateAdds, Unperformed } from './misuse.js'
import type { ChoiceKind, Choices, Picker } from './picker.js'
import { ReadyList } from './ready-list.js'
import { leaveAlone } from './strays.js'
import { nameOf, Trace } from './trace.js'

/** The run, in the view of the program under exploration. */
export interface Trial {
  /** A choice of the program that the schedule makes: a number from 0 up to, but not including, `n`. */
  choose(n: number): number
  /** ms of virtual time since the run began. */
  now(): number
}

/** A program to explore: a goroutine function that makes everything it uses. */
export type Program = Body<[Trial], unknown>

export interface Outcome {
  readonly finding: Finding | null
  /** The result of the program, where the run went well. */
  readonly value: unknown
  readonly choices: Choices
  readonly steps: number
}

/** The misuses that the runner looks for, and the choices that a schedule has. */
interface RunOptions {
  readonly unperformed?: boolean
  readonly ownedLocks?: boolean
  readonly waitGroups?: boolean
  readonly timers?: 'any-time' | 'when-idle'
  readonly cancel?: MayCancel
}

/**
 * Timers in a row that made no goroutine ready, after which the run counts as idle forever: a ticker beside a deadlock.
 */
const MOST_IDLE = 100

/** Runs programs in turn. `open` takes over the run queue, and `close` gives the queue back. */
export class ScheduledRunner implements Trial {
  /** The runner that is open. Its program asks for its quiescence. */
  static current: ScheduledRunner | null = null

  private readonly _clock = new ScheduleClock()
  private readonly _isolation = new Isolation(
    (n) => this._pick(n, 'select', null),
    (error, by) => this._crashes.push({ error, by }),
  )
  private readonly _unperformed: Unperformed | null
  private readonly _lateAdds: LateAdds | null
  private readonly _tracksLocks: boolean
  private readonly _firesWhenIdle: boolean
  private readonly _cancels: Cancels | null
  /** The probe methods of the misuses that the runner looks for. */
  private readonly _ownProbe: Probe
  private readonly _bareProbe: Probe
  private readonly _ready = new ReadyList()
  private readonly _demands = new StuckDemands()
  private readonly _pick = (options: number, kind: ChoiceKind, candidates: readonly object[] | null): number => {
    const chosen = (this._picker as Picker).pick(options, kind, candidates) // each run sets its picker before its first step
    this._choices.push(chosen)
    return chosen
  }
  private readonly _add = (runnable: Runnable): void => this._ready.add(runnable)

  // State of the current run.
  private _picker: Picker | null = null
  private _quiescence = new Quiescence('quiescence')
  private _tracker: Tracker | null = null
  private _trace: Trace | null = null
  private _choices: number[] = []
  private _goroutines: Spawned[] = []
  private _crashes: Crash[] = []
  private _steps = 0
  /** Timers fired in a row that made no goroutine ready. */
  private _idle = 0
  /** No async function continues without a step: all wait for operations. */
  private _asyncRests = false

  constructor(
    private readonly _stepLimit: number,
    { unperformed = true, ownedLocks = false, waitGroups = false, timers = 'any-time', cancel = false }: RunOptions,
  ) {
    this._firesWhenIdle = timers === 'when-idle'
    this._cancels = cancel === false ? null : new Cancels(cancel === true ? () => true : cancel)
    this._unperformed = unperformed ? new Unperformed() : null
    this._tracksLocks = ownedLocks
    this._lateAdds = waitGroups ? new LateAdds((did, group) => this._trace?.say(`${did} ${this._trace.names.of(group)}`)) : null
    this._ownProbe = { ...this._unperformedProbe(), ...this._lateAddProbe() }
    this._bareProbe = { spawn: this._spawned, ...this._ownProbe }
  }

  choose(n: number): number {
    checkCount('choose(n)', 0, n)
    return n < 2 ? 0 : this._pick(n, 'choose', null)
  }

  now(): number {
    return this._clock.time - EPOCH
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
    ScheduledRunner.current = this
  }

  close(): void {
    leaveAlone(this._goroutines)
    this._goroutines = []
    ScheduledRunner.current = null
    this._demands.end()
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
    const main = spawn(program, [this], owner)
    this._spin()
    return main
  }

  private _begin(picker: Picker, trace: Trace | null): void {
    leaveAlone(this._goroutines)
    while (queue.take() !== undefined); // left over from a run that reached the step limit
    queue.nextId = 1
    queue.live = 0
    this._picker = picker
    this._quiescence = new Quiescence('quiescence')
    this._trace = trace
    this._tracker = trace ?? (this._tracksLocks ? new Tracker(() => this.now(), false) : null)
    this._choices = []
    this._goroutines = []
    this._crashes = []
    this._steps = 0
    this._idle = 0
    this._asyncRests = false
    this._cancels?.reset()
    this._ready.reset()
    this._demands.forget()
    this._unperformed?.reset()
    this._lateAdds?.reset()
    queue.probe = this._tracker === null ? this._bareProbe : this._withRun(this._tracker)
    this._clock.reset()
    time.timers = new Timers(this._clock)
  }

  private async _finish(main: Spawned): Promise<Outcome> {
    while (this._steps < this._stepLimit && this._hasAsync) {
      this._asyncRests = await asyncRest()
      const steps = this._steps
      this._spin()
      if (this._steps === steps && this._asyncRests && !this._quiescence.reached()) break
    }
    return this._outcome(main)
  }

  private get _hasAsync(): boolean {
    return this._goroutines.some((one) => one.isAsync || waitsForPromise(one))
  }

  private _outcome(main: Spawned): Outcome {
    for (const failed of takeCrashed()) this._crashes.push({ error: failed.raw, by: failed })
    const { _choices: choices, _steps: steps } = this
    if (this._crashes.length === 0 && main.failure !== null && this._cancels?.isEcho(main.failure.error) === true)
      return { finding: null, value: undefined, choices, steps }
    const { _goroutines: goroutines, _crashes: crashes, _tracker: tracker } = this
    const finding = judge({ main, goroutines, crashes, isAtStepLimit: steps >= this._stepLimit, tracker }) ?? this._misuse()
    return { finding, value: finding === null ? main.outcome : undefined, choices, steps }
  }

  private _misuse(): Finding | null {
    const foreign = this._tracksLocks ? this._tracker?.foreignUnlock : null
    if (typeof foreign === 'string') return misuseFinding('foreign-unlock', `a goroutine unlocked a lock that it does not hold: ${foreign}`)
    // A canceled goroutine may not have reached the yield* of an operation, or its wait.
    if (this._goroutines.some((one) => one.wasCanceled)) return null
    const unperformed = this._unperformed?.first() ?? null
    if (unperformed !== null)
      return misuseFinding('unperformed', `an operation was made and never performed: ${unperformed}; use yield* or await`)
    const late = this._lateAdds?.first(this._tracker?.names ?? new Names()) ?? null
    return late === null ? null : misuseFinding('late-add', `a wait group was added to after the last wait on it: ${late}`)
  }

  /** Takes steps until no goroutine is ready and no timer may fire. */
  private _spin(): void {
    const ready = this._ready
    while (this._steps < this._stepLimit) {
      this._isolation.takeReady(this._goroutines, this._add)
      if (this._cancels?.offer(this._goroutines, this._pick, this._trace) === true) continue
      const hasTimer = this._clock.at !== Infinity && (ready.size === 0 ? this._mayFire : !this._firesWhenIdle)
      if (ready.size === 0 && !hasTimer) {
        if (this._hasAsync || !this._quiescence.reached()) return
        continue
      }
      const next = ready.next(hasTimer, this._pick)
      this._steps++
      if (next === null) this._fireTimer()
      else this._step(next)
      this._idle = ready.size === 0 && queue.size === 0 ? this._idle + 1 : 0
    }
  }

  /** Whether a timer fires when no goroutine is ready: async functions that are under way come first. */
  private get _mayFire(): boolean {
    return queue.live > 0 && this._idle <= MOST_IDLE && (this._asyncRests || !this._hasAsync)
  }

  private _step(runnable: Runnable): void {
    this._asyncRests = false
    queue.operations.left = 0 // a goroutine yields after its first operation or item
    this._trace?.turnOf(runnable instanceof Spawned ? nameOf(runnable) : runnable.constructor.name)
    try {
      runnable.run()
      this._demands.check()
    } catch (error) {
      this._crashes.push({ error, by: null })
    }
  }

  private _fireTimer(): void {
    this._asyncRests = false
    this._trace?.turnOf('time')
    this._clock.fire()
    this._trace?.say(`is ${rounded(this.now())} ms`)
    queue.take()?.run() // the due timers: the queue was empty before
  }

  private readonly _spawned = (one: Observed): void => void this._goroutines.push(one as Spawned) // the runtime reports Spawned only

  private _unperformedProbe(): Probe {
    const unperformed = this._unperformed
    if (unperformed === null) return {}
    return { make: (operation) => unperformed.make(operation), perform: (operation) => unperformed.perform(operation) }
  }

  private _lateAddProbe(): Probe {
    const lateAdds = this._lateAdds
    if (lateAdds === null) return {}
    return {
      add: (group) => lateAdds.add(group),
      lateAdd: (group) => lateAdds.lateAdd(group),
      wait: (group) => lateAdds.wait(group),
    }
  }

  /** The tracker as a probe, with the events that the run keeps. */
  private _withRun(tracker: Tracker): Probe {
    const enter = tracker.spawn.bind(tracker)
    const spawn = (one: Observed): void => {
      this._spawned(one)
      enter(one)
    }
    return Object.assign(tracker, { ...this._ownProbe, spawn })
  }
}

/** A promise settles by microtasks, as an async function continues. */
function waitsForPromise({ operation }: Spawned): boolean {
  return operation?.resources().some(({ kind }) => kind === 'promise') === true
}

/** Timers count in Unix time, whose digits end at a µs. */
function rounded(ms: number): number {
  return Number(ms.toFixed(3))
}

/** The failure of the program is a finding, not a crash. */
const owner = { ended: () => true }
