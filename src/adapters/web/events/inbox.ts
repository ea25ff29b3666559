/**
 * A channel that a source of the platform fills, which does not wait: events, messages, frames. The capacity bounds it,
 * and the policy says what a full inbox does.
 *
 * Always true: the listeners are removed when the inbox is closed, by whichever side, and once.
 */
import { CanceledError, type Receiver } from '../../../runtime/index.js'
import { Channel, checkCount, checkOneOf, checkRecord, queue } from '../../../runtime/internal.js'

/** What happens to an event that finds the buffer full: the oldest or the newest is lost, or the receiver fails. */
export type FullPolicy = 'drop-oldest' | 'drop-newest' | 'error'

/** The buffer of a receiver of events. */
export interface BufferOptions {
  /** Events that wait for a receive: a whole number from 1 up. */
  readonly capacity: number
  /** The reaction of a full buffer. With `error` the receiver fails with OverflowError, after the events that wait. */
  readonly policy: FullPolicy
}

/** A receiver of events. It is disposable: `using` removes its listeners. */
export interface EventReceiver<T> extends Receiver<T>, Disposable {
  /** Removes the listeners. A receive throws the cause, or a CanceledError, after the events that wait. */
  cancel(cause?: unknown): void
}

/** With the policy `error`: an event arrived while the buffer was full. */
export class OverflowError extends Error {
  override readonly name = 'OverflowError'
  constructor(where: string, capacity: number) {
    super(
      `${where}: the buffer is full: ${capacity} events wait. Receive faster, raise capacity, or choose another policy ("drop-oldest", "drop-newest")`,
    )
  }
}

const losses = { 'drop-oldest': 'oldest', 'drop-newest': 'newest', error: null } as const

export function checkBuffer(where: string, options: BufferOptions): void {
  checkRecord(where, '{ capacity, policy }', options, ['capacity', 'policy'])
  checkCount(`${where}: capacity`, 1, options.capacity)
  checkOneOf(`${where}: policy`, Object.keys(losses), options.policy)
}

export class Inbox<T> extends Channel<T> implements EventReceiver<T> {
  private _release: (() => void) | null = null
  /** The inbox was closed by an event that found it full. */
  overflow: OverflowError | null = null

  constructor(
    private readonly _where: string,
    { capacity, policy }: BufferOptions,
  ) {
    super(capacity, losses[policy])
  }

  /** Calls `release` when the inbox is closed. */
  onClose(release: () => void): this {
    this._release = release
    return this
  }

  /** An event has come. Returns false for an inbox that is closed, or is closed by this event. */
  arrive(value: T): boolean {
    if (this.isClosed) return false
    if (this.offer(value)) return true
    this.overflow = new OverflowError(this._where, this.capacity)
    this.close(this.overflow)
    return false
  }

  override close(cause?: unknown): void {
    const release = this._release
    this._release = null
    queue.order?.release(this, 'leave') // `arrive` looks first
    super.close(cause)
    release?.()
  }

  cancel(cause: unknown = new CanceledError()): void {
    if (!this.isClosed) this.close(cause)
  }

  [Symbol.dispose](): void {
    this.cancel()
  }
}
