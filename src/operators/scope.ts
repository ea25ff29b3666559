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
import { background, type Context } from '../runtime/index.js'
import { queue, Ring, type Runnable } from '../runtime/kernel.js'

export interface Scope {
  readonly demand: Demand
  readonly ctx: Context
}

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

  get isOpen(): boolean {
    return this._isOpen
  }

  close(): void {
    if (!this._isRetired) this._isOpen = false
  }

  open(): void {
    if (this._isOpen) return
    this._isOpen = true
    this.passOn()
  }

  /** The stage has left: a source that others still listen to must not wait for it. */
  retire(): void {
    this._isRetired = true
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

  /** Whoever cannot use the open demand leaves it to the next. */
  passOn(): void {
    if (!this._isOpen) return
    const next = this._waiting.shift()
    if (next !== undefined) queue.push(next)
  }
}

/** One for the process, even where two copies of the package were loaded. */
const key = Symbol.for('millrace.scope.v1')
const shared = globalThis as { [key]?: { current: Scope | null } }
const scopes = (shared[key] ??= { current: null })

/** What holds where nobody laid a scope: the context of no end, and a demand that is always open. */
function unscoped(): Scope {
  return { demand: new Demand(), ctx: background }
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
