/**
 * Demand: whether a stage takes more items. Demand travels up, values travel down.
 *
 *     stage:  close() when it is full … open() when a slot is free … retire() when it leaves
 *     source: claims while it is subscribed to; waits while the demand is closed; emits in a turn
 *
 *     open, and a source waits ──▶ in the run queue ──run──▶ calls the first source ──▶ another waits: queued again
 *
 * No source holds an open demand. A source that waits stays in the queue of the demand, and the demand, which is in the
 * run queue, calls it: the source may emit, or close the demand, or do nothing, and owes nothing. After the call the
 * demand queues itself for the next source.
 *
 * Always true:
 * - a closed demand is opened or retired by the stage that closed it; a retired demand stays open;
 * - while the demand is open and a source waits, the demand is in the run queue, or calls a source (`isStuck`);
 * - a source waits in a demand at most once, and leaves the queue at its call or when its subscriber leaves;
 * - `turn` is above 0 exactly while a source that claims this demand emits;
 * - `unseen` counts items emitted in a turn since an item last arrived in a turn: 0 means that the last emitted item
 *   arrived.
 */
import { queue, Waiter, WaitQueue, type AsyncScope, type Failure, type Runnable } from '../../runtime/internal.js'
import { STAGE } from './depth.js'
import type { Passable, Place } from './passage.js'

/** The stage or the run that a demand belongs to, as meters and sources see it. */
export interface DemandOwner {
  /** Items in the stage. */
  readonly depth: number
  /** Slots of the stage; 0 for a run. */
  readonly slots: number
  /** The slots that the stage uses at present, where it decides by itself. */
  readonly limit?: number
  /** A great many items were emitted above in a row, and none arrived. */
  noneArrived(): void
  /** About this number of items may be buffered by an operator above while inner sources run: see `PileUp`. */
  piledUp(items: number): void
  /** An item above has led to an inner source. */
  innerBegan(): void
  /** An item that had waited for demand ended everything above and did not arrive. */
  stoppedLate(): void
}

/** Notified when a demand closes and opens. */
export interface DemandWatch {
  closed(): void
  opened(): void
}

/** Items emitted in a row without an arrival before the owner is notified. */
const MANY_UNSEEN = 100_000
/** Items emitted in a row without an arrival before a source yields to the others: zip may need an item of each. */
const SOME_UNSEEN = 64

/** A source or stage as it waits in the queue of a demand; created once for each of its demands. */
export class DemandWaiter extends Waiter {
  /** The waiter is in the queue of its demand. */
  isWaiting = false

  constructor(private readonly _source: Runnable) {
    super()
  }

  /** The waiter has left the queue: calls the source. */
  settle(): void {
    this.isWaiting = false
    this._source.run()
  }
}

/** For tests: called with each demand that is created. */
export const demandProbe: { created: ((demand: Demand) => void) | null } = { created: null }

/** Waiting sources rotate: where several share a demand, each emits an item and queues up again. */
export class Demand implements Runnable, Place {
  private _isOpen = true
  private _isRetired = false
  /** The demand is in the run queue. */
  private _isQueued = false
  private readonly _waiting = new WaitQueue()
  /** Sources that pause on this demand. */
  claims = 0
  /** Above 0 while a source that claims this demand emits. */
  turn = 0
  /** Items emitted in turns since an item last arrived in a turn. */
  unseen = 0
  /** The operators between the sources and the stage, with the stage: see `Depth`. */
  operators = STAGE
  /** The source has completed. */
  isComplete = false
  /** Created for the first watch. */
  watches: Set<DemandWatch> | null = null
  stage: Passable | null = null
  /** The error that ends everything above, for a source that frees a stream because of it. */
  failure: Failure | null = null

  /** Without an owner, nothing counts the items that arrive. */
  constructor(
    readonly owner: DemandOwner | null = null,
    /** The async context of the subscriber, where contexts are kept: everything above and below runs there. */
    readonly scope: AsyncScope | null = queue.scopeHere,
  ) {
    if (demandProbe.created !== null) demandProbe.created(this)
  }

  get isOpen(): boolean {
    return this._isOpen
  }

  get isRetired(): boolean {
    return this._isRetired
  }

  close(): void {
    if (this._isRetired || !this._isOpen) return
    this._isOpen = false
    if (this.watches !== null) for (const watch of this.watches) watch.closed()
  }

  open(): void {
    if (this._isOpen) return
    this._isOpen = true
    if (this.watches !== null) for (const watch of this.watches) watch.opened()
    this._queueUp()
  }

  /** Counts an item that a source emits in its turn. */
  emitted(): void {
    if (++this.unseen === MANY_UNSEEN) this.owner?.noneArrived()
  }

  /** The stage leaves: a source with other subscribers must not wait for it. */
  retire(): void {
    this._isRetired = true
    this.open()
  }

  /** The source is called when the demand is open and the sources before it have had their turn. */
  wait(waiter: DemandWaiter): void {
    if (waiter.isWaiting) return
    waiter.isWaiting = true
    this._waiting.push(waiter)
    this._queueUp()
  }

  withdraw(waiter: DemandWaiter): void {
    if (!waiter.isWaiting) return
    waiter.isWaiting = false
    this._waiting.remove(waiter)
  }

  get othersWait(): boolean {
    return this._waiting.first !== null
  }

  /** The source must yield although the demand is open. */
  get isOthersTurn(): boolean {
    return this.unseen >= SOME_UNSEEN && this.claims > 1
  }

  /** For the run queue: calls the next source that waits. */
  run(): void {
    this._isQueued = false
    if (!this._isOpen) return
    try {
      this._waiting.shift()?.settle(undefined)
    } finally {
      this._queueUp()
    }
  }

  private _queueUp(): void {
    if (this._isQueued || !this._isOpen || this._waiting.first === null) return
    this._isQueued = true
    queue.push(this)
  }

  /** For tests: sources that wait. */
  get waiters(): number {
    return [...this._waiting].length
  }

  /** For tests, between two steps of the run queue: an open demand stands still although a source waits. */
  get isStuck(): boolean {
    return this._isOpen && this._waiting.first !== null && !this._isQueued
  }
}

/** Items that may be buffered before a report of a pile-up: where some surely are, and where a filter is as likely. */
const KNOWN = 1000
const SUSPECTED = 10_000

/**
 * Counts the items of an outer source that an operator such as concatMap or mergeMap(f, n) may buffer while inner
 * sources run. Nothing is slowed down: a pile-up is only reported.
 *
 * The buffers of RxJS cannot be seen. But a source sees which sources are subscribed to while it emits. An item that
 * neither arrives nor leads to an inner source, while an inner source runs, was buffered, or a filter dropped it. So
 * the count is an estimate:
 *
 * - an item that leads to an inner source at once proves that nothing is buffered: the operator would have put the item
 *   behind the others;
 * - an inner source that begins as another ends proves that an item was buffered (or is the next part of a concat).
 */
export class PileUp {
  private _running = 0
  private _buffered = 0
  private _limit = SUSPECTED
  private _hasBegun = false

  constructor(private readonly _demand: Demand) {}

  /** The item under way leads to an inner source. */
  begins(): void {
    this._running++
    this._hasBegun = true
    this._buffered = 0
  }

  /** An inner source begins as another ends. */
  beginsAtEnd(): void {
    this._running++
    if (this._buffered === 0) return
    this._limit = KNOWN
    if (this._buffered >= KNOWN) this._report()
    this._buffered--
  }

  ended(): void {
    this._running--
  }

  /** The outer source has emitted an item. */
  emitted(): void {
    if (this._hasBegun) this._hasBegun = false
    else if (this._running === 0) this._buffered = 0
    else if (this._demand.unseen > 0 && ++this._buffered === this._limit) this._report()
  }

  private _report(): void {
    this._demand.owner?.piledUp(this._buffered)
  }
}
