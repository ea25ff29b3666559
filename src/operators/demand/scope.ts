/**
 * Demand travels up, values travel down.
 *
 * RxJS's `subscribe` carries no demand. So while one of our stages subscribes to what is above it, it lays a scope: the demand it has, the
 * context that holds, its name. A source of ours that is reached through operators which subscribe synchronously picks the scope up, pauses
 * when the demand closes, and goes on when it opens.
 *
 *     stage: under(scope, () => source.subscribe(…))      source: claim() at subscription
 *     stage: demand.close() … demand.open()               source: pauses … goes on
 *     source: lays the scope again around its own next, error and complete, so that what is subscribed there finds it as well
 *
 * No internals of RxJS are touched. What cannot be paced so is detected: see `arrivals.ts`.
 */
import { background, type Context, type Sender } from '../../runtime/index.js'
import { queue, Ring, type Runnable } from '../../runtime/internal.js'
import type { DeadLetter } from './dead-letter.js'
import type { Leaving } from './pending-cleanup.js'

export interface Scope {
  readonly demand: Demand
  readonly ctx: Context
  /** What `named` calls the part of the pipeline that is above it; empty where none does. */
  readonly name: string
  /** Where `catchTo` has the items sent whose work fails. */
  readonly letters: Sender<DeadLetter> | null
  /** Where a run keeps the goroutines that are to have ended before it has. */
  readonly leaving: Leaving | null
  /** The source that emits at this moment: what is subscribed to meanwhile is an inner source of it. */
  readonly outer: OuterSource | null
}

/** Who laid the demand, as those see it who emit within it. */
export interface Foreman {
  /** Items in its places, and the places there are. */
  readonly depth: number
  readonly places: number
  /** So many items were emitted above in a row, and none of them has arrived. */
  noneArrived(): void
  /** So many items may be kept by an operator above, while inner sources run: see `pile-up.ts`. */
  piledUp(items: number): void
  /** An item that had waited for demand did not arrive, but ended all that is above. */
  stoppedLate(): void
}

/** A source whose items lead to others, as those see it. */
export interface OuterSource {
  /** A source is subscribed to while this one emits. Returns the source whose inner source that is. */
  begins(): OuterSource | null
  /** An inner source begins as another one ends. */
  beginsAtEnd(): void
  /** An inner source has ended. */
  ended(): void
}

/** Told as a demand closes and opens: what a meter needs. */
export interface DemandWatch {
  closed(): void
  opened(): void
}

/** Items emitted in a row, none of which has arrived, before that is told. */
const MANY_UNSEEN = 100_000
/** And before a source lets the others have a turn: they may be what it takes for one to arrive (zip). */
const SOME_UNSEEN = 64

/**
 * Whether a stage takes more. Sources that wait for it rotate: each emits one item and queues up again, where several share it.
 */
export class Demand {
  private _isOpen = true
  private _isRetired = false
  private readonly _waiting = new Ring<Runnable>()
  /** Sources that pause on it. */
  claims = 0
  /** Not 0 while one of them emits. */
  turn = 0
  /** Items they emitted since one arrived in their turn. */
  unseen = 0
  /** Nothing comes from above any more. */
  isComplete = false
  /** Made when the first one watches. */
  watches: Set<DemandWatch> | null = null

  constructor(readonly foreman: Foreman | null = null) {}

  get isOpen(): boolean {
    return this._isOpen
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
    this.passOn()
  }

  /** A source emits an item in its turn. */
  emitted(): void {
    if (++this.unseen === MANY_UNSEEN) this.foreman?.noneArrived()
  }

  /** The stage has left: a source that others still listen to must not wait for it. */
  retire(): void {
    this._isRetired = true
    if (!this._isOpen && this.watches !== null) for (const watch of this.watches) watch.opened()
    this._isOpen = true
    for (let next = this._waiting.shift(); next !== undefined; next = this._waiting.shift()) queue.push(next)
  }

  /** Calls `source` when it is open again, and its turn. */
  wait(source: Runnable): void {
    this._waiting.push(source)
  }

  get othersWait(): boolean {
    return this._waiting.size > 0
  }

  /** The source is to give way, though the demand is open. */
  get isOthersTurn(): boolean {
    return this.unseen >= SOME_UNSEEN && this.claims > 1
  }

  /** Whoever cannot use the open demand leaves it to the next. */
  passOn(): void {
    if (!this._isOpen) return
    const next = this._waiting.shift()
    if (next !== undefined) queue.push(next)
  }
}

/** One for the process, even where two copies of the package were loaded. */
const key = Symbol.for('millrace.scope.v1')
// a place of ours alone
const shared = globalThis as { [key]?: { current: Scope | null } }
const scopes = (shared[key] ??= { current: null })

/** What holds where nobody laid a scope: the context of no end, and a demand that is always open. */
function unscoped(): Scope {
  return { demand: new Demand(), ctx: background, name: '', letters: null, leaving: null, outer: null }
}

/** What a run lays: a demand that is always open, and sees what arrives. */
export function scopeOfRun(ctx: Context, leaving: Leaving, foreman: Foreman): Scope {
  return { demand: new Demand(foreman), ctx, name: '', letters: null, leaving, outer: null }
}

/** What a stage lays above itself: all that holds below it, and its own demand. */
export function withDemand({ ctx, name, letters, leaving }: Scope, demand: Demand): Scope {
  return { demand, ctx, name, letters, leaving, outer: null }
}

/** The scope laid by the nearest stage of ours below, at the moment of subscription. */
export function currentScope(): Scope {
  return scopes.current ?? unscoped()
}

/** Runs `f` with the scope laid; null clears it, as our stages do before they call user code. */
export function under<R>(scope: Scope | null, f: () => R): R {
  const before = scopes.current
  scopes.current = scope
  try {
    return f()
  } finally {
    scopes.current = before
  }
}

/** The same by hand, for loops that lay it once for many items: answers what to restore. */
export function lay(scope: Scope | null): Scope | null {
  const before = scopes.current
  scopes.current = scope
  return before
}
