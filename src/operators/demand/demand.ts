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
 * A turn puts every operator down to the stage on the stack. Where too many are there, the demand counts as closed, and the
 * turn goes on from the run queue (`Depth`).
 *
 * Always true (the test kit looks after each step: `stuck.ts`):
 * - a closed demand is opened or retired by the stage that closed it; a retired demand stays open;
 * - while the demand is open and a source waits, the demand is in the run queue, or calls a source (`isStuck`);
 * - a source waits in a demand at most once, and leaves the queue at its call or when its subscriber leaves;
 * - `turn` is above 0 exactly while a source that claims this demand emits;
 * - `unseen` counts items emitted in a turn since an item last arrived in a turn: 0 means that the last emitted item
 *   arrived.
 */
import { queue, Waiter, WaitQueue, type AsyncScope, type Failure, type Runnable } from '../../runtime/internal.js'

/** The stage or the run that a demand belongs to, as meters and sources see it. */
export interface DemandOwner {
  /** Items in the stage. */
  readonly depth: number
  /** The name of the stage; missing for a run. */
  readonly name?: string
  /** Slots of the stage; 0 for a run. */
  readonly slots: number
  /** The slots that the stage uses at present, where it decides by itself. */
  readonly limit?: number
  /**
   * A sign that an operator above ignores backpressure: see `unpaced.ts`. `missing`, a great many items were emitted above
   * in a row, and none arrived; `stop`, an item that had waited for demand ended everything above and did not arrive;
   * `piled`, about this number of items may be buffered above while inner sources run. Returns the error that ends the
   * pipeline, if there is one.
   */
  saw(sign: 'missing' | 'stop' | 'piled', items?: number): Error | null
  /** An item above has led to an inner source, for the first time in this subscription. */
  innerBegan(demand: Demand): InnerSources
}

/** The inner sources of a source: an operator such as concatMap subscribes to them while the source emits. */
export interface InnerSources {
  /** The item under way leads to an inner source. */
  begins(): void
  /** An inner source begins as another ends. */
  beginsAtEnd(): void
  ended(): void
  /** The outer source has emitted an item. */
  emitted(): void
}

/** A stage, as a commit sees it that waits for the items before it to pass: see `passage.ts`. */
export interface Passable {
  /** The demand that the items meet next. */
  readonly below: Demand
  /** True where every item that has arrived has left. Otherwise the stage holds the passage, and `then` runs when they have. */
  passes(then: () => void, hold: Hold): boolean
}

/**
 * Adds a passage to those that a stage holds back, or begins their list: `then` runs when this number of items has left, of
 * those before a position.
 */
export type Hold = (held: HeldPassages | null, then: () => void, items: number, before?: number) => HeldPassages

/** The passages that a stage holds back. */
export interface HeldPassages {
  /** Items have left: one at this position, or the first that came. A throw of `then` (of a commit) goes to `failed`. */
  left(items: number, position: number, failed: (cause: unknown) => void): void
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

/** For tests and explorations: called with each demand that is created, and with each that a source waits in. */
export const demandProbe: { created: ((demand: Demand) => void) | null; waits: ((demand: Demand) => void) | null } = {
  created: null,
  waits: null,
}

/** Waiting sources rotate: where several share a demand, each emits an item and queues up again. */
export class Demand implements Runnable {
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
  /** The operators between the sources and the stage, with the stage: a turn puts them on the stack. */
  operators = STAGE
  /** The source has completed. */
  isComplete = false
  /** Created for the first watch. */
  watches: Set<DemandWatch> | null = null
  /** The stage that counts the items of a passage; null at the end of the pipeline. */
  stage: Passable | null = null
  /** The error that ends everything above, for a source that frees a stream because of it. */
  failure: Failure | null = null
  /** While an error comes from above: a stage with branches has it as well, and reports it. */
  failsWithCopy = false

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

  /** Counts an item that a source emits in its turn. A throw is the error of the source. */
  emitted(): void {
    if (++this.unseen !== MANY_UNSEEN) return
    const unpaced = this.owner?.saw('missing') ?? null
    if (unpaced !== null) throw unpaced
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
    if (demandProbe.waits !== null) demandProbe.waits(this)
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

  /**
   * For tests, between two steps of the run queue: the demand stands still although a source waits. It is open and nothing
   * calls the source, or it is closed and its stage has room.
   */
  get isStuck(): boolean {
    if (this._waiting.first === null || this._isQueued) return false
    return this._isOpen || (this.owner !== null && this.owner.depth < this.owner.slots)
  }
}

/** Operators on the stack beyond which nothing continues inline; a stage counts as several. */
const DEEP = 300
export const STAGE = 3

/**
 * The operators whose subscription, turn or leaving is on the stack. Where they are too many, work continues from a
 * shallower place, so no stack grows with the length of a pipeline: a subscription and a leaving when the outermost of
 * them returns, a turn from the run queue.
 */
export class Depth {
  private _operators = 0
  private readonly _postponed: (() => void)[] = []
  private _isDescending = false

  get isDeep(): boolean {
    return this._operators >= DEEP
  }

  enter(operators: number): void {
    this._operators += operators
  }

  leave(operators: number): void {
    this._operators -= operators
  }

  /** Runs `f`, which goes up the pipeline by this number of operators. */
  descend(operators: number, f: () => void): void {
    if (this._isDescending && this._operators + operators > DEEP) return void this._postponed.push(f)
    const isOutermost = !this._isDescending
    this._isDescending = true
    this._operators += operators
    try {
      f()
    } finally {
      this._operators -= operators
      if (isOutermost) this._continue()
    }
  }

  /** Each part that was postponed begins at the depth of the outermost. */
  private _continue(): void {
    const { _postponed: postponed } = this
    try {
      for (let f = postponed.shift(); f !== undefined; f = postponed.shift()) f()
    } finally {
      this._isDescending = false
    }
  }
}

export const depth = new Depth()
