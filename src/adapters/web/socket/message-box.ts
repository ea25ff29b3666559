import { Inbox, type BufferOptions } from '../events/inbox.js'

const LARGEST = 2 ** 31 - 1

/**
 * An inbox that pauses its socket while `limit` messages wait. Messages that the socket had read before the pause are kept,
 * so that none is lost.
 */
export class PausingBox<T> extends Inbox<T> {
  private _isPaused = false
  socket: { pause(): void; resume(): void } | null = null

  constructor(
    where: string,
    private readonly _limit: number,
  ) {
    super(where, { capacity: LARGEST, policy: 'error' } satisfies BufferOptions)
  }

  override arrive(value: T): boolean {
    const isOpen = super.arrive(value)
    if (!this._isPaused && this.size >= this._limit) {
      this._isPaused = true
      this.socket?.pause()
    }
    return isOpen
  }

  override take(): ReturnType<Inbox<T>['take']> {
    const value = super.take()
    if (this._isPaused && this.size < this._limit) {
      this._isPaused = false
      this.socket?.resume()
    }
    return value
  }
}
