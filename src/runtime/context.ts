/**
 * Contexts: Go's `context` package. A context ends once, and everything derived from it ends in the same turn.
 *
 *     background ── withValue ── withCancel ─┬─ withTimeout ── …
 *                                            └─ withCancel ── …
 *
 * Always true:
 * - The children of a context are those that have not ended: one that ends leaves its parent.
 * - Ending a tree first marks all of it, and only then tells anyone: whoever looks sees the whole tree ended. It keeps its own stack, so that
 *   a tree may be 100,000 deep.
 * - `err()` is set exactly when `done()` is ready.
 *
 * A context of the user's own may stand anywhere in a chain; what is derived from it waits for its `done()`.
 */
import { CanceledError, checkFunction, checkTime, DeadlineExceededError, mistyped, withoutStack } from './errors.js'
import { spawn, type Body } from './goroutine.js'
import { causeOf, checkContext, checkOperation, CONTEXT, isOperation, Operation } from './op.js'
import { none, some, type Option } from './option.js'
import { queue } from './run-queue.js'
import { time, type Entry } from './timers.js'
import type { CancelContext, Context, ContextKey, Op } from './types.js'
import { PENDING, Reaction, WaitQueue, type Pending, type Waiter } from './waiter.js'

/** What all contexts of ours can be asked by those derived from them. */
abstract class Base implements Context {
  abstract done(): Op<void>
  abstract err(): Option<Error>
  abstract cause(): Option<unknown>
  abstract deadline(): Option<number>
  abstract value<V>(key: ContextKey<V>): Option<V>
  abstract readonly signal: AbortSignal
  /** The nearest context that can be ended, itself included; null where none is, undefined where a user's own stands before it. */
  abstract readonly endable: Endable | null | undefined
}

Object.defineProperty(Base.prototype, CONTEXT, { value: true })

/** Never ends: the root of a tree. */
class Root extends Base {
  readonly endable = null
  private _signal: AbortSignal | null = null

  constructor(private readonly name: string) {
    super()
  }
  done(): Op<void> {
    return neverDone
  }
  err(): Option<Error> {
    return none
  }
  cause(): Option<unknown> {
    return none
  }
  deadline(): Option<number> {
    return none
  }
  value<V>(_key: ContextKey<V>): Option<V> {
    return none
  }
  get signal(): AbortSignal {
    return (this._signal ??= new AbortController().signal)
  }
  override toString(): string {
    return this.name
  }
}

/** What few contexts have. */
interface Rare {
  controller: AbortController | null
  deadline: number
  timer: Entry | null
  readonly timeoutCause: unknown
}

/** ms since 1970 began, and no Date is later. */
const LAST_DATE = 8.64e15

/** A context that can be ended. */
class Endable extends Base implements CancelContext {
  // The children, linked through themselves: leaving is O(1), and one with no child costs no list.
  private _firstChild: Endable | null = null
  private _previous: Endable | null = null
  private _next: Endable | null = null
  private _parent: Endable | null = null
  private _error: Error | null = null
  private _cause: unknown = undefined
  private _done: Done | null = null
  private _rare: Rare | null = null

  constructor(private readonly outer: Context) {
    super()
  }

  get endable(): Endable {
    return this
  }

  /** Ends when the outer context does, or now if that has ended. */
  follow(): this {
    const parent = this.outer instanceof Base ? this.outer.endable : undefined
    if (parent === null) return this
    const { outer } = this
    const error = outer.err()
    if (error._tag === 'Some') this._mark(error.value, causeOf(outer))
    else if (parent !== undefined) parent._adopt(this)
    else this._followForeign(outer)
    return this
  }

  /** A context of the user's own is followed through its `done()`; the link is let go when this one ends first. */
  private _followForeign(outer: Context): void {
    const done = outer.done()
    if (!isOperation(done)) throw mistyped('a Context of your own: done()', 'an operation', done)
    const link = new Reaction(() => {
      const error = outer.err()
      this.end(error._tag === 'Some' ? error.value : newCanceled(), causeOf(outer))
    })
    done.park(link)
    const own = this.done() as Done // what it hands out
    own.waiters.push(new Reaction(() => (outer.err()._tag === 'None' ? done.withdraw(link) : undefined)))
  }

  private _adopt(child: Endable): void {
    const first = this._firstChild
    child._parent = this
    child._next = first
    if (first !== null) first._previous = child
    this._firstChild = child
  }

  private _leaveParent(): Endable | null {
    const parent = this._parent
    if (parent === null) return null
    if (this._previous === null) parent._firstChild = this._next
    else this._previous._next = this._next
    if (this._next !== null) this._next._previous = this._previous
    this._parent = this._previous = this._next = null
    return parent
  }

  /** For one that listens to something only while it has children. */
  protected childless(): void {}

  /** Ends at this time, and not of itself where an outer context ends by then. */
  setDeadline(at: number, timeoutCause: unknown): void {
    const { timers } = time
    const isPast = at <= timers.now()
    const outer = this.outer.deadline()
    const isOuters = !isPast && outer._tag === 'Some' && outer.value <= at
    const deadline = isOuters ? outer.value : at === Infinity ? NaN : at
    this._rare = { ...this._rareParts(), deadline, timeoutCause }
    if (this._error !== null) return
    if (isPast) this._expire()
    else if (!isOuters && at !== Infinity) this._rare.timer = timers.add(at, () => this._expire()) // a parent that ends sooner needs no second timer
  }

  private _expire(): void {
    const error = withoutStack(() => new DeadlineExceededError())
    this.end(error, this._rare?.timeoutCause ?? error)
  }

  private _rareParts(): Rare {
    return (this._rare ??= { controller: null, deadline: NaN, timer: null, timeoutCause: undefined })
  }

  cancel(cause?: unknown): void {
    if (this._error !== null) return
    if (queue.probe !== null) queue.probe.cancelContext?.(this)
    const error = newCanceled()
    this.end(error, cause ?? error)
  }

  [Symbol.dispose](): void {
    this.cancel()
  }

  end(error: Error, cause: unknown): void {
    if (this._error !== null) return
    const parent = this._leaveParent()
    const ended: Endable[] = [this]
    this._mark(error, cause)
    // Decide: the whole tree, breadth first.
    for (let i = 0; i < ended.length; i++) {
      const parent = ended[i] // within its length
      for (let child = parent._firstChild; child !== null;) {
        const next: Endable | null = child._next
        child._parent = child._previous = child._next = null
        child._mark(error, cause)
        ended.push(child)
        child = next
      }
      parent._firstChild = null
    }
    // Act: those that wait first, then the listeners of signals, who are user code.
    for (const one of ended) one._done?.waiters.settleAll(undefined)
    for (const one of ended) one._rare?.controller?.abort(cause)
    if (parent !== null && parent._firstChild === null) parent.childless() // last, for a signal of the user's may throw
  }

  private _mark(error: Error, cause: unknown): void {
    this._error = error
    this._cause = cause
    const rare = this._rare
    if (rare !== null && rare.timer !== null) {
      time.timers.remove(rare.timer)
      rare.timer = null
    }
  }

  get hasEnded(): boolean {
    return this._error !== null
  }

  done(): Op<void> {
    return (this._done ??= new Done(this))
  }

  err(): Option<Error> {
    return this._error === null ? none : some(this._error)
  }

  cause(): Option<unknown> {
    return this._error === null ? none : some(this._cause)
  }

  /** The nearest there is, outward: none is later than one farther out. */
  deadline(): Option<number> {
    for (let one: Context = this; ;) {
      if (one instanceof Valued) one = one.bearer
      else if (!(one instanceof Endable)) return one.deadline()
      else if (one._rare !== null && !Number.isNaN(one._rare.deadline)) return some(one._rare.deadline)
      else one = one.outer
    }
  }

  value<V>(key: ContextKey<V>): Option<V> {
    return lookUp(this.outer, key)
  }

  get signal(): AbortSignal {
    const rare = this._rareParts()
    if (rare.controller === null) {
      rare.controller = new AbortController()
      if (this._error !== null) rare.controller.abort(this._cause)
    }
    return rare.controller.signal
  }

  /** Outward, and so the first in the chain to be asked. */
  get parent(): Context {
    return this.outer
  }

  override toString(): string {
    const deadline = this._rare?.deadline ?? NaN
    return Number.isNaN(deadline)
      ? `${String(this.outer)}.WithCancel`
      : `${String(this.outer)}.WithDeadline(${Math.abs(deadline) <= LAST_DATE ? new Date(deadline).toISOString() : deadline})`
  }
}

/** Carries one value, and is for the rest what it was derived from. */
class Valued extends Base {
  /** The nearest outward that carries no value: what this is for the rest. */
  readonly bearer: Context

  constructor(
    readonly parent: Context,
    readonly key: ContextKey<unknown>,
    readonly held: unknown,
  ) {
    super()
    this.bearer = parent instanceof Valued ? parent.bearer : parent
  }
  get endable(): Endable | null | undefined {
    return this.bearer instanceof Base ? this.bearer.endable : undefined
  }
  done(): Op<void> {
    return this.bearer.done()
  }
  err(): Option<Error> {
    return this.bearer.err()
  }
  cause(): Option<unknown> {
    return this.bearer.cause()
  }
  deadline(): Option<number> {
    return this.bearer.deadline()
  }
  value<V>(key: ContextKey<V>): Option<V> {
    return lookUp(this, key)
  }
  get signal(): AbortSignal {
    return this.bearer.signal
  }
  override toString(): string {
    return `${String(this.parent)}.WithValue(${this.key.name})`
  }
}

/** Has the values of its parent, and does not end with it. */
class Detached extends Root {
  constructor(readonly parent: Context) {
    super('')
  }
  override value<V>(key: ContextKey<V>): Option<V> {
    return lookUp(this.parent, key)
  }
  override toString(): string {
    return `${String(this.parent)}.WithoutCancel`
  }
}

/** Goes outward through a chain of any length without a stack. */
function lookUp<V>(from: Context, key: ContextKey<V>): Option<V> {
  for (let one = from; ;) {
    if (one instanceof Valued) {
      if (one.key === key) return some(one.held as V) // the key's type says which
      one = one.parent
    } else if (one instanceof Endable || one instanceof Detached) one = one.parent
    else return one.value(key)
  }
}

class Done extends Operation<void> {
  readonly waiters = new WaitQueue()

  constructor(private readonly ctx: Endable) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): void | Pending {
    return this.ctx.hasEnded ? undefined : PENDING
  }
  park(waiter: Waiter): void {
    this.waiters.push(waiter)
  }
  withdraw(waiter: Waiter): void {
    this.waiters.remove(waiter)
  }
  override finish(): void {}
  describe(): string {
    return 'context done'
  }
}

class NeverDone extends Operation<void> {
  poll(): Pending {
    return PENDING
  }
  park(): void {}
  withdraw(): void {}
  describe(): string {
    return 'chan receive (nil chan)'
  }
}

const neverDone = new NeverDone()

function newCanceled(): CanceledError {
  return withoutStack(() => new CanceledError())
}

/** Never ends, has no deadline and no values: where every tree of contexts begins. Source: Go's `context.Background`. */
export const background: Context = new Root('context.Background')

/** As `background`, for where it is not yet clear which context to use. Source: Go's `context.TODO`. */
export const todo: Context = new Root('context.TODO')

/**
 * A context that ends when it is canceled or its parent ends, whichever comes first. Cancel it when its work is done, or let `using` do so:
 * until then its parent holds on to it. Source: Go's `context.WithCancelCause`.
 *
 * @example
 * ```ts
 * using ctx = withCancel(background)
 * go(worker, ctx)
 * ```
 */
export function withCancel(parent: Context): CancelContext {
  return new Endable(checkContext('withCancel(parent)', parent)).follow()
}

/**
 * As `withCancel`, and ends with DeadlineExceededError after `ms`; its cause is `cause` where one is given. Zero and below: it has ended
 * already. Source: Go's `context.WithTimeoutCause`.
 */
export function withTimeout(parent: Context, ms: number, cause?: unknown): CancelContext {
  checkTime('withTimeout(parent, ms)', ms)
  return withEnd(checkContext('withTimeout(parent, ms)', parent), time.timers.now() + ms, cause)
}

/** As `withTimeout`, with the point in time: ms since 1970 began, as `Date.now()`. Source: Go's `context.WithDeadlineCause`. */
export function withDeadline(parent: Context, epochMs: number, cause?: unknown): CancelContext {
  checkTime('withDeadline(parent, epochMs)', epochMs)
  return withEnd(checkContext('withDeadline(parent, epochMs)', parent), epochMs, cause)
}

function withEnd(parent: Context, at: number, cause: unknown): CancelContext {
  const ctx = new Endable(parent).follow()
  ctx.setDeadline(at, cause)
  return ctx
}

/** A context with one value more; the inner hides the outer. Throws TypeError "nil key". Source: Go's `context.WithValue`. */
export function withValue<V>(parent: Context, key: ContextKey<V>, value: V): Context {
  if (key === null || key === undefined) throw mistyped('withValue: nil key', 'a key made by contextKey', key)
  return new Valued(checkContext('withValue(parent, key, value)', parent), key, value)
}

/** The values of the parent without its end: for work that has to outlive it. Source: Go's `context.WithoutCancel`. */
export function withoutCancel(parent: Context): Context {
  return new Detached(checkContext('withoutCancel(parent)', parent))
}

/** A key of its own for `withValue`; two of one name are two keys. */
export function contextKey<V>(name: string): ContextKey<V> {
  return { name }
}

/**
 * Starts `f` as a goroutine once the context ends, soon if it has ended. Answers a function that calls that off: true if it did, false if
 * `f` was started or called off before. Source: Go's `context.AfterFunc`.
 */
export function afterFunc(ctx: Context, f: Body<[], unknown>): () => boolean {
  checkContext('afterFunc(ctx, f)', ctx)
  checkFunction('afterFunc(ctx, f)', f)
  const done = checkOperation('afterFunc(ctx, f): ctx.done()', ctx.done())
  let isWaiting = true
  const start = (): void => {
    isWaiting = false
    spawn(f, [], null)
  }
  if (ctx.err()._tag === 'Some') {
    start()
    return () => false
  }
  const reaction = new Reaction(start)
  done.park(reaction)
  return () => {
    if (!isWaiting) return false
    isWaiting = false
    done.withdraw(reaction)
    return true
  }
}

/** The hidden context of a signal: it listens only while something is derived from it. */
class OfSignal extends Endable {
  private _listens = false

  constructor(private readonly source: AbortSignal) {
    super(background)
  }
  private readonly _onAbort = (): void => this.end(newCanceled(), this.source.reason)

  derive(): CancelContext {
    if (this.source.aborted) this.end(newCanceled(), this.source.reason)
    else if (!this._listens) {
      this.source.addEventListener('abort', this._onAbort, { once: true })
      this._listens = true
    }
    return new Endable(this).follow()
  }

  protected override childless(): void {
    this._listens = false
    this.source.removeEventListener('abort', this._onAbort)
  }
}

const ofSignals = new WeakMap<AbortSignal, OfSignal>()

/**
 * A context that ends when the signal aborts, with the signal's reason as its cause. However many are made from one signal, it gets one
 * listener, and none once they have all ended.
 */
export function fromSignal(signal: AbortSignal): CancelContext {
  const it = signal as Partial<AbortSignal> | null | undefined // from JavaScript it may be anything
  if (typeof it?.aborted !== 'boolean' || typeof it.addEventListener !== 'function')
    throw mistyped('fromSignal(signal)', 'an AbortSignal', signal)
  let hidden = ofSignals.get(signal)
  if (hidden === undefined) ofSignals.set(signal, (hidden = new OfSignal(signal)))
  return hidden.derive()
}
