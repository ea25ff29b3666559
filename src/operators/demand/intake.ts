/**
 * The intake of a stage: the items that arrive, the items that wait for a slot, and the detection of sources that
 * ignore backpressure.
 *
 * A closed demand stops every source that claims it. So each of these shows that something above ignores backpressure:
 *
 * - `closed`: an item arrives while the demand is closed;
 * - `late`: items arrive outside a turn, while items emitted in turns are missing: an operator in between emits them
 *   later;
 * - `missing`: a great many items were emitted in a row and none arrived: an operator in between buffers or drops them.
 *   The two look the same, so this only warns (but for `strictDemand`); `sparse` says that items are dropped;
 * - `piled`: a great many items neither arrived nor led to an inner source, while inner sources run (see `PileUp`).
 *   This only warns;
 * - `stop`: an item that had waited for demand ended everything above and did not arrive: the notifier of a takeUntil.
 *   This only warns;
 * - `missed`: a branch that had left was subscribed to again after items went by. This only warns;
 * - `held`: an observable of a worker emits a result while a result of it waits for demand below.
 *
 * A foreign source beside a source of Millrace, `merge(timer, source)`, is none of these while its items find the
 * demand open: the items of the other source arrive in their turns, so none is missing.
 *
 * Always true:
 * - by default no item is lost: an item that finds no free slot waits in a ring;
 * - items wait only while every slot is in use, or an item before them waits;
 * - a stage as it was written down warns at most once, however often it is subscribed to.
 */
import type { Observable, Observer, Subscription } from 'rxjs'
import {
  checkFlag,
  checkFunction,
  checkOneOf,
  checkOptions,
  Hooks,
  mistyped,
  registered,
  Ring,
  shared,
  uncaught,
} from '../../runtime/internal.js'
import { Demand, type DemandOwner } from './demand.js'
import { withDemand, type Scope } from './scope.js'
import { subscribeUntil } from './upstream.js'
import { HeldError, passedBy } from './errors.js'

/**
 * The policy for items that arrive while a stage is full. `keep` buffers them without a bound, and the stage warns
 * once. `error` fails with `UnpacedError`. The drops buffer as many items as the stage has slots, and then lose the
 * oldest or the newest.
 */
export type Overflow = 'keep' | 'error' | 'drop-oldest' | 'drop-newest'

const OVERFLOWS: readonly Overflow[] = ['keep', 'error', 'drop-oldest', 'drop-newest']

/** Options of every stage. */
export interface StageOptions {
  /** Default `keep`. */
  readonly overflow?: Overflow
  /** The name of the stage in warnings, errors and reports; default: the name of the operator. */
  readonly name?: string
  /** A filter above drops most items: no warning when thousands of items in a row do not arrive. */
  readonly sparse?: boolean
}

const SEEN = {
  closed: 'arrival while the demand is closed',
  late: 'arrival outside the turn of a source that claimed the demand',
  missing: 'many items in a row were emitted above, and none arrived',
  piled: 'items pile up inside an operator while inner sources run',
  stop: 'an item that had waited for demand ended the source',
  missed: 'a branch left, subscribed again later, and missed items',
  held: 'an observable of a worker emits while the demand below is closed',
} as const

type Kind = keyof typeof SEEN

const CURES: Record<Kind, string> = {
  closed:
    'The source does not honor demand (a Subject, an event, a timer, from(array)), or the scope does not reach it (subscribeOn, a retry or repeat after a delay, a source that a timer or a fetch leads to). Use a source of millrace/operators; relay() right after a foreign source; retryWith or repeatWith; or queue(n, policy) or the overflow option here',
  late: 'An operator in between holds items back and emits them later (delay, observeOn, an async mergeMap). Use workerPool, rateLimit or retryWith instead, or queue(n, policy) or the overflow option here. If the items come from a source beside another source whose items a filter drops, set { sparse: true } here',
  missing:
    'An operator in between buffers items without a bound (zip, toArray, a large buffer), or drops them (filter, skip). Instead of a buffer use zipBounded or batch; for a filter set { sparse: true } here',
  piled:
    'concatMap and mergeMap(f, n) buffer them without a bound. Use workerPool(n, f), which pauses the source; f may return an observable. If a filter drops these items, nothing is buffered: set { sparse: true } here',
  stop: 'takeUntil(fromReceiver(stop)) reads its stop only while the stage below is not full. Use until(stop) instead',
  missed:
    "RxJS's retry({ delay }) and repeat({ delay }) do not say that they come back. Use retryWith or repeatWith in the branch, for which the items wait",
  held: 'The observable does not honor demand (of, range, a Subject, a timer), so its results wait in memory beyond the bound of the stage. Return a pipeline over sources of millrace/operators, such as fromIterable, or an array',
}

/** Items missing when an item arrives at last, before a warning. */
const MANY_MISSING = 10_000

/** A sign that something above a stage ignores backpressure. */
export interface Unpaced {
  /** The name of the stage; `run` where no stage is below. */
  readonly stage: string
  readonly seen: (typeof SEEN)[Kind]
  /** For a person: the stage, the sign, the cure. */
  readonly message: string
}

/** Something above a stage ignores backpressure. Thrown with `overflow: 'error'`, or under `strictDemand()`. */
export class UnpacedError extends Error {
  override readonly name = 'UnpacedError'
  constructor(readonly unpaced: Unpaced) {
    super(unpaced.message)
  }
}

/** Of the process, for all copies of the package; the hook that was set last is in force. */
const { hooks, strict } = shared('millrace.unpaced.v1', () => ({
  hooks: new Hooks<(unpaced: Unpaced) => void>(),
  /** An entry for each call of `strictDemand` that was not ended. */
  strict: new Hooks<true>(),
}))

/**
 * Calls `hook` with each warning instead of the console. Returns a function that removes the hook; hooks may be removed
 * in any order, and of those in force the hook that was set last is called. An error that a hook throws goes to the host as an uncaught
 * exception, and the pipeline continues. Throws TypeError for a hook that is no function.
 */
export function onUnpaced(hook: (unpaced: Unpaced) => void): () => void {
  checkFunction('onUnpaced(hook)', hook)
  return hooks.add(registered(hook))
}

/**
 * For tests: a source that ignores backpressure fails its pipeline with `UnpacedError`, whatever `overflow` says.
 * Returns a function that ends this. Where it was called several times, each call has to be ended, in any order.
 */
export function strictDemand(): () => void {
  return strict.add(true)
}

function report(unpaced: Unpaced): void {
  const hook = hooks.last
  if (hook === undefined) return console.warn(unpaced.message)
  try {
    hook(unpaced)
  } catch (fault) {
    uncaught(fault) // the hook failed, and not the pipeline
  }
}

/** A stage as it was written down: shared by all its subscriptions. */
export class StageNotes {
  /** Parts that hold items beside the stage, and were seen in a run: for `bounds`. */
  unseen: string | null = null
  private _hasWarned = false

  constructor(
    readonly name: string,
    readonly overflow: Overflow,
    readonly isSparse = false,
  ) {}

  /** Warns, or returns the error that ends the pipeline. `stage` is the name with the parts around it. */
  see(kind: Kind, stage: string, items?: number): UnpacedError | null {
    if ((kind === 'missing' || kind === 'piled') && this.isSparse) return null
    const unpaced = { stage, seen: SEEN[kind], message: messageOf(stage, kind, items) }
    const isCertain = kind === 'closed' || kind === 'late' || kind === 'held'
    const onlyWarns = kind === 'stop' || kind === 'piled' || kind === 'missed'
    if (!onlyWarns && (strict.last !== undefined || (isCertain && this.overflow === 'error'))) return new UnpacedError(unpaced)
    if (!this._hasWarned && (!isCertain || this.overflow === 'keep')) {
      this._hasWarned = true
      report(unpaced)
    }
    return null
  }
}

/** The options of every stage. */
const OF_EVERY_STAGE = ['name', 'overflow', 'sparse']

/** Checks the options of a stage; `own` names those that other stages lack. Throws TypeError for a value that makes no sense. */
export function stageNotes(operator: string, options?: StageOptions, own: readonly string[] = []): StageNotes {
  checkOptions(operator, options, [...own, ...OF_EVERY_STAGE])
  const { name = operator, overflow = 'keep', sparse } = options ?? {}
  if (typeof name !== 'string') throw mistyped(`${operator}(…, { name })`, 'a string', name)
  checkOneOf(`${operator}(…, { overflow })`, OVERFLOWS, overflow)
  checkFlag(`${operator}(…, { sparse })`, sparse)
  return new StageNotes(name, overflow, sparse)
}

/** As `stageNotes`, where the options must be there; `shape` shows those of the stage: "{ size, within? }". */
export function notesOf(operator: string, shape: string, options: StageOptions, own: readonly string[]): StageNotes {
  const given: unknown = options // from JavaScript it may be anything
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw mistyped(`${operator}(options)`, shape, options)
  return stageNotes(operator, options, own)
}

function messageOf(stage: string, kind: Kind, items?: number): string {
  if (kind === 'piled') return `millrace: above stage "${stage}" about ${items} ${SEEN.piled}: ${CURES.piled}.`
  if (kind === 'missed') return `millrace: in stage "${stage}" ${SEEN.missed} (${items}). ${CURES.missed}.`
  const after = kind === 'stop' || kind === 'held' ? '' : ' Until then items wait in memory.'
  return `millrace: backpressure of stage "${stage}" is ignored (${SEEN[kind]}). ${CURES[kind]}.${after}`
}

export class Intake<T> implements DemandOwner {
  readonly demand: Demand
  /** The name of the stage, with the names of the parts around it. */
  readonly name: string
  private readonly _waiting = new Ring<T>()
  /** Items that arrived outside a turn since an item last arrived in a turn. */
  private _late = 0
  /** Slots that the stage uses at present: an adaptive pool sets it. */
  limit: number | undefined = undefined
  /** Items that have arrived. */
  arrived = 0
  /** Slots in use; counted by the stage. */
  used = 0

  constructor(
    private readonly notes: StageNotes,
    readonly slots: number,
    private readonly _below: Scope,
  ) {
    this.demand = new Demand(this, _below.demand.scope)
    this.name = _below.name === '' ? notes.name : `${_below.name}/${notes.name}`
  }

  /** Items that wait for a slot. */
  get size(): number {
    return this._waiting.size
  }

  get depth(): number {
    return this.used + this._waiting.size
  }

  /** Subscribes to the source with this demand in the scope, until `until` is unsubscribed. */
  connect(until: Subscription, source: Observable<T>, stage: Observer<T>): void {
    subscribeUntil(until, withDemand(this._below, this.demand), source, stage)
  }

  /** To be called first for an error from above, which gets this stage in its trail. The stage holds the error. */
  failed(cause: unknown): HeldError {
    this.demand.failure ??= { error: cause }
    return new HeldError(passedBy(cause, this))
  }

  /** To be called first when the source has completed. */
  completed(): void {
    this.demand.isComplete = true
  }

  /** To be called first for each item. Returns the error that ends the pipeline, if there is one. */
  look(): UnpacedError | null {
    const { demand } = this
    this.arrived++
    if (demand.turn === 0) return this._lookOutsideTurn()
    const missing = demand.unseen - 1 // this item is counted as well
    demand.unseen = this._late = 0
    if (!demand.isOpen) return this.notes.see('closed', this.name)
    return missing < MANY_MISSING ? null : this.notes.see('missing', this.name)
  }

  private _lookOutsideTurn(): UnpacedError | null {
    const { demand } = this
    this._late++
    if (!this.notes.isSparse && demand.unseen >= this._late && (this._late > this.slots || !demand.isOpen))
      return this.notes.see('late', this.name)
    return demand.isOpen ? null : this.notes.see('closed', this.name)
  }

  /** An item that finds no free slot waits; or this item, or another, is lost. */
  keep(value: T): void {
    const { overflow } = this.notes
    const isFull = this._waiting.size >= this.slots
    if (overflow === 'drop-newest' && isFull) return
    if (overflow === 'drop-oldest' && isFull) this._waiting.shift()
    this._waiting.push(value)
  }

  /** The item that has waited longest; only while `size` is above 0. */
  take(): T {
    return this._waiting.shift() as T // `size` is above 0
  }

  /** Called by a source while it emits: a throw is the error of the source. */
  noneArrived(): void {
    const unpaced = this.notes.see('missing', this.name)
    if (unpaced !== null) throw unpaced
  }

  piledUp(items: number): void {
    this.notes.see('piled', this.name, items)
  }

  /** A branch missed items: it had left, and subscribed again. */
  missed(items: number): void {
    this.notes.see('missed', this.name, items)
  }

  /**
   * A worker's observable emits although a result of it waits. Returns the error that ends the pipeline, if there is
   * one.
   */
  lookAtHeld(): UnpacedError | null {
    return this.notes.see('held', this.name)
  }

  innerBegan(): void {
    this.notes.unseen ??= 'the inner sources of operators above it'
  }

  stoppedLate(): void {
    this.notes.see('stop', this.name)
  }
}
