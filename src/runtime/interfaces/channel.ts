/** The two halves of a channel, as contracts: a ticker is a Receiver, and so may be an object of your own. */
import type { Either, Option } from '../base/option.js'
import type { Op } from './op.js'

/** The sending half. Its value type varies as a consumer's does: a `Sender<Animal>` serves as a `Sender<Dog>`. */
export interface Sender<in T> {
  // A property, not a method: only then does TypeScript check the variance.
  /**
   * Sends `value`: waits until a receiver takes it or the buffer has room. Throws "send on closed channel" if the
   * channel is closed, before or during the wait.
   */
  readonly send: (value: T) => Op<void>
  /** Sends if that needs no waiting; returns whether the value was sent. Throws "send on closed channel". */
  readonly trySend: (value: T) => boolean
  /**
   * Closes the channel: receivers drain the buffer and then receive none, or throw `cause` where given. Senders that
   * wait throw "send on closed channel". A second close throws "close of closed channel".
   */
  close(cause?: unknown): void
  /** Values buffered now. */
  readonly size: number
  /** Values that the channel buffers before senders wait; with 0 a sender waits for a receiver. */
  readonly capacity: number
  /** True from `close` on, also while receivers drain the buffer. */
  readonly isClosed: boolean
}

/** The receiving half: an async iterable, and an observable to RxJS: `from(receiver)`. */
export interface Receiver<out T> {
  /**
   * Waits for the next value. Results in none once the channel is closed and drained; after `close(cause)` a receive
   * throws the cause then.
   */
  receive(): Op<Option<T>>
  /**
   * Receives if that needs no waiting; else returns whether the channel is empty or closed. Throws the cause of
   * `close(cause)` once drained.
   */
  tryReceive(): Either<'empty' | 'closed', T>
  /**
   * Waits until no value will come: the channel is closed and drained, as a receive sees it. It receives nothing, so as a
   * case of `select` beside a receive it never cuts off buffered values. It completes for a close with a cause too; a
   * receive throws that cause.
   */
  closed(): Op<void>
  readonly size: number
  readonly capacity: number
  /** Receives in a `for await` loop. Leaving the loop consumes no further value and closes nothing. */
  [Symbol.asyncIterator](): AsyncIterator<T>
}

/** A channel. Pass a channel on as a `Sender` or a `Receiver`, and the compiler enforces the direction. */
export interface Chan<T> extends Sender<T>, Receiver<T> {}

/** A buffer that never blocks the sender; made by `sliding` or `dropping`. */
export interface Buffer<T> {
  readonly capacity: number
  /** The value that is lost when the buffer is full: its oldest, or the value just sent. */
  readonly loses: 'oldest' | 'newest'
  /** In the types only. */
  readonly __t?: T
}
