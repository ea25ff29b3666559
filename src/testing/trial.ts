/**
 * One run of a program under a schedule: the run queue is taken over, time is virtual, and each choice is a strategy's.
 *
 *     ready + the next timer ──choose──▶ one step, up to the next operation ──▶ ready …
 *
 * It ends when nobody is ready and no timer is set, or at the step bound. Programs of generators run without a turn of the event loop; where async
 * functions take part it waits for their microtasks before it judges.
 *
 * Always true: what was under way outside is not touched, and of what the program leaves behind nothing goes on.
 */
import { onCrash, setProbe, type Body, type Observed } from '../runtime/index.js'
import { queue, Random, spawn, Spawned, takeFailedUnjoined, time, Timers, type Runnable } from '../runtime/kernel.js'
import { EPOCH, ScheduleClock } from './schedule-clock.js'
import { judge, type Finding } from './finding.js'
import type { ChoiceKind, Strategy } from './strategy.js'
import { nameOf, type Trace } from './trace.js'

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

/** Chance as the schedule decides it. */
class ScheduledRandom extends Random {
  constructor(private readonly _choose: (n: number) => number) {
    super(1)
  }
  override below(n: number): number {
    return this._choose(n)
  }
}

/** Stands for the next timer among the candidates. */
const theTime = { name: 'time' }

/** Steps in a row of one that does not wait, while others are ready: then they come first. */
const PATIENCE = 200

export class Run implements Trial {
  private readonly _clock = new ScheduleClock()
  private readonly _choices: number[] = []
  private readonly _ready: Runnable[] = []
  private readonly _goroutines: Spawned[] = []
  private readonly _crashes: { readonly error: unknown; readonly by: Observed | null }[] = []
  private _steps = 0
  private _last: Runnable | null = null
  private _inARow = 0

  constructor(
    private readonly _strategy: Strategy,
    private readonly _maxSteps: number,
    private readonly _trace: Trace | null,
  ) {}

  choose(n: number): number {
    return n < 2 ? 0 : this._choose(n, 'choose', null)
  }

  now(): number {
    return this._clock.time - EPOCH
  }

  /** The program from start to end. */
  async perform(program: Program): Promise<Outcome> {
    const before = time.timers
    const release = queue.takeOver(new ScheduledRandom((n) => (n < 2 ? 0 : this._choose(n, 'select', null))))
    const offCrash = onCrash((error, by) => this._crashes.push({ error, by }))
    setProbe(this._trace === null ? { spawn: (one) => this._keep(one) } : this._tracing(this._trace))
    time.timers = new Timers(this._clock)
    try {
      const main = spawn(program, [this], { ended: () => true })
      this._spin()
      while (this._steps < this._maxSteps && this._goroutines.some((one) => one.isAsync)) if (!(await this._microtasks())) break
      for (const failed of takeFailedUnjoined()) this._crashes.push({ error: failed.raw, by: failed })
      const finding = judge({ main, goroutines: this._goroutines, crashes: this._crashes, isOut: this._steps >= this._maxSteps })
      return { finding, choices: this._choices, steps: this._steps }
    } finally {
      time.timers = before
      offCrash()
      release()
    }
  }

  /** Lets promises come; true if somebody became ready by it. */
  private async _microtasks(): Promise<boolean> {
    await new Promise<void>((resolve) => setTimeout(resolve, 0))
    const steps = this._steps
    this._spin()
    return this._steps > steps
  }

  /** Until nobody is ready, and no timer is set. */
  private _spin(): void {
    const ready = this._ready
    while (this._steps < this._maxSteps) {
      for (let next = queue.take(); next !== undefined; next = queue.take()) ready.push(next)
      this._order()
      const hasTimer = this._clock.at !== Infinity
      const options = ready.length + (hasTimer ? 1 : 0)
      if (options === 0) return
      const chosen =
        options === 1 ? 0 : this._choose(options, ready[0] === this._last ? 'switch' : 'next', hasTimer ? [...ready, theTime] : ready)
      this._steps++
      if (chosen === ready.length) this._fireTimer()
      else this._step(ready.splice(chosen, 1)[0])
    }
  }

  /** The one that ran last comes first, so that option 0 lets it go on; but not one that gives way, or never waits. */
  private _order(): void {
    const ready = this._ready
    const last = ready.length - 1
    if (last < 1 || ready[last] !== this._last) {
      this._inARow = 0
      return
    }
    if (++this._inARow > PATIENCE || (this._last instanceof Spawned && this._last.isGivingWay)) return
    ready.unshift(ready.pop() as Runnable) // there are two at least
  }

  private _step(runnable: Runnable): void {
    this._last = runnable
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
    this._trace?.say(`is ${this.now()} ms`)
  }

  private _choose(options: number, kind: ChoiceKind, candidates: readonly object[] | null): number {
    const chosen = this._strategy.choose(options, kind, candidates)
    this._choices.push(chosen)
    return chosen
  }

  private _keep(goroutine: Observed): void {
    this._goroutines.push(goroutine as Spawned) // what the kernel shows of its own
  }

  private _tracing(trace: Trace): Trace {
    const spawned = trace.spawn.bind(trace)
    trace.spawn = (goroutine) => {
      this._keep(goroutine)
      spawned(goroutine)
    }
    return trace
  }
}
