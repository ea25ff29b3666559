/**
 * A stream of a host as a receiver: the operations, and the end. `millrace/node` and `millrace/web` say how their streams
 * are read.
 *
 * Always true: the end comes after the chunks that are held, which were read for a receive that was given up.
 */
import type { Either, Op, Option } from '../../runtime/index.js'
import {
  ChannelIterator,
  CLOSED,
  left,
  none,
  ObservableReceiver,
  PENDING,
  QueuedOperation,
  right,
  some,
  WaitQueue,
  type Failure,
  type Pending,
  type Resource,
  type Waiter,
} from '../../runtime/internal.js'

export abstract class StreamReading<T> extends ObservableReceiver<T> implements Resource, Disposable {
  readonly kind = 'stream'
  readonly receivers = new WaitQueue()
  /** Waiters for the end. */
  readonly watchers = new WaitQueue()
  protected readonly held: T[] = []
  /** The end of the stream; null before. */
  protected end: { readonly failure: Failure | null } | null = null

  abstract readonly size: number
  abstract readonly capacity: number
  abstract cancel(cause?: unknown): void
  /** A chunk that the host has ready. */
  protected abstract read(): T | Pending
  /** Takes back a chunk that its receiver did not take. */
  abstract giveBack(chunk: T): void

  /** A receive waits. */
  receiveWaits(): void {}

  /** `closed()` waits, or is about to. */
  endIsAwaited(): void {}

  get isDrained(): boolean {
    return this.end !== null && this.held.length === 0
  }

  /** A chunk that is held or ready, or the end. */
  take(): T | typeof CLOSED | Pending {
    if (this.held.length === 0) return this.end === null ? this.read() : CLOSED
    const chunk = this.held.shift() as T // the length is above 0
    if (this.isDrained) this.watchers.settleAll(undefined)
    return chunk
  }

  receive(): Op<Option<T>> {
    return new ReceiveChunk(this)
  }

  tryReceive(): Either<'empty' | 'closed', T> {
    const chunk = this.take()
    if (chunk === PENDING) return left('empty')
    return chunk === CLOSED ? this.drained(left('closed')) : right(chunk)
  }

  closed(): Op<void> {
    return new StreamClosed(this)
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return new ChannelIterator(this)
  }

  [Symbol.dispose](): void {
    this.cancel()
  }

  /** The result after the end; throws the failure of the stream. */
  drained<R>(result: R): R {
    const failure = this.end?.failure ?? null
    if (failure !== null) throw failure.error
    return result
  }
}

class ReceiveChunk<T> extends QueuedOperation<Option<T>> {
  constructor(private readonly _reading: StreamReading<T>) {
    super()
  }
  protected get waiters(): WaitQueue {
    return this._reading.receivers
  }
  poll(): Option<T> | Pending {
    const chunk = this._reading.take()
    return chunk === PENDING ? PENDING : this._option(chunk)
  }
  override park(waiter: Waiter): void {
    super.park(waiter)
    this._reading.receiveWaits()
  }
  override finish(waiter: Waiter): Option<T> {
    return this._option(waiter.raw as T | typeof CLOSED) // the reading grants nothing else
  }
  override undo(waiter: Waiter): void {
    if (waiter.raw !== CLOSED) this._reading.giveBack(waiter.raw as T) // as above
  }
  override resources(): readonly Resource[] {
    return [this._reading]
  }
  describe(): string {
    return 'stream read'
  }
  private _option(chunk: T | typeof CLOSED): Option<T> {
    return chunk === CLOSED ? this._reading.drained(none) : some(chunk)
  }
}

class StreamClosed extends QueuedOperation<void> {
  constructor(private readonly _reading: StreamReading<unknown>) {
    super()
  }
  protected get waiters(): WaitQueue {
    return this._reading.watchers
  }
  poll(): void | Pending {
    if (this._reading.isDrained) return
    this._reading.endIsAwaited()
    return PENDING
  }
  override finish(): void {}
  override resources(): readonly Resource[] {
    return [this._reading]
  }
  describe(): string {
    return 'stream end'
  }
}
