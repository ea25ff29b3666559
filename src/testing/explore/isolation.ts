/**
 * Takes over the run queue, the clock, the random numbers and the crash hook for an exploration.
 *
 * Always true: goroutines and timers from outside the exploration neither run nor get lost. They continue during
 * `letHostIn` and after `close`.
 */
import { onCrash, onLateFailure, type Observed } from '../../runtime/index.js'
import {
  hostTime,
  hostTurn,
  keepFailuresApart,
  queue,
  Random,
  Spawned,
  time,
  type Alarm,
  type Runnable,
  type TakenOver,
} from '../../runtime/internal.js'
import { enter } from '../bubble/exclusive.js'

/** ms of runs between two turns of the host. */
const SLICE = 20

/** Random numbers that the schedule decides. */
class ScheduledRandom extends Random {
  constructor(private readonly _choose: (n: number) => number) {
    super(1)
  }
  override below(n: number): number {
    return n < 2 ? 0 : this._choose(n)
  }
  /** Always the same order: a number drawn must mean the same in each run. */
  override takeOrder(n: number): number[] {
    return Array.from({ length: n }, (_, i) => i)
  }
  override giveBackOrder(): void {}
}

export class Isolation {
  private readonly _random: Random
  private _leave: (() => void) | null = null
  private _giveBack: (() => void) | null = null
  private _deadline = 0
  private _taken: TakenOver | null = null

  constructor(
    choose: (n: number) => number,
    private readonly _crashed: (error: unknown, by: Observed) => void,
  ) {
    this._random = new ScheduledRandom(choose)
  }

  /** `call` names the public call, for the error of a second call meanwhile. */
  open(call: string): void {
    this._leave = enter(call)
    this._takeOver()
  }

  close(): void {
    this._giveBack?.()
    this._leave?.()
  }

  /** Whether the host should get a turn, between two runs. */
  get isOverdue(): boolean {
    return hostTime() >= this._deadline
  }

  /** Gives a turn to the host, and so to the goroutines and timers from outside. */
  async letHostIn(): Promise<void> {
    this._giveBack?.()
    await new Promise<void>(hostTurn)
    this._takeOver()
  }

  /** Takes the runnables that became ready since the last call; those from outside go back to their own queue. */
  takeReady(goroutines: readonly Spawned[], take: (runnable: Runnable) => void): void {
    for (let next = queue.take(); next !== undefined; next = queue.take()) {
      if (isOf(goroutines, next)) take(next)
      else this._taken?.passOn(next)
    }
  }

  private _takeOver(): void {
    this._deadline = hostTime() + SLICE
    const timers = time.timers
    const taken = (this._taken = queue.takeOver(this._random))
    const offCrash = onCrash(this._crashed)
    const offLate = onLateFailure(() => undefined) // no finding; a program that counts them sets a hook of its own
    keepFailuresApart(true)
    this._giveBack = () => {
      this._giveBack = null
      time.timers = timers
      keepFailuresApart(false)
      offCrash()
      offLate()
      taken.release()
    }
  }
}

/** Ids count from 1 in each run, so the id of a goroutine of the run is its place in the list. */
function isOf(goroutines: readonly Spawned[], runnable: Runnable): boolean {
  if (runnable instanceof Spawned) return goroutines[runnable.id - 1] === runnable
  const { timers } = runnable as Partial<Alarm> // of all runnables only an Alarm has `timers`
  return timers === undefined || timers === time.timers
}
