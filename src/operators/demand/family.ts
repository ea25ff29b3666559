/**
 * A source that leads to others: the outer one of a concatMap, a mergeMap, a switchMap. What is subscribed to while it emits is its child; all of
 * them share one demand. An operator such as concatMap keeps the items that come while a child is under way, without a bound, and nothing of that
 * can be seen but this: an item neither arrives nor leads to a child, while one lives. Then the source rests until there are fewer children.
 *
 *     emits ──leads to a child, or arrives──▶ emits on
 *       ▲  └──neither, while a child lives──▶ rests ──one child fewer──▶ emits
 *       │                                       └──a second is over: told, once──▶ emits, each time twice as many
 *
 * That one ends and another begins at once is not one fewer: it may be the item that was kept, or the next part of the same (concat).
 *
 * A filter looks the same. It gives itself away when an item leads to a child although others are said to wait (an operator that keeps them would have
 * put it behind them): from then on the source does not rest any more. Until then it rests a second at the most, so nothing hangs. That a
 * child begins as another ends, while items wait, speaks for an operator that keeps them: then what goes on after a second is one item.
 */
import { queue, time, type Runnable, type TimerEntry } from '../../runtime/internal.js'
import type { Demand } from './scope.js'

/** ms that a source rests at the most. */
const LONGEST_REST = 1000

export class Family implements Runnable {
  private _children = 0
  /** How many there were when the rest began. */
  private _full = 0
  /** Whether items may be kept: some neither arrived nor led to a child. */
  private _mayKeep = false
  private _wasBorn = false
  private _restsNoMore = false
  private _keeps = false
  /** How many more may vanish before the source rests; and how many after a rest that was too long. */
  private _left = 1
  private _step = 1
  private _rest: TimerEntry | null = null
  private _waiting: Runnable | null = null

  constructor(private readonly _demand: Demand) {}

  get rests(): boolean {
    return this._rest !== null
  }

  /** A child begins in the turn of the source. */
  bornInTurn(): void {
    this._children++
    this._wasBorn = true
    if (this._mayKeep) this._restsNoMore = true
  }

  /** A child begins as another one ends: it was kept, or is the next part of that one. */
  bornAtEnd(): void {
    this._children++
    if (this._mayKeep) this._keeps = true
  }

  ended(): void {
    this._children--
    if (this._rest !== null) queue.push(this)
    else this._mayKeep &&= this._children > 0
  }

  /** A child has ended, and what was to begin at that has begun. */
  run(): void {
    if (this._rest === null || this._children >= this._full) return
    this._mayKeep = false
    this._left = this._step = 1
    this._goOn()
  }

  /** The source has emitted an item, in a turn of its own. */
  emitted(): void {
    const hasEffect = this._wasBorn || this._demand.unseen === 0
    this._wasBorn = false
    if (hasEffect || this._children === 0 || this._restsNoMore || this._demand.foreman?.isSparse === true) return
    this._mayKeep = true
    if (--this._left > 0 || this._rest !== null) return
    this._full = this._children
    const { timers } = time
    this._rest = timers.add(timers.now() + LONGEST_REST, () => this._tooLong())
  }

  private _tooLong(): void {
    this._rest = null
    this._step = this._keeps ? 1 : 2 * this._step
    this._left = this._step
    this._demand.foreman?.restedLong()
    this._goOn()
  }

  /** Calls `source` when it is to go on. */
  wait(source: Runnable): void {
    this._waiting = source
  }

  /** The source has left: no timer stays behind. */
  leave(): void {
    this._restsNoMore = true
    this._goOn()
  }

  private _goOn(): void {
    if (this._rest !== null) time.timers.remove(this._rest)
    this._rest = null
    if (this._waiting !== null) queue.push(this._waiting)
    this._waiting = null
  }
}
