/**
 * Those that are ready, in the order in which they are offered: the one that ran last, then first in, first out; the next timer, where one is set, last.
 *
 * Nobody is kept out for ever, under any strategy that takes option 0 for ever: one that never waits, and one that gives way, goes to the end; and a timer
 * that has been kept waiting for long comes first.
 */
import { Spawned, type Runnable } from '../../runtime/internal.js'
import { theTime, type ChoiceKind } from './strategies.js'

/** Steps in a row of one that does not wait, while others are ready: then they come first. */
const PATIENCE = 200

/** Steps that a timer waits while somebody is ready: one who polls for what comes by time alone would wait for ever. */
const TIME_WAITS = 500

export type Choose = (options: number, kind: ChoiceKind, candidates: readonly object[] | null) => number

export class Candidates {
  private readonly _ready: Runnable[] = []
  private _last: Runnable | null = null
  private _inARow = 0
  private _sinceTime = 0

  get size(): number {
    return this._ready.length
  }

  reset(): void {
    this._ready.length = 0
    this._last = null
    this._inARow = 0
    this._sinceTime = 0
  }

  add(runnable: Runnable): void {
    this._ready.push(runnable)
  }

  /** One of those that are ready, taken out; null is the next timer. There is one of either. */
  next(hasTimer: boolean, choose: Choose): Runnable | null {
    this._order()
    const ready = this._ready
    const index = ready.length + (hasTimer ? 1 : 0) === 1 ? 0 : this._choose(hasTimer, choose)
    if (index < ready.length) return (this._last = this._take(index))
    this._sinceTime = 0
    return null
  }

  private _choose(hasTimer: boolean, choose: Choose): number {
    const ready = this._ready
    const kind = ready[0] === this._last ? 'switch' : 'next'
    if (!hasTimer) return choose(ready.length, kind, ready)
    if (++this._sinceTime > TIME_WAITS) {
      const chosen = choose(ready.length + 1, 'next', [theTime, ...ready])
      return chosen === 0 ? ready.length : chosen - 1
    }
    ready.push(theTime)
    const chosen = choose(ready.length, kind, ready)
    ready.pop()
    return chosen
  }

  private _take(index: number): Runnable {
    const ready = this._ready
    const chosen = ready[index]
    for (let i = index + 1; i < ready.length; i++) ready[i - 1] = ready[i]
    ready.pop()
    return chosen
  }

  /** The one that ran last is the last to have become ready, if it goes on at all. */
  private _order(): void {
    const ready = this._ready
    const end = ready.length - 1
    const last = ready[end]
    if (end < 1 || last !== this._last) {
      this._inARow = 0
      return
    }
    if (++this._inARow > PATIENCE || (last instanceof Spawned && last.isGivingWay)) return
    for (let i = end; i > 0; i--) ready[i] = ready[i - 1]
    ready[0] = last
  }
}
