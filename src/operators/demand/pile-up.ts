/**
 * Counts the items of an outer source that an operator such as concatMap or mergeMap(f, n) may keep while inner sources run. Nothing is slowed
 * down: a pile-up is only reported, once.
 *
 * RxJS's buffers cannot be seen. But a source sees which sources are subscribed to while it emits. An item that neither arrives nor leads to an
 * inner source, while one runs, was kept, or a filter dropped it. So the count is an estimate:
 *
 * - an item that leads to an inner source at once proves that nothing is kept: an operator with a backlog would have put the item behind it;
 * - an inner source that begins as another one ends proves that an item was kept (or is the next part of a concat).
 */
import type { Demand } from './scope.js'

/** Items that may be kept before that is reported: where it is known that some were kept, and where it is not. */
const KNOWN = 1000
const SUSPECTED = 10_000

export class PileUp {
  private _running = 0
  private _kept = 0
  private _limit = SUSPECTED
  private _hasBegun = false

  constructor(private readonly _demand: Demand) {}

  /** The item under way leads to an inner source. */
  begins(): void {
    this._running++
    this._hasBegun = true
    this._kept = 0
  }

  /** An inner source begins as another one ends. */
  beginsAtEnd(): void {
    this._running++
    if (this._kept === 0) return
    this._limit = KNOWN
    if (this._kept >= KNOWN) this._report()
    this._kept--
  }

  ended(): void {
    this._running--
  }

  /** The outer source has emitted an item. */
  emitted(): void {
    if (this._hasBegun) this._hasBegun = false
    else if (this._running === 0) this._kept = 0
    else if (this._demand.unseen > 0 && ++this._kept === this._limit) this._report()
  }

  private _report(): void {
    this._demand.foreman?.piledUp(this._kept)
  }
}
