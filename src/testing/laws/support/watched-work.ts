/** The work that a law gives to an operator: a manner of work for each run, with counters. */
import { gosched, sleep, type Context, type Op } from '../../../runtime/index.js'
import { fromOp, type Work } from '../../../operators/index.js'
import type { Trial } from '../../explore/trial.js'
import { AsyncCompanion } from './at-rest.js'
import { Gate } from './gate.js'

/** The work that a law gives to `make` of an operator: returns its item, now or later. */
export type LawWork = (item: number, ctx: Context) => Work<number>

/** The manners of work. A run uses the same manner for all of its items. */
const manners = ['goroutine', 'operation', 'value', 'observable', 'promise'] as const
type Manner = (typeof manners)[number]

/** The share of runs of each manner, in percent. Promises are few: their runs wait for turns of the event loop. */
const shares = [45, 20, 15, 15, 5]

/** The end of the work on an item. */
export type Fate = 'ends' | 'never ends' | 'throws'

/** The work on an item, while it runs. */
export interface RunningWork {
  readonly item: number
  readonly ctx: Context
  /** Waits that ended since the subscriber left. */
  waitsSince: number
}

export class WatchedWork {
  /** Items whose work has started. */
  started = 0
  /** Items whose work has started while its context had not ended. */
  startedInTime = 0
  readonly running = new Set<RunningWork>()
  /** Errors thrown, in order. */
  readonly thrown: Error[] = []
  private readonly _manner: Manner
  private readonly _endless = new Gate('work without end')
  private _companion: AsyncCompanion | null = null

  constructor(
    private readonly _trial: Trial,
    private readonly _fateOf: (item: number) => Fate = () => 'ends',
    manner?: Manner,
  ) {
    this._manner = manner ?? this._chooseManner()
  }

  private _chooseManner(): Manner {
    let drawn = this._trial.choose(100)
    const at = shares.findIndex((share) => (drawn -= share) < 0)
    return manners[at]
  }

  begin(): void {
    this._companion = new AsyncCompanion(this._manner === 'promise')
  }

  end(): void {
    this._companion?.end()
  }

  /** Goroutines that belong to the law, not to the operator. */
  get goroutines(): number {
    return this._companion?.goroutines ?? 0
  }

  /** Whether work starts in the turn of its call; a goroutine starts in a later turn. */
  get beginsAtOnce(): boolean {
    return this._manner !== 'goroutine'
  }

  /** Waiters of endless work, not withdrawn. */
  get parked(): number {
    return this._endless.parked
  }

  get work(): LawWork {
    switch (this._manner) {
      case 'goroutine':
        return this._goroutine()
      case 'promise':
        return this._promise()
      case 'operation':
        return (item, ctx) => this._operation(this._enter(item, ctx))
      case 'observable':
        return (item, ctx) => {
          const running = this._enter(item, ctx)
          return fromOp(() => this._operation(running))
        }
      case 'value':
        return (item, ctx) => {
          const running = this._enter(item, ctx)
          // A value cannot be endless, so an operation stands in.
          return this._fateOf(item) === 'never ends' ? this._endless.map(() => this._leave(running)) : this._leave(running)
        }
    }
  }

  private _goroutine(): LawWork {
    const watched = this
    return function* work(item, ctx) {
      const running = watched._enter(item, ctx)
      try {
        yield* watched._wait(item)
        running.waitsSince++
        if (watched._trial.choose(2) === 1) {
          yield* gosched()
          running.waitsSince++
        }
        return watched._outcome(running)
      } finally {
        watched.running.delete(running)
      }
    }
  }

  private _promise(): LawWork {
    const watched = this
    return async function work(item, ctx) {
      const running = watched._enter(item, ctx)
      try {
        await watched._wait(item).within(ctx)
        return watched._outcome(running)
      } finally {
        watched.running.delete(running)
      }
    }
  }

  private _operation(running: RunningWork): Op<number> {
    return this._wait(running.item).map(() => this._leave(running))
  }

  private _enter(item: number, ctx: Context): RunningWork {
    const running: RunningWork = { item, ctx, waitsSince: 0 }
    this.started++
    if (ctx.err()._tag === 'None') this.startedInTime++
    this.running.add(running)
    return running
  }

  private _leave(running: RunningWork): number {
    this.running.delete(running)
    return this._outcome(running)
  }

  private _wait(item: number): Op<void> {
    if (this._fateOf(item) === 'never ends') return this._endless
    return this._trial.choose(2) === 0 ? gosched() : sleep(1 + this._trial.choose(3))
  }

  /** Work whose context has ended does not throw. */
  private _outcome({ item, ctx }: RunningWork): number {
    if (this._fateOf(item) !== 'throws' || ctx.err()._tag === 'Some') return item
    const error = new Error(`the work on item ${item} failed`)
    this.thrown.push(error)
    throw error
  }
}
