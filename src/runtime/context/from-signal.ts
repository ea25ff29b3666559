/**
 * Contexts of an AbortSignal. A signal has one hidden context, the SignalRoot, with one listener; each call of
 * `fromSignal` makes a child of it.
 *
 *     signal ◀─ one listener ─ SignalRoot ◀─ linked while watched ─ SignalContext, SignalContext, …
 *
 * Always true: the root links a child only while the child's end would have an effect (on a waiter, a child, a signal
 * of its own). A child that is not linked reads the root when it is asked; so a context that is made for a select and
 * forgotten leaves nothing behind.
 */
import { background } from './context.js'
import { Done } from './done.js'
import { newCanceled } from '../base/errors.js'
import { CancelableContext } from './tree.js'
import { mistyped } from '../base/arguments.js'
import type { Option } from '../base/option.js'
import { causeOf, type CancelContext } from '../interfaces/context.js'
import type { Waiter } from '../operation/waiter.js'

class SignalRoot extends CancelableContext {
  /** Children whose end has not been reported by `childEnded`. */
  private _live = 0
  private _listens = false
  private readonly _onAbort = (): void => {
    this._listens = false
    this.end(newCanceled(), this._source.reason)
  }

  constructor(private readonly _source: AbortSignal) {
    super(background)
  }

  derive(): CancelContext {
    if (this._source.aborted) this.end(newCanceled(), this._source.reason)
    else if (!this._listens) {
      this._source.addEventListener('abort', this._onAbort, { once: true })
      this._listens = true
    }
    this._live++
    return new SignalContext(this).follow()
  }

  link(child: CancelableContext): void {
    this.adopt(child)
  }

  childEnded(): void {
    if (--this._live > 0 || !this._listens) return
    this._listens = false
    this._source.removeEventListener('abort', this._onAbort)
  }
}

class SignalContext extends CancelableContext {
  private _isOver = false

  constructor(private readonly _root: SignalRoot) {
    super(_root)
  }

  override follow(): this {
    this._look()
    return this
  }

  /** Ends this context if the root has ended. */
  private _look(): void {
    const error = this._isOver ? null : this._root.err()
    if (error !== null && error._tag === 'Some') this.end(error.value, causeOf(this._root))
  }

  link(): void {
    if (!this._isOver && !this.isLinked) this._root.link(this)
  }

  unlinkIfUnwatched(): void {
    if (this.isLinked && !this.isWatched) this.leaveParent()
  }

  override get hasEnded(): boolean {
    this._look()
    return super.hasEnded
  }

  override err(): Option<Error> {
    this._look()
    return super.err()
  }

  override cause(): Option<unknown> {
    this._look()
    return super.cause()
  }

  override get signal(): AbortSignal {
    this._look()
    this.link()
    return super.signal
  }

  protected override makeDone(): Done {
    return new LinkingDone(this)
  }

  protected override adopt(child: CancelableContext): void {
    this.link()
    super.adopt(child)
  }

  protected override childless(): void {
    this.unlinkIfUnwatched()
  }

  protected override mark(error: Error, cause: unknown): void {
    super.mark(error, cause)
    this._isOver = true
  }

  override end(error: Error, cause: unknown): void {
    if (this._isOver) return
    super.end(error, cause)
    this._root.childEnded() // last, because a user's signal may throw
  }
}

/** Links its context while there is a waiter. */
class LinkingDone extends Done {
  constructor(private readonly _of: SignalContext) {
    super(_of)
  }
  override park(waiter: Waiter): void {
    this._of.link()
    super.park(waiter)
  }
  override withdraw(waiter: Waiter): void {
    super.withdraw(waiter)
    this._of.unlinkIfUnwatched()
  }
}

/** One root for a signal, as long as the signal lives. */
const roots = new WeakMap<AbortSignal, SignalRoot>()

/**
 * Makes a context that ends when the signal aborts, with the signal's reason as its cause. The signal gets one listener
 * for all its contexts, and none once they have ended. Throws TypeError where `signal` is not an AbortSignal.
 */
export function fromSignal(signal: AbortSignal): CancelContext {
  const it = signal as Partial<AbortSignal> | null | undefined // a caller in JavaScript may pass any value
  if (typeof it?.aborted !== 'boolean' || typeof it.addEventListener !== 'function')
    throw mistyped('fromSignal(signal)', 'an AbortSignal', signal)
  let root = roots.get(signal)
  if (root === undefined) roots.set(signal, (root = new SignalRoot(signal)))
  return root.derive()
}
