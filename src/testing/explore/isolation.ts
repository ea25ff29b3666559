/** The run queue, the clock, chance and crashes in the hands of an exploration; what was under way outside is not touched. */
import { onCrash, type Observed } from '../../runtime/index.js'
import {
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

/** ms of runs before the host gets a turn. */
const SLICE = 20

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

  /** `what` is the call that opens it, as it is told to one who comes meanwhile. */
  open(what: string): void {
    this._leave = enter(what)
    this._takeOver()
  }

  close(): void {
    this._giveBack?.()
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

  /** Who became ready since the last call; what is known to be from outside is passed on. */
  takeReady(goroutines: readonly Spawned[], take: (runnable: Runnable) => void): void {
    for (let next = queue.take(); next !== undefined; next = queue.take()) {
      if (isOf(goroutines, next)) take(next)
      else this._taken?.passOn(next)
    }
  }

  private _takeOver(): void {
    this._deadline = performance.now() + SLICE
    const timers = time.timers
    const taken = (this._taken = queue.takeOver(this._random))
    const offCrash = onCrash(this._crashed)
    keepFailuresApart(true)
    this._giveBack = () => {
      this._giveBack = null
      time.timers = timers
      keepFailuresApart(false)
      offCrash()
      taken.release()
    }
  }
}

/** Ids are given in order from 1, so a goroutine of the run has its place. */
function isOf(goroutines: readonly Spawned[], runnable: Runnable): boolean {
  if (runnable instanceof Spawned) return goroutines[runnable.id - 1] === runnable
  const { timers } = runnable as Partial<Alarm> // or it has none
  return timers === undefined || timers === time.timers
}
