/**
 * The tree of contexts: Go's `context` package. A context ends once, and every context derived from it ends in the same
 * turn.
 *
 *     background ── withValue ── withCancel ─┬─ withTimeout ── …
 *                                            └─ withCancel ── …
 *
 * Always true:
 * - The children of a context are those that have not ended: a context that ends leaves its parent.
 * - Ending a tree first marks all of it, and only then settles waiters: no code sees a tree of which a part has ended.
 *   The walk keeps its own stack, so a tree may be 100,000 deep.
 * - `err()` is set exactly when `done()` is ready.
 *
 * A user's context may stand anywhere in a chain; a context derived from it waits for its `done()`.
 */
import { Done } from './done.js'
import { OwnSignal } from './own-signal.js'
import type { Rare } from './rare.js'
import { mistyped } from '../base/arguments.js'
import { dateText } from '../base/clock.js'
import { CanceledError, DeadlineExceededError, newCanceled, UNMADE, withoutStack } from '../base/errors.js'
import { none, some, type Option } from '../base/option.js'
import { causeOf, type CancelContext, type Context, type ContextKey } from '../interfaces/context.js'
import { rememberCause } from '../interfaces/echo.js'
import type { Op } from '../interfaces/op.js'
import { isOperation } from '../operation/operation.js'
import type { Resource } from '../operation/resource.js'
import { Reaction } from '../operation/waiter.js'
import { attempted } from '../scheduler/attempt.js'
import { queue } from '../scheduler/run-queue.js'
import { time, type Timers } from '../scheduler/timers.js'

/** A context of the package: a node of the tree. The walks outward are loops, so that a chain may have any length. */
export abstract class TreeContext implements Context {
  /** The mark that `checkContext` looks for. */
  get millraceContext(): true {
    return true
  }
  abstract done(): Op<void>
  abstract err(): Option<Error>
  abstract cause(): Option<unknown>
  abstract readonly signal: AbortSignal
  /** The context that this one was derived from; null for a root. */
  abstract readonly parent: Context | null
  /**
   * The nearest context outward that can be ended, this one included; null where there is none, undefined where a
   * user's context stands before it.
   */
  abstract readonly endable: CancelableContext | null | undefined

  /** The deadline set on this context itself, in ms; NaN where there is none. */
  protected get ownDeadline(): number {
    return NaN
  }

  /** The value that this context itself carries for the key; null where it carries none. */
  protected ownValue<V>(_key: ContextKey<V>): Option<V> | null {
    return null
  }

  /** The nearest deadline outward; no deadline farther out is earlier. */
  deadline(): Option<number> {
    let at: Context | null = this
    for (; at instanceof TreeContext; at = at.parent) {
      if (at.endable === null) return none
      if (!Number.isNaN(at.ownDeadline)) return some(at.ownDeadline)
    }
    return at === null ? none : at.deadline()
  }

  value<V>(key: ContextKey<V>): Option<V> {
    let at: Context | null = this
    for (; at instanceof TreeContext; at = at.parent) {
      const own = at.ownValue(key)
      if (own !== null) return own
    }
    return at === null ? none : at.value(key)
  }
}

/** A context that can be ended, by `cancel`, by its deadline or with its parent. */
export class CancelableContext extends TreeContext implements CancelContext, Resource {
  // The children are linked through themselves: leaving is O(1), and a context without children needs no list.
  private _firstChild: CancelableContext | null = null
  private _previous: CancelableContext | null = null
  private _next: CancelableContext | null = null
  /** The context in whose list of children this one stands. */
  private _linked: CancelableContext | null = null
  private _error: Error | null = null
  private _cause: unknown = undefined
  private _done: Done | null = null
  private _rare: Rare | null = null

  constructor(readonly parent: Context) {
    super()
  }

  get kind(): string {
    return 'context'
  }

  get endable(): CancelableContext {
    return this
  }

  /** Ends this context when its parent ends, or now if the parent has ended. */
  follow(): this {
    const outer = this.parent
    const endable = outer instanceof TreeContext ? outer.endable : undefined
    if (endable === null) return this
    const error = outer.err()
    if (error._tag === 'Some') this.mark(error.value, causeOf(outer))
    else if (endable !== undefined) endable.adopt(this)
    else this._followForeign(outer)
    return this
  }

  /** Follows a user's context through its `done()`; the link is withdrawn when this context ends first. */
  private _followForeign(outer: Context): void {
    const done = outer.done()
    if (!isOperation(done)) throw mistyped('a Context of your own: done()', 'an operation', done)
    let isParked = true
    const link = new Reaction(() => {
      isParked = false
      this._endAs(outer)
    })
    done.park(link)
    const own = this.done() as Done // made by `makeDone`
    own.waiters.push(new Reaction(() => (isParked ? done.withdraw(link) : undefined)))
  }

  /** Ends as a user's context has. Where that context throws, its error is the cause: it keeps no other waiter from its end. */
  private _endAs(outer: Context): void {
    let error: Error
    let cause: unknown
    try {
      const end = outer.err()
      error = end._tag === 'Some' ? end.value : newCanceled()
      cause = causeOf(outer)
    } catch (fault) {
      error = withoutStack(() => new CanceledError(fault))
      cause = fault
    }
    this.end(error, cause)
  }

  protected adopt(child: CancelableContext): void {
    const first = this._firstChild
    child._linked = this
    child._next = first
    if (first !== null) first._previous = child
    this._firstChild = child
  }

  protected leaveParent(): CancelableContext | null {
    const parent = this._linked
    if (parent === null) return null
    if (this._previous === null) parent._firstChild = this._next
    else this._previous._next = this._next
    if (this._next !== null) this._next._previous = this._previous
    this._linked = this._previous = this._next = null
    return parent
  }

  /** Called when the last child has left: for a context that listens to a signal only while it has children. */
  protected childless(): void {}

  /** Ends this context in `ms`, which is at `deadline`. Where its parent ends by then, it needs no second timer. */
  setDeadline(ms: number, deadline: number, timeoutCause: unknown, allowed = NaN): void {
    const { timers } = time
    const due = timers.now() + ms
    const outer = ms > 0 ? this._outerDeadline(timers) : null
    const own = outer !== null && outer.due <= due ? outer : { deadline: deadline === Infinity ? NaN : deadline, due }
    this._rare = { ...this._rareParts(), ...own, timers, allowed, timeoutCause }
    if (this._error !== null) return
    if (ms <= 0) this._expire()
    else if (own !== outer && ms !== Infinity) this._rare.timer = timers.add(due, () => this._expire())
  }

  /**
   * The nearest deadline outward; null where there is none, or it is of another clock and may never come by this one.
   */
  private _outerDeadline(timers: Timers): Pick<Rare, 'deadline' | 'due'> | null {
    let at: Context | null = this.parent
    for (; at instanceof TreeContext; at = at.parent) {
      if (at.endable === null) return null
      const rare = at instanceof CancelableContext ? at._rare : null
      if (rare !== null && !Number.isNaN(rare.deadline)) return rare.timers === timers ? { deadline: rare.deadline, due: rare.due } : null
    }
    const foreign = at?.deadline()
    if (foreign?._tag !== 'Some') return null
    return { deadline: foreign.value, due: timers.now() + (foreign.value - timers.wall()) }
  }

  private _expire(): void {
    const { deadline, allowed, timeoutCause } = this._rareParts()
    const limit = Number.isNaN(allowed) ? `withDeadline(${dateText(deadline)})` : `withTimeout(${allowed} ms)`
    const error = withoutStack(() => Object.assign(new DeadlineExceededError(), { limit }))
    this.end(error, timeoutCause ?? error)
  }

  private _rareParts(): Rare {
    return (this._rare ??= { signal: null, deadline: NaN, due: NaN, allowed: NaN, timers: null, timer: null, timeoutCause: undefined })
  }

  // A string that work under this context has thrown (`isFailure`) names no end: other work may throw it.
  cancel(cause?: unknown, isFailure = false): void {
    if (this._error !== null) return
    queue.probe?.cancelContext?.(this)
    // Most contexts end by their owner when their work is over, and nobody asks for the error: to make it costs more than all the rest.
    const error = cause === undefined && !this.isWatched ? UNMADE : newCanceled()
    this.end(error, cause ?? error, isFailure)
  }

  [Symbol.dispose](): void {
    this.cancel()
  }

  end(error: Error, cause: unknown, isFailure = false): void {
    if (this._error !== null) return
    const parent = this.leaveParent()
    const ended: CancelableContext[] = [this]
    if (cause !== error) rememberCause(cause, !isFailure)
    this.mark(error, cause)
    // Decide: the whole tree, breadth first.
    for (let i = 0; i < ended.length; i++) {
      const parent = ended[i]
      for (let child = parent._firstChild; child !== null;) {
        const next: CancelableContext | null = child._next
        child._linked = child._previous = child._next = null
        child.mark(error, cause)
        ended.push(child)
        child = next
      }
      parent._firstChild = null
    }
    // Act: settle waiters first, then abort signals, whose listeners are user code.
    for (const one of ended) one._done?.waiters.settleAll(undefined)
    for (const one of ended) one._rare?.signal?.abort(cause)
    if (parent !== null && parent._firstChild === null) parent.childless() // last, because a user's signal may throw
  }

  protected mark(error: Error, cause: unknown): void {
    queue.order?.release(this, 'cancel')
    this._error = error
    this._cause = cause
    const rare = this._rare
    rare?.timer?.timers.remove(rare.timer)
    if (rare !== null) rare.timer = null
  }

  get hasEnded(): boolean {
    if (this._error === null) attempted(this)
    else queue.order?.acquire(this, 'canceled')
    return this._error !== null
  }

  done(): Op<void> {
    return (this._done ??= this.makeDone())
  }

  protected makeDone(): Done {
    return new Done(this)
  }

  /** True where the end would have an effect: on a child, a waiter or a signal. */
  protected get isWatched(): boolean {
    return (
      this._firstChild !== null ||
      (this._done !== null && this._done.waiters.first !== null) ||
      (this._rare !== null && this._rare.signal !== null)
    )
  }

  protected get isLinked(): boolean {
    return this._linked !== null
  }

  err(): Option<Error> {
    return this.hasEnded ? some(this._made()._error as Error) : none // it has ended
  }

  cause(): Option<unknown> {
    return this.hasEnded ? some(this._made()._cause) : none
  }

  /** With the error that it has ended with. */
  private _made(): this {
    if (this._error === UNMADE) this._error = this._cause = newCanceled()
    return this
  }

  protected override get ownDeadline(): number {
    return this._rare === null ? NaN : this._rare.deadline
  }

  get signal(): AbortSignal {
    const rare = this._rareParts()
    if (rare.signal === null) {
      rare.signal = new OwnSignal()
      if (this._error !== null) rare.signal.abort(this._made()._cause)
    }
    return rare.signal.signal
  }

  override toString(): string {
    const deadline = this._rare?.deadline ?? NaN
    return Number.isNaN(deadline) ? `${String(this.parent)}.WithCancel` : `${String(this.parent)}.WithDeadline(${dateText(deadline)})`
  }
}
