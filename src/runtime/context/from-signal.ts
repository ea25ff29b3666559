/**
 * Contexts of an AbortSignal: one hidden context hangs on the signal, with one listener; each call makes a child of it.
 *
 *     signal ◀─ one listener ─ hidden context ◀─ linked while watched ─ child, child, …
 *
 * Always true: the hidden context holds a child only while somebody would have to be told of its end (a waiter, a child, a signal of its own).
 * A child that nobody watches looks at the hidden context when it is asked; so one that is made for a select and forgotten leaves nothing.
 */
import { Done, Endable, newCanceled } from './tree.js'
import { background } from './context.js'
import { mistyped } from '../base/arguments.js'
import { causeOf } from '../operation/operation.js'
import type { CancelContext } from '../interfaces/op.js'
import type { Option } from '../base/option.js'
import type { Waiter } from '../operation/waiter.js'

class Hidden extends Endable {
  /** Children that have not ended, as far as they have said so. */
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
    return new OfSignal(this).follow()
  }

  link(child: Endable): void {
    this.adopt(child)
  }

  childEnded(): void {
    if (--this._live > 0 || !this._listens) return
    this._listens = false
    this._source.removeEventListener('abort', this._onAbort)
  }
}

class OfSignal extends Endable {
  private _isOver = false

  constructor(private readonly _hidden: Hidden) {
    super(_hidden)
  }

  override follow(): this {
    this._look()
    return this
  }

  /** Takes over the end of the hidden context, if it has come. */
  private _look(): void {
    const error = this._isOver ? null : this._hidden.err()
    if (error !== null && error._tag === 'Some') this.end(error.value, causeOf(this._hidden))
  }

  link(): void {
    if (!this._isOver && !this.isLinked) this._hidden.link(this)
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

  protected override adopt(child: Endable): void {
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
    this._hidden.childEnded() // last, for a signal of the user's may throw
  }
}

/** Links its context while somebody waits. */
class LinkingDone extends Done {
  constructor(private readonly _of: OfSignal) {
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

const hiddens = new WeakMap<AbortSignal, Hidden>()

/**
 * A context that ends when the signal aborts, with the signal's reason as its cause. However many are made from one signal, it gets one
 * listener, and none once they have all ended.
 */
export function fromSignal(signal: AbortSignal): CancelContext {
  const it = signal as Partial<AbortSignal> | null | undefined // from JavaScript it may be anything
  if (typeof it?.aborted !== 'boolean' || typeof it.addEventListener !== 'function')
    throw mistyped('fromSignal(signal)', 'an AbortSignal', signal)
  let hidden = hiddens.get(signal)
  if (hidden === undefined) hiddens.set(signal, (hidden = new Hidden(signal)))
  return hidden.derive()
}
