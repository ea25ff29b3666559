/**
 * The ready goroutines, in the order in which a picker sees them: the goroutine that ran last, then first in, first
 * out; last the next timer, if any.
 *
 * Always true: a picker that takes option 0 forever starves no goroutine. A goroutine that never waits, or that yields,
 * goes to the end; a timer that has been kept waiting for long comes first.
 */
import { Spawned, type Runnable } from '../../runtime/internal.js'
import { theTime, type ChoiceKind } from './picker.js'

/** Steps in a row of the same goroutine while others are ready; then the others come first. */
const PATIENCE = 200

/**
 * Steps that a timer waits while a goroutine is ready; a goroutine that polls for the time would never see the time
 * pass otherwise.
 */
const TIMER_PATIENCE = 500

export type Choose = (options: number, kind: ChoiceKind, candidates: readonly object[] | null) => number

export class ReadyList {
  private readonly _ready: Runnable[] = []
  private _last: Runnable | null = null
  private _inARow = 0
  private _sinceTimer = 0

  /** In the order in which they became ready. */
  get all(): readonly Runnable[] {
    return this._ready
  }

  get size(): number {
    return this._ready.length
  }

  reset(): void {
    this._ready.length = 0
    this._last = null
    this._inARow = 0
    this._sinceTimer = 0
  }

  add(runnable: Runnable): void {
    this._ready.push(runnable)
  }

  /** Takes out the runnable that runs next; null stands for the next timer. There must be a runnable or a timer. */
  next(hasTimer: boolean, choose: Choose): Runnable | null {
    this._order()
    const ready = this._ready
    const index = ready.length + (hasTimer ? 1 : 0) === 1 ? 0 : this._choose(hasTimer, choose)
    if (index < ready.length) return (this._last = this._take(index))
    this._sinceTimer = 0
    return null
  }

  private _choose(hasTimer: boolean, choose: Choose): number {
    const ready = this._ready
    const kind = ready[0] === this._last ? 'switch' : 'next'
    if (!hasTimer) return choose(ready.length, kind, ready)
    if (++this._sinceTimer > TIMER_PATIENCE) {
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

  /** Puts the goroutine that ran last first. That goroutine, if ready at all, was the last to become ready. */
  private _order(): void {
    const ready = this._ready
    const end = ready.length - 1
    const last = ready[end]
    if (end < 1 || last !== this._last) {
      this._inARow = 0
      return
    }
    if (++this._inARow > PATIENCE || (last instanceof Spawned && last.isYielding)) return
    for (let i = end; i > 0; i--) ready[i] = ready[i - 1]
    ready[0] = last
  }
}
