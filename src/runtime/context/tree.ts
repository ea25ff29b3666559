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
import { mistyped } from '../base/arguments.js'
import { CanceledError, DeadlineExceededError, withoutStack } from '../base/errors.js'
import { causeOf, isOperation, Operation } from '../operation/operation.js'
import { none, some, type Option } from '../base/option.js'
import { QueuedOperation } from '../operation/queued.js'
import type { Resource } from '../operation/resource.js'
import { queue } from '../scheduler/run-queue.js'
import { time, type Entry } from '../scheduler/timers.js'
import type { CancelContext, Context, ContextKey, Op } from '../interfaces/op.js'
import { PENDING, Reaction, WaitQueue, type Pending } from '../operation/waiter.js'

/** What all contexts of ours can be asked by those derived from them. */
abstract class Base implements Context {
  /** See `checkContext`. */
  get millraceContext(): true {
    return true
  }
  abstract done(): Op<void>
  abstract err(): Option<Error>
  abstract cause(): Option<unknown>
  abstract deadline(): Option<number>
  abstract value<V>(key: ContextKey<V>): Option<V>
  abstract readonly signal: AbortSignal
  /** The nearest context that can be ended, itself included; null where none is, undefined where a user's own stands before it. */
  abstract readonly endable: Endable | null | undefined
}

/** Never ends: the root of a tree. */
export class Root extends Base {
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
export class Endable extends Base implements CancelContext, Resource {
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

  get kind(): string {
    return 'context'
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
    if (error._tag === 'Some') this.mark(error.value, causeOf(outer))
    else if (parent !== undefined) parent.adopt(this)
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

  protected adopt(child: Endable): void {
    const first = this._firstChild
    child._parent = this
    child._next = first
    if (first !== null) first._previous = child
    this._firstChild = child
  }

  protected leaveParent(): Endable | null {
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
    const parent = this.leaveParent()
    const ended: Endable[] = [this]
    this.mark(error, cause)
    // Decide: the whole tree, breadth first.
    for (let i = 0; i < ended.length; i++) {
      const parent = ended[i] // within its length
      for (let child = parent._firstChild; child !== null;) {
        const next: Endable | null = child._next
        child._parent = child._previous = child._next = null
        child.mark(error, cause)
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

  protected mark(error: Error, cause: unknown): void {
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
    return (this._done ??= this.makeDone())
  }

  protected makeDone(): Done {
    return new Done(this)
  }

  /** Somebody would have to be told of the end. */
  protected get isWatched(): boolean {
    return (
      this._firstChild !== null ||
      (this._done !== null && this._done.waiters.first !== null) ||
      (this._rare !== null && this._rare.controller !== null)
    )
  }

  protected get isLinked(): boolean {
    return this._parent !== null
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
export class Valued extends Base {
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
export class Detached extends Root {
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

export class Done extends QueuedOperation<void> {
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
  override finish(): void {}
  override resources(): readonly Resource[] {
    return [this.ctx]
  }
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

const neverDone = /* @__PURE__ */ new NeverDone()

export function newCanceled(): CanceledError {
  return withoutStack(() => new CanceledError())
}
