/**
 * A bubble: real code under a clock of its own, which moves when everything in it is durably blocked. Go's `testing/synctest`.
 *
 *     run what is ready ──nobody is──▶ somebody waits for quiet? ──yes──▶ let it go on
 *             ▲                              │ no
 *             └────── the next timer ◀───────┤
 *                                            └─ no timer: the root is blocked (deadlock), or has ended and left goroutines behind (leak), or all is over
 *
 * Works for goroutines, operators and async functions over operations; it patches no globals, so `setTimeout` and I/O are outside of it.
 */
import { setProbe, type Body, type Observed, type Op } from '../../runtime/index.js'
import {
  checkFunction,
  dumpOf,
  dumpText,
  hostTurn,
  queue,
  spawn,
  Tracker,
  time,
  Timers,
  type Dump,
  type Spawned,
} from '../../runtime/internal.js'
import { enter } from './exclusive.js'
import { Quiescence } from './quiescence.js'
import { EPOCH, ScheduleClock } from './schedule-clock.js'

/** What the root of a bubble is given. */
export interface Bubble {
  /** Waits until every other goroutine of the bubble has ended or is blocked. */
  wait(): Op<void>
  /** ms of virtual time since the bubble began. */
  now(): number
}

/** A bubble went wrong: its root is blocked for ever, or left goroutines behind. */
export class BubbleError extends Error {
  override readonly name = 'BubbleError'
  constructor(
    message: string,
    /** Who was there, and who waits for whom. */
    readonly dump: Dump,
  ) {
    super(message)
  }
}

/** Turns of the event loop in a row without anybody ready, after which all is blocked: async functions take a microtask or two. */
const QUIET_TURNS = 3

/** So many timers in a row that made nobody ready, and it will go on like that: a ticker beside a deadlock. */
const MOST_IDLE = 1_000

/**
 * Runs `fn` in a bubble and resolves to its result, once all its goroutines have ended. Time begins with the year 2000 and moves when everything is
 * durably blocked, so a test that sleeps an hour takes none. Rejects with what `fn` throws; with BubbleError "deadlock: all goroutines in bubble are
 * blocked" where nothing can go on, and where goroutines are left behind, naming each, what it waits on, and for how long.
 *
 * One at a time: a second bubble is an error. Source: Go's `synctest.Test`.
 *
 * @example
 * ```ts
 * await bubble(function* ({ now }) {
 *   yield* sleep(3_600_000)
 *   console.log(now()) // 3600000
 * })
 * ```
 */
export async function bubble<R>(fn: Body<[Bubble], R>): Promise<R> {
  checkFunction('bubble(fn)', fn)
  const leave = enter('bubble(fn)')
  try {
    return await new Inside().run(fn)
  } finally {
    leave()
  }
}

/** Counts how often somebody became ready. */
class Stirs extends Tracker {
  stirs = 0
  override wake(goroutine: Observed): void {
    super.wake(goroutine)
    this.stirs++
  }
}

class Inside implements Bubble {
  private readonly _clock = new ScheduleClock()
  private readonly _tracker = new Stirs(() => this.now(), true)
  private readonly _quiet = new Quiescence('synctest.Wait')
  private _idle = 0
  private _stirs = 0

  readonly wait = (): Op<void> => this._quiet
  readonly now = (): number => this._clock.time - EPOCH

  async run<R>(fn: Body<[Bubble], R>): Promise<R> {
    const timers = time.timers
    const probe = setProbe(this._tracker)
    time.timers = new Timers(this._clock)
    try {
      const root = spawn(fn, [this], { ended: () => true })
      await this._live(root)
      if (root.failure !== null) throw root.failure.error
      return root.outcome as R // it has ended
    } finally {
      time.timers = timers
      setProbe(probe)
    }
  }

  private async _live(root: Spawned): Promise<void> {
    for (;;) {
      await this._settle()
      if (root.failure !== null || (root.hasEnded && this._tracker.size === 0)) return
      if (this._quiet.reached()) continue
      if (this._clock.at === Infinity || this._isIdleForGood()) throw this._stuck(root)
      else this._clock.fire()
    }
  }

  /** Asked at each timer. Of async functions it is not seen when they go on. */
  private _isIdleForGood(): boolean {
    const { stirs } = this._tracker
    const isIdle = stirs === this._stirs && !this._tracker.live().some((one) => one.isAsync)
    this._stirs = stirs
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
      quiet = queue.size === 0 ? quiet + 1 : 0
    }
  }
}
