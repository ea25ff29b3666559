/**
 * The context of a call in its thread: it ends with the deadline of the caller, and by the message of a cancel. Code that never
 * leaves the processor receives no message and no timer: there `err` and `cause` look at the word in shared memory and at the
 * time.
 *
 * Most functions look at their context no more after their end. So the error for the end of a call is made only where something asks
 * for it.
 */
import { background, DeadlineExceededError, type ContextKey, type Option } from '../../../runtime/index.js'
import { CancelableContext, queue, some, time } from '../../../runtime/internal.js'
import type { Claims } from '../wire/claims.js'

export class CallContext extends CancelableContext {
  /** The call has ended, and this context is to end at the next look. */
  private _isOver = false

  constructor(
    private readonly _claims: Claims,
    private readonly _slot: number,
    private readonly _deadline: number,
    /** The portable values of the caller's context, by the names of their keys. */
    private readonly _values: Readonly<Record<string, unknown>>,
  ) {
    super(background)
    if (_deadline > 0) this.setDeadline(_deadline - time.timers.wall(), _deadline, undefined)
  }

  /** The call has ended. */
  over(): void {
    const isSeen = this.isWatched || this._deadline > 0 || queue.probe !== null || queue.order !== null
    if (isSeen) this.cancel()
    else this._isOver = true
  }

  override get hasEnded(): boolean {
    this._endNow()
    return super.hasEnded
  }

  override get signal(): AbortSignal {
    this._endNow()
    return super.signal
  }

  private _endNow(): void {
    if (!this._isOver) return
    this._isOver = false
    this.cancel()
  }

  override err(): Option<Error> {
    this._look()
    return super.err()
  }

  override cause(): Option<unknown> {
    this._look()
    return super.cause()
  }

  protected override ownValue<V>({ name, isPortable }: ContextKey<V>): Option<V> | null {
    return isPortable === true && Object.hasOwn(this._values, name) ? some(this._values[name] as V) : null // of its key
  }

  private _look(): void {
    if (this.hasEnded) return
    if (this._claims.isCanceled(this._slot)) this.cancel()
    else if (this._deadline > 0 && time.timers.wall() >= this._deadline) {
      const error = new DeadlineExceededError()
      this.end(error, error)
    }
  }
}
