/**
 * A ReadableStream as a receiver.
 *
 *     receive ──parks──▶ run queue ──▶ read() ──chunk──▶ the first waiter, or held if that has left
 *
 * A read begins in the run queue and only while a receive waits: nothing is read that no receive asks for. `read()` may
 * run the `pull` of the user, which must not run while an operation parks.
 *
 * Always true:
 * - at most one read is under way;
 * - receivers wait only while no chunk is held; a chunk is held only where its receiver has left;
 * - the end comes after the chunk that is being read and the chunks that are held: `closed` of a reader resolves before the
 *   read of the last chunk does; after the end the stream is not locked.
 */
import { CanceledError, type Either, type Op, type Option, type Receiver } from '../../../runtime/index.js'
import {
  ChannelIterator,
  checkFlag,
  checkOptions,
  CLOSED,
  left,
  none,
  ObservableReceiver,
  PENDING,
  queue,
  QueuedOperation,
  right,
  some,
  WaitQueue,
  type Failure,
  type Pending,
  type Resource,
  type Runnable,
  type Waiter,
} from '../../../runtime/internal.js'
import { reportLate } from './late.js'
import { checkReadable } from './locked.js'

/** The receiver of a stream. It is disposable: `using` and `await using` cancel the stream. */
export interface StreamReceiver<T> extends Receiver<T>, Disposable, AsyncDisposable {
  /**
   * Cancels the stream with this reason, by default a CanceledError: the source of the stream is freed, and a receive
   * throws the reason. Changes nothing once the stream has ended.
   */
  cancel(reason?: unknown): void
}

/** Options of `receiverOf`. */
export interface ReceiverOfOptions {
  /** `cancel` only releases the lock: other code may read on. Default false. */
  readonly preventCancel?: boolean
}

/**
 * The chunks of a ReadableStream as a receiver, of byte streams too: the body of a response, a file, a decompressed
 * stream. The stream is locked until its end. Nothing is read before a receive waits: the stream reads ahead by its own
 * `highWaterMark` and no more.
 *
 * A receive may be a case of `select`, be given up, or be performed by several goroutines, which share the chunks. A chunk
 * that was read for a receive that is given up waits for the next. `tryReceive` begins no read. A receive results in none
 * at the end of the stream, and throws the error of the stream, the same object. `cancel`, `using` and `await using`
 * cancel the stream; the last waits for its source. Throws TypeError for an argument that is no ReadableStream, and for a
 * locked stream. Source: the Streams Standard of WHATWG.
 *
 * @example
 * ```ts
 * const chunks = receiverOf(new Blob(['hello']).stream())
 * for (const it = range(chunks); yield* it.next(); ) console.log(it.value.length) // 5
 * ```
 */
export function receiverOf<T>(stream: ReadableStream<T>, options?: ReceiverOfOptions): StreamReceiver<T> {
  checkReadable('receiverOf(stream)', stream)
  checkOptions('receiverOf(stream, options)', options, ['preventCancel'])
  checkFlag('receiverOf(stream, { preventCancel })', options?.preventCancel)
  return new Reading<T>(stream, options?.preventCancel !== true)
}

export class Reading<T> extends ObservableReceiver<T> implements StreamReceiver<T>, Resource, Runnable {
  readonly kind = 'stream'
  readonly capacity = 0
  readonly scope = null
  readonly receivers = new WaitQueue()
  /** Waiters for the end. */
  readonly watchers = new WaitQueue()
  private readonly _reader: ReadableStreamDefaultReader<T>
  private readonly _held: T[] = []
  /** A read is under way, or in the run queue. */
  private _isReading = false
  /** The stream has given its last chunk, to a read that may be under way. */
  private _isClosed = false
  /** The end of the stream; null before. */
  private _end: { readonly failure: Failure | null } | null = null
  /** Resolves when the source of the stream has been canceled. */
  private _canceled: Promise<void> = Promise.resolve()

  constructor(
    stream: ReadableStream<T>,
    private readonly _cancels: boolean,
  ) {
    super()
    this._reader = stream.getReader()
    this._reader.closed.then(
      () => {
        this._isClosed = true
        if (!this._isReading) this._ended(null)
      },
      (error: unknown) => this._ended({ error }),
    )
  }

  get size(): number {
    return this._held.length
  }

  get isDrained(): boolean {
    return this._end !== null && this._held.length === 0
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

  cancel(reason: unknown = new CanceledError()): void {
    if (this._end !== null) return
    if (this._cancels) {
      const late = reportLate('receiverOf: cancel() of the stream', this._reader.closed)
      this._canceled = this._reader.cancel(reason).catch(late)
    }
    this._ended({ error: reason })
  }

  [Symbol.dispose](): void {
    this.cancel()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel()
    await this._canceled
  }

  take(): T | typeof CLOSED | Pending {
    if (this._held.length > 0) return this._took(this._held.shift() as T) // its length is above 0
    return this._end === null ? PENDING : CLOSED
  }

  private _took(chunk: T): T {
    if (this.isDrained) this.watchers.settleAll(undefined)
    return chunk
  }

  drained<R>(result: R): R {
    const failure = this._end?.failure ?? null
    if (failure !== null) throw failure.error
    return result
  }

  /** Takes back a chunk that its receiver did not take. */
  giveBack(chunk: T): void {
    const receiver = this.receivers.shift()
    if (receiver === null) this._held.unshift(chunk)
    else receiver.settle(chunk)
  }

  /** A receive waits: reads, in the run queue. */
  readOn(): void {
    if (this._isReading || this._end !== null) return
    this._isReading = true
    queue.push(this)
  }

  /** For the run queue. */
  run(): void {
    if (this._end === null && this.receivers.first !== null) this._read()
    else this._readEnded()
  }

  private _readEnded(): void {
    this._isReading = false
    if (this._isClosed) this._ended(null)
  }

  private _read(): void {
    this._reader.read().then(
      ({ done, value }) => (done ? this._ended(null) : this._arrived(value)),
      (error: unknown) => this._ended({ error }),
    )
  }

  private _arrived(chunk: T): void {
    const receiver = this.receivers.shift()
    if (receiver === null) this._held.push(chunk)
    else receiver.settle(chunk)
    this._readEnded()
    if (this.receivers.first !== null) this.readOn()
  }

  private _ended(failure: Failure | null): void {
    if (this._end !== null) return
    this._end = { failure }
    this._reader.closed.catch(() => {}) // it rejects when the lock is released
    this._reader.releaseLock()
    this.receivers.settleAll(CLOSED)
    if (this.isDrained) this.watchers.settleAll(undefined)
  }
}

class ReceiveChunk<T> extends QueuedOperation<Option<T>> {
  constructor(private readonly _reading: Reading<T>) {
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
    this._reading.readOn()
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
  constructor(private readonly _reading: Reading<unknown>) {
    super()
  }
  protected get waiters(): WaitQueue {
    return this._reading.watchers
  }
  poll(): void | Pending {
    return this._reading.isDrained ? undefined : PENDING
  }
  override finish(): void {}
  override resources(): readonly Resource[] {
    return [this._reading]
  }
  describe(): string {
    return 'stream end'
  }
}
