/**
 * A bubble: real code under a clock of its own, which moves when everything in it is durably blocked. Go's
 * `testing/synctest`.
 *
 *     run the ready goroutines ──none──▶ a goroutine waits for quiet? ──yes──▶ resume it
 *             ▲                                │ no
 *             └────── the next timer ◀─────────┤
 *                                              └─ no timer: the root is blocked (deadlock), has left goroutines
 *                                                 behind (leak), or all have ended
 *
 * Goroutines, operators and async functions over operations run in a bubble. No global is patched, so `setTimeout` and
 * I/O are outside.
 *
 * Always true: code outside keeps the system's clock, its timers and its turn; `insiders.ts` tells the two apart.
 */
import type { Body, Observed, Op } from '../../runtime/index.js'
import {
  checkFunction,
  checkRecord,
  checkWhole,
  dumpOf,
  dumpText,
  hostTurn,
  Random,
  replaceProbe,
  spawn,
  swapProbe,
  Tracker,
  Timers,
  type Dump,
  type Spawned,
} from '../../runtime/internal.js'
import { StuckDemands } from '../../operators/internal.js'
import { Injector, type FaultBudget, type Faults } from '../faults/index.js'
import { checkRace, RaceEngine, type RaceLevel } from '../race/index.js'
import { enter } from './exclusive.js'
import { Insiders } from './insiders.js'
import { Quiescence } from './quiescence.js'
import { ScheduleClock } from './schedule-clock.js'

/** The bubble, in the view of its root function. */
export interface Bubble {
  /** Waits until every other goroutine of the bubble has ended or is blocked. */
  wait(): Op<void>
  /** ms of virtual time since the bubble began. */
  now(): number
  /** Faults that the seed of the bubble chooses, within the budget; see `Trial.faults`. Their errors go where others go. */
  faults(most: FaultBudget): Faults
}

/** Options of `bubble`. */
export interface BubbleOptions {
  /** Chooses the faults of the bubble (`faults`): the same seed chooses the same. Default 1. */
  readonly seed?: number
  /** Whether races are looked for, and by which rules; see `explore`. Default false. */
  readonly race?: boolean | RaceLevel
}

/** The root of a bubble is blocked forever, or left goroutines behind. */
export class BubbleError extends Error {
  override readonly name = 'BubbleError'
  constructor(
    message: string,
    /** The goroutines alive, and which of them waits for which. */
    readonly dump: Dump,
  ) {
    super(message)
  }
}

/** Of the decisions about a fault, one in this many chooses the fault. */
const FAULT_ODDS = 8

/**
 * Turns of the event loop in a row without a ready goroutine, after which all count as blocked. Async functions need a
 * few microtasks.
 */
const QUIET_TURNS = 3

/**
 * Timers in a row that made no goroutine ready, after which the bubble counts as idle forever: a ticker beside a
 * deadlock.
 */
const MOST_IDLE = 1_000

/**
 * Timers after the end of the root, after which the goroutines left behind count as endless, such as a goroutine that
 * polls by a timer.
 */
const MOST_AFTER_ROOT = 1_000

/**
 * Runs `fn` in a bubble and resolves to its result, once all its goroutines have ended. Virtual time starts with the
 * year 2000 and moves when every goroutine is durably blocked, so a test that sleeps an hour takes no time. Code
 * outside keeps the system's clock.
 *
 * Rejects with the error that `fn` throws; and with BubbleError "deadlock: all goroutines in bubble are blocked" where
 * nothing can continue, and where goroutines are left behind, blocked or polling. The error names each goroutine, its
 * operation and its wait in ms.
 *
 * With `race` a race of cells (`shared`) and watched objects (`watch`) rejects with its RaceError, at the end of the
 * bubble, whatever the outcome of `fn`.
 *
 * A bubble runs alone: a second bubble throws an Error. Source: Go's `synctest.Test`.
 *
 * @example
 * ```ts
 * await bubble(function* ({ now }) {
 *   yield* sleep(3_600_000)
 *   console.log(now()) // 3600000
 * })
 * ```
 */
export async function bubble<R>(fn: Body<[Bubble], R>, options: BubbleOptions = {}): Promise<R> {
  checkFunction('bubble(fn)', fn)
  checkRecord('bubble(fn, options)', 'a record of options', options, ['race', 'seed'])
  const { race = false, seed = 1 } = options
  checkWhole('bubble(fn, { seed })', seed)
  checkRace('bubble(fn, { race })', race)
  const inside = new Inside(race === false ? null : new RaceEngine(race === true ? 'order' : race), seed)
  const leave = enter('bubble(fn)', () => inside.state())
  try {
    return await inside.run(fn)
  } finally {
    leave()
  }
}

/** Tracks the goroutines inside, and counts their wakes. */
class InsideTracker extends Tracker {
  wakes = 0

  constructor(
    now: () => number,
    private readonly _insiders: Insiders,
    /** An operation is performed. */
    readonly perform: () => void,
  ) {
    super(now, true)
  }
  override spawn(goroutine: Observed): void {
    if (this._insiders.take(goroutine)) super.spawn(goroutine)
  }
  override wake(goroutine: Observed): void {
    super.wake(goroutine)
    if (this._insiders.has(goroutine)) this.wakes++
  }
}

class Inside implements Bubble {
  private readonly _injector: Injector

  constructor(
    private readonly _race: RaceEngine | null,
    seed: number,
  ) {
    const random = new Random(seed)
    this._injector = new Injector({ chooses: (_, left) => left > 0 && random.below(FAULT_ODDS) === 0, tells: () => {} })
  }

  private readonly _clock = new ScheduleClock()
  private readonly _insiders = new Insiders(new Timers(this._clock))
  private readonly _tracker = new InsideTracker(
    () => this.now(),
    this._insiders,
    () => this._injector.performs(),
  )
  private readonly _quiet = new Quiescence('synctest.Wait')
  private readonly _demands = new StuckDemands()
  private _idle = 0
  /** Timers since the root has ended. */
  private _afterRoot = 0
  private _wakes = 0

  readonly wait = (): Op<void> => this._quiet
  readonly now = (): number => this._clock.time
  readonly faults = (most: FaultBudget): Faults => this._injector.faults('faults(', most)

  /** The virtual time, and a line for each goroutine. */
  state(): string {
    return `at ${this.now()} ms of virtual time\n${dumpText(dumpOf(this._tracker))}`
  }

  async run<R>(fn: Body<[Bubble], R>): Promise<R> {
    const probe = swapProbe(this._tracker)
    this._insiders.open()
    this._demands.watch()
    const closeRace = this._race?.open()
    try {
      const root = this._insiders.call(() => spawn(fn, [this], { ended: () => true }))
      await this._live(root)
      const race = this._race?.firstRace() ?? null
      if (race !== null) throw race
      if (root.failure !== null) throw root.failure.error
      return root.outcome as R // the root has ended, so `outcome` is its result
    } finally {
      closeRace?.()
      this._demands.end()
      this._insiders.close()
      replaceProbe(this._tracker, probe)
    }
  }

  private async _live(root: Spawned): Promise<void> {
    for (;;) {
      await this._settle()
      this._demands.check()
      if (root.failure !== null || (root.hasEnded && this._tracker.size === 0)) return
      if (this._quiet.reached()) continue
      const isLeftPolling = root.hasEnded && ++this._afterRoot > MOST_AFTER_ROOT
      if (this._clock.at === Infinity || isLeftPolling || this._isIdleForGood()) throw this._stuck(root)
      this._clock.fire()
    }
  }

  /** Called at each timer. The wakes of async functions are not visible. */
  private _isIdleForGood(): boolean {
    const { wakes } = this._tracker
    const isIdle = wakes === this._wakes && !this._tracker.live().some((one) => one.isAsync)
    this._wakes = wakes
    this._idle = isIdle ? this._idle + 1 : 0
    return this._idle > MOST_IDLE
  }

  private _stuck(root: Spawned): BubbleError {
    const what = root.hasEnded ? 'the root has ended, but blocked goroutines remain' : 'all goroutines in bubble are blocked'
    const dump = dumpOf(this._tracker)
    return new BubbleError(`deadlock: ${what}\n${dumpText(dump)}`, dump)
  }

  private async _settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS;) {
      await new Promise<void>(hostTurn)
      quiet = this._insiders.ready === 0 ? quiet + 1 : 0
    }
  }
}
