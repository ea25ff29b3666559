/**
 * What arrives at a stage, and what cannot be paced. A demand that is closed stops every source that claimed it; so an item that arrives
 * all the same tells of a source or an operator that does not obey:
 *
 * - (a) it arrives while the demand is closed;
 * - (b) it arrives outside the turn of a source that claimed the demand: something in between holds items back and lets them go later.
 *
 * By default the item is kept, in a ring, and the stage warns once: its name, what was seen, the cure. `overflow` says otherwise.
 */
import { Ring } from '../runtime/kernel.js'
import { Demand } from './scope.js'

/** What a stage does with an item that arrives while it is full. */
export type Overflow = 'keep' | 'error' | 'drop-oldest' | 'drop-newest'

export interface StageOptions {
  /** Default `keep`: nothing is lost, and the stage warns once. The drops keep as many items as the stage has places. */
  readonly overflow?: Overflow
  /** As warnings and errors call the stage; default: the operator's name. */
  readonly name?: string
}

/** What was seen at a stage that cannot be paced. */
export interface Unpaced {
  readonly stage: string
  readonly seen: 'arrival while the demand is closed' | 'arrival outside the turn of a source that claimed the demand'
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
  ) {}

  /** The error that ends the pipeline, if that is how it is to be. */
  see(seen: Unpaced['seen']): UnpacedError | null {
    const unpaced = { stage: this.name, seen, message: messageOf(this.name, seen) }
    if (isStrict || this.overflow === 'error') return new UnpacedError(unpaced)
    if (!this._hasWarned && this.overflow === 'keep') report(unpaced)
    this._hasWarned = true
    return null
  }
}

function messageOf(stage: string, seen: Unpaced['seen']): string {
  const cure =
    seen === 'arrival while the demand is closed'
      ? 'its source takes no notice of demand (a Subject, an event, a timer, from(array)), or is subscribed to where the scope does not reach. Use a source of millrace/operators, put relay() right after a foreign source, or queue(n, policy) or the overflow option here'
      : 'an operator in between holds items back and lets them go later (delay, observeOn, an async mergeMap). Use workerPool, rateLimit or retryWith in its place, or queue(n, policy) or the overflow option here'
  return `millrace: stage "${stage}" cannot be paced (${seen}): ${cure}. Items are kept in memory until they are taken.`
}

/** The items that wait at a stage, and the demand above it. */
export class Arrivals<T> {
  readonly demand = new Demand()
  private readonly _waiting = new Ring<T>()

  constructor(
    private readonly notes: StageNotes,
    private readonly places: number,
  ) {}

  get size(): number {
    return this._waiting.size
  }

  /** To be asked for each item, first: an error where the pipeline is to end. */
  look(): UnpacedError | null {
    const { demand } = this
    if (!demand.isOpen) return this.notes.see('arrival while the demand is closed')
    if (demand.claims > 0 && demand.turn === 0) return this.notes.see('arrival outside the turn of a source that claimed the demand')
    return null
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
  return new StageNotes(options?.name ?? operator, options?.overflow ?? 'keep')
}
