/**
 * What arrives at a stage, and what cannot be paced. A demand that is closed stops every source that claimed it; so what cannot be paced
 * shows itself:
 *
 * - `closed`: an item arrives while the demand is closed;
 * - `late`: items arrive outside the turn of a source that claimed the demand, while items of its turns are missing: something in between
 *   holds them back and lets them go later;
 * - `missing`: a great many were emitted in a row and none arrived: something in between keeps them, or drops them. Which of the two cannot be
 *   seen from here, so this warns and never fails (but for `strictDemand`), and `sparse` says that it is the second;
 * - `piled`: a great many neither arrived nor led to another source, while inner sources run (see `pile-up.ts`). This never fails;
 * - `stop`: an item that had waited for demand ended all that is above, and did not arrive: the notifier of a takeUntil.
 *
 * A foreign source beside one of ours, `merge(timer, ours)`, is none of these as long as its items find the stage open: what ours emits arrives
 * in its turn, so nothing is missing.
 *
 * By default the item is kept, in a ring, and the stage warns once: its name, what was seen, the cure. `overflow` says otherwise.
 */
import { Ring } from '../../runtime/internal.js'
import { Demand, type Foreman, type Scope } from './scope.js'

/** What a stage does with an item that arrives while it is full. */
export type Overflow = 'keep' | 'error' | 'drop-oldest' | 'drop-newest'

export interface StageOptions {
  /** Default `keep`: nothing is lost, and the stage warns once. The drops keep as many items as the stage has places. */
  readonly overflow?: Overflow
  /** As warnings and errors call the stage; default: the operator's name. */
  readonly name?: string
  /** Few of the items emitted above arrive here, for a filter is in between: that thousands in a row do not is no cause to warn. */
  readonly sparse?: boolean
}

const SEEN = {
  closed: 'arrival while the demand is closed',
  late: 'arrival outside the turn of a source that claimed the demand',
  missing: 'many items in a row were emitted above, and none arrived',
  piled: 'items pile up inside an operator while inner sources run',
  stop: 'what ended the source had waited for demand',
} as const

const CURES: Record<keyof typeof SEEN, string> = {
  closed:
    'its source takes no notice of demand (a Subject, an event, a timer, from(array)), or is subscribed to where the scope does not reach (subscribeOn, a retry or repeat after a delay, what a timer or a fetch leads to). Use a source of millrace/operators; relay() right after a foreign source; retryWith, repeatWith; or queue(n, policy) or the overflow option here',
  late: 'an operator in between holds items back and lets them go later (delay, observeOn, an async mergeMap). Use workerPool, rateLimit or retryWith in its place, or queue(n, policy) or the overflow option here. If it is a source beside one whose items a filter drops, { sparse: true } here says so',
  missing:
    'an operator in between keeps them without a bound (zip, toArray, a large buffer), or drops them (filter, skip). In place of the first use zipBounded or batch; if it is the second, { sparse: true } here says so',
  piled:
    'concatMap and mergeMap(f, n) buffer them without a bound. Use workerPool(n, f), which pauses the source; f may return an observable. If a filter drops these items, nothing is buffered, and { sparse: true } here says so',
  stop: 'takeUntil takes its stop for a source like any other, and hears of it only when the stage is not full. Use until(stop) in its place',
}

/** Items missing when one arrives at last, before that is told. */
const MANY_MISSING = 10_000

/** What was seen at a stage that cannot be paced. */
export interface Unpaced {
  readonly stage: string
  readonly seen: (typeof SEEN)[keyof typeof SEEN]
  readonly message: string
}

/** With `overflow: 'error'`, or `strictDemand()`: something above this stage does not obey its demand. */
export class UnpacedError extends Error {
  override readonly name = 'UnpacedError'
  constructor(readonly unpaced: Unpaced) {
    super(unpaced.message)
  }
}

let report: (unpaced: Unpaced) => void = ({ message }) => console.warn(message)
let isStrict = false

/** Takes the warnings in place of the console. Answers how to take that back. */
export function onUnpaced(hook: (unpaced: Unpaced) => void): () => void {
  const before = report
  report = hook
  return () => void (report = before)
}

/** For tests: what cannot be paced is an error of its pipeline, whatever `overflow` says. Answers how to take that back. */
export function strictDemand(): () => void {
  const before = isStrict
  isStrict = true
  return () => void (isStrict = before)
}

/** A stage as it was written down: one for all its subscriptions, so that it warns once. */
export class StageNotes {
  private _hasWarned = false

  constructor(
    readonly name: string,
    readonly overflow: Overflow,
    readonly isSparse = false,
  ) {}

  /** The error that ends the pipeline, if that is how it is to be. */
  see(kind: keyof typeof SEEN, stage: string, items?: number): UnpacedError | null {
    if ((kind === 'missing' || kind === 'piled') && this.isSparse) return null
    const unpaced = { stage, seen: SEEN[kind], message: messageOf(stage, kind, items) }
    const isCertain = kind === 'closed' || kind === 'late'
    if (kind !== 'stop' && kind !== 'piled' && (isStrict || (isCertain && this.overflow === 'error'))) return new UnpacedError(unpaced)
    if (!this._hasWarned && (!isCertain || this.overflow === 'keep')) {
      this._hasWarned = true
      report(unpaced)
    }
    return null
  }
}

function messageOf(stage: string, kind: keyof typeof SEEN, items?: number): string {
  if (kind === 'piled') return `millrace: above stage "${stage}" about ${items} ${SEEN.piled}: ${CURES.piled}.`
  const after = kind === 'stop' ? '' : ' Items are kept in memory until they are taken.'
  return `millrace: stage "${stage}" cannot be paced (${SEEN[kind]}): ${CURES[kind]}.${after}`
}

/** The items that wait at a stage, and the demand above it. */
export class Arrivals<T> implements Foreman {
  readonly demand: Demand = new Demand(this)
  /** As warnings and errors call the stage. */
  readonly name: string
  private readonly _waiting = new Ring<T>()
  /** Items that arrived outside a turn since one arrived inside. */
  private _late = 0
  /** Items that have come. */
  arrived = 0
  /** How many are in places; counted by the stage. */
  used = 0

  constructor(
    private readonly notes: StageNotes,
    readonly places: number,
    below: Scope,
  ) {
    this.name = below.name === '' ? notes.name : `${below.name}/${notes.name}`
  }

  get size(): number {
    return this._waiting.size
  }

  get depth(): number {
    return this.used + this._waiting.size
  }

  /** To be asked for each item, first: an error where the pipeline is to end. */
  look(): UnpacedError | null {
    const { demand } = this
    this.arrived++
    if (demand.turn === 0) return this._lookOutsideTurn()
    const missing = demand.unseen - 1 // this one is among them
    demand.unseen = this._late = 0
    if (!demand.isOpen) return this.notes.see('closed', this.name)
    return missing < MANY_MISSING ? null : this.notes.see('missing', this.name)
  }

  private _lookOutsideTurn(): UnpacedError | null {
    const { demand } = this
    this._late++
    if (!this.notes.isSparse && demand.unseen >= this._late && (this._late > this.places || !demand.isOpen))
      return this.notes.see('late', this.name)
    return demand.isOpen ? null : this.notes.see('closed', this.name)
  }

  /** Called by a source while it emits: what is thrown is its error. */
  noneArrived(): void {
    const unpaced = this.notes.see('missing', this.name)
    if (unpaced !== null) throw unpaced
  }

  piledUp(items: number): void {
    this.notes.see('piled', this.name, items)
  }

  stoppedLate(): void {
    this.notes.see('stop', this.name)
  }

  /** The stage is full: the item waits, or it or another is lost. */
  keep(value: T): void {
    const { overflow } = this.notes
    const isFull = this._waiting.size >= this.places
    if (overflow === 'drop-newest' && isFull) return
    if (overflow === 'drop-oldest' && isFull) this._waiting.shift()
    this._waiting.push(value)
  }

  take(): T {
    return this._waiting.shift() as T // its size was looked at
  }
}

export function stageNotes(operator: string, options: StageOptions | undefined): StageNotes {
  return new StageNotes(options?.name ?? operator, options?.overflow ?? 'keep', options?.sparse)
}
