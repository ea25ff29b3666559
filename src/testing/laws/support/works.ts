/** The user functions that a law hands to an operator: in every manner that an operator may be given, and watched. */
import { gosched, sleep, type Context, type Op } from '../../../runtime/index.js'
import { fromOp, type Work } from '../../../operators/index.js'
import type { Trial } from '../../explore/scheduled-run.js'
import { Keeper } from './keeper.js'
import { Parking } from './parking.js'

/** What a law hands to `make` of an operator: takes an item and answers it, now or later. */
export type LawWork = (item: number, ctx: Context) => Work<number>

/** How the work of a run is done: one manner for all of its items. */
const manners = ['goroutine', 'operation', 'value', 'observable', 'promise'] as const
type Manner = (typeof manners)[number]

/** In so many runs of a hundred; a run with promises waits for turns of the event loop. */
const shares = [45, 20, 15, 15, 5]

/** What becomes of one item. */
export type Fate = 'ends' | 'waits for ever' | 'throws'

/** An item under way. */
export interface Task {
  readonly item: number
  readonly ctx: Context
  /** Waits that it has come through since the subscriber left. */
  waitsSince: number
}

export class Works {
  /** How often the work was begun. */
  started = 0
  /** So often its context had not ended then. */
  startedUntold = 0
  readonly running = new Set<Task>()
  /** What was thrown, in order. */
  readonly thrown: Error[] = []
  private readonly _manner: Manner
  private readonly _forEver = new Parking('work without end')
  private _keeper: Keeper | null = null

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
    this._keeper = new Keeper(this._manner === 'promise')
  }

  end(): void {
    this._keeper?.end()
  }

  /** Goroutines that are not the operator's. */
  get goroutines(): number {
    return this._keeper?.goroutines ?? 0
  }

  /** It begins in the turn in which it is asked for: a goroutine begins in one of its own. */
  get beginsAtOnce(): boolean {
    return this._manner !== 'goroutine'
  }

  /** Those that wait without end, and were not told to stop. */
  get parked(): number {
    return this._forEver.parked
  }

  get work(): LawWork {
    const works = this
    switch (this._manner) {
      case 'goroutine':
        return function* work(item, ctx) {
          const task = works._enter(item, ctx)
          try {
            yield* works._wait(item)
            task.waitsSince++
            if (works._trial.choose(2) === 1) {
              yield* gosched()
              task.waitsSince++
            }
            return works._outcome(task)
          } finally {
            works.running.delete(task)
          }
        }
      case 'promise':
        return async function work(item, ctx) {
          const task = works._enter(item, ctx)
          try {
            await works._wait(item).within(ctx)
            return works._outcome(task)
          } finally {
            works.running.delete(task)
          }
        }
      case 'operation':
        return (item, ctx) => {
          const task = works._enter(item, ctx)
          return works._wait(item).map(() => works._leave(task))
        }
      case 'observable':
        return (item, ctx) => {
          const task = works._enter(item, ctx)
          return fromOp(() => works._wait(item).map(() => works._leave(task)))
        }
      case 'value':
        return (item, ctx) => {
          const task = works._enter(item, ctx)
          // What takes no time cannot be without end.
          return works._fateOf(item) === 'waits for ever' ? works._forEver.map(() => works._leave(task)) : works._leave(task)
        }
    }
  }

  private _enter(item: number, ctx: Context): Task {
    const task: Task = { item, ctx, waitsSince: 0 }
    this.started++
    if (ctx.err()._tag === 'None') this.startedUntold++
    this.running.add(task)
    return task
  }

  private _leave(task: Task): number {
    this.running.delete(task)
    return this._outcome(task)
  }

  private _wait(item: number): Op<void> {
    if (this._fateOf(item) === 'waits for ever') return this._forEver
    return this._trial.choose(2) === 0 ? gosched() : sleep(1 + this._trial.choose(3))
  }

  /** One that was told to stop has nothing to complain of. */
  private _outcome({ item, ctx }: Task): number {
    if (this._fateOf(item) !== 'throws' || ctx.err()._tag === 'Some') return item
    const error = new Error(`the work on item ${item} failed`)
    this.thrown.push(error)
    throw error
  }
}
