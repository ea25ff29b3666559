/** The sending half of a channel in a thread: a send completes when there is credit for it, and its value is on its way. */
import { Channel, type Waiter, type WaitQueue } from '../../../runtime/internal.js'
import { fromPortable, toPortable, type Portable } from '../wire/portable-error.js'
import { END, VALUES, type Post } from './link.js'

export class Outlet<T> extends Channel<T> {
  constructor(
    private readonly _post: Post,
    private _credit: number,
    /** The channel of this half, which is in use while this half is. */
    private readonly _whole: { used(): void },
  ) {
    super(0, null)
  }

  override get senders(): WaitQueue {
    this._whole.used()
    return super.senders
  }

  get hasWaiters(): boolean {
    return super.senders.first !== null
  }

  override offer(value: T): boolean {
    if (this.isClosed) throw this.sendOnClosed()
    if (this._credit === 0) return false
    this._credit--
    this._post(VALUES, [value])
    return true
  }

  credit(n: number): void {
    this._credit += n
    for (let sender = this._next(); sender !== null; sender = this._next()) {
      this._credit--
      this._post(VALUES, [sender.raw])
      sender.settle(undefined)
    }
  }

  private _next(): Waiter | null {
    return this._credit > 0 ? this.senders.shift() : null
  }

  override close(cause?: unknown): void {
    super.close(cause)
    this._post(END, cause === undefined ? null : toPortable(cause))
  }

  /** The channel takes no more: its senders throw. */
  shut(cause: unknown): void {
    if (!this.isClosed) super.close(cause)
  }

  shutBy(cause: Portable): void {
    const error = fromPortable(cause)
    this.shut(error instanceof Error && error.cause !== undefined ? error.cause : error)
  }
}
