/**
 * The side of a link that sends to a sender here what the thread has sent.
 *
 * Always true: values are sent in the order in which they were sent there, one after the other.
 */
import { go, type Sender } from '../../../runtime/index.js'
import { CallbackPerformer, checkOperation, PENDING, Ring, type Operation } from '../../../runtime/internal.js'
import { fromPortable, toPortable, type Portable } from '../wire/portable-error.js'
import { CREDIT, SHUT, type Post } from './link.js'
import { Window } from './window.js'

export class Inward<T> extends CallbackPerformer<void> {
  private readonly _values = new Ring<T>()
  private readonly _window: Window
  private _end: { readonly cause: unknown } | null = null
  private _isWaiting = false
  private _isOver = false
  private _onIdle: (() => void) | null = null

  constructor(
    private readonly _sender: Sender<T>,
    private readonly _post: Post,
    firstCredit: number,
    now: () => number,
  ) {
    super(null)
    this._window = new Window(firstCredit, now)
  }

  values(values: readonly T[]): void {
    this._window.arrived(values.length)
    if (this._isOver) return
    for (const value of values) this._values.push(value)
    if (!this._isWaiting) this._forward()
  }

  /** The thread has closed the channel. */
  ends(cause: Portable | null): void {
    this._end = { cause: cause === null ? undefined : fromPortable(cause) }
    if (!this._isWaiting) this._forward()
  }

  private _forward(): void {
    let credit = 0
    try {
      while (this._values.size > 0 && !this._isOver) {
        const value = this._values.shift() as T // not empty
        if (!this._send(value)) break
        credit += this._window.took(this._values.size)
      }
    } catch (error) {
      return this._shut(error)
    }
    if (!this._isWaiting && this._end === null) credit += this._window.dry(0)
    if (credit > 0) this._post(CREDIT, credit)
    if (!this._isWaiting) this._idle()
  }

  /** Returns whether the value was sent now. */
  private _send(value: T): boolean {
    const send = checkOperation('a sender as an argument of a job: send(value)', this._sender.send(value))
    this._isWaiting = this.perform(send as Operation<void>) === PENDING // by the contract of a Sender
    return !this._isWaiting
  }

  protected succeeded(): void {
    this._isWaiting = false
    const credit = this._window.took(this._values.size)
    if (credit > 0) this._post(CREDIT, credit)
    this._forward()
  }

  protected failed(error: unknown): void {
    this._isWaiting = false
    this._shut(error)
  }

  /** The channel was closed here: senders in the thread throw. */
  private _shut(error: unknown): void {
    this._isOver = true
    while (this._values.size > 0) this._values.shift()
    this._post(SHUT, toPortable(error))
    this._idle()
  }

  private _idle(): void {
    const end = this._end
    this._end = null
    if (end !== null && !this._isOver) this._close(end.cause)
    const onIdle = this._onIdle
    this._onIdle = null
    onIdle?.()
  }

  private _close(cause: unknown): void {
    this._isOver = true
    try {
      this._sender.close(cause)
    } catch (error) {
      go.named('close of a channel in a thread', fail, error)
    }
  }

  /** Calls `f` once everything has been sent. */
  whenIdle(f: () => void): void {
    if (this._values.size === 0 && !this._isWaiting) f()
    else this._onIdle = f
  }
}

function fail(error: unknown): void {
  throw error
}
