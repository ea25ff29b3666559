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
import { CanceledError, type Receiver } from '../../../runtime/index.js'
import { checkFlag, checkOptions, CLOSED, PENDING, queue, type Failure, type Pending, type Runnable } from '../../../runtime/internal.js'
import { StreamReading } from '../../streams/index.js'
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
 * that was read for a receive that is given up waits for the next. `tryReceive` and `receive().timeout(0)` do not wait, so they begin no
 * read, and find only such a chunk: poll with `receive().timeout(1)`. A receive results in none
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

export class Reading<T> extends StreamReading<T> implements StreamReceiver<T>, Runnable {
  readonly capacity = 0
  readonly scope = null
  private readonly _reader: ReadableStreamDefaultReader<T>
  /** A read is under way, or in the run queue. */
  private _isReading = false
  /** The stream has given its last chunk, to a read that may be under way. */
  private _isClosed = false
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
    return this.held.length
  }

  cancel(reason: unknown = new CanceledError()): void {
    if (this.end !== null) return
    if (this._cancels) {
      const late = reportLate('receiverOf: cancel() of the stream', reason, this._reader.closed)
      this._canceled = this._reader.cancel(reason).catch(late)
    }
    this._ended({ error: reason })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel()
    await this._canceled
  }

  /** A stream of the web has no chunk ready: a read begins where a receive waits. */
  protected read(): Pending {
    return PENDING
  }

  giveBack(chunk: T): void {
    const receiver = this.receivers.shift()
    if (receiver === null) this.held.unshift(chunk)
    else receiver.settle(chunk)
  }

  /** Reads, in the run queue. */
  override receiveWaits(): void {
    if (this._isReading || this.end !== null) return
    this._isReading = true
    queue.push(this)
  }

  /** For the run queue. */
  run(): void {
    if (this.end === null && this.receivers.first !== null) this._read()
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
    if (receiver === null) this.held.push(chunk)
    else receiver.settle(chunk)
    this._readEnded()
    if (this.receivers.first !== null) this.receiveWaits()
  }

  private _ended(failure: Failure | null): void {
    if (this.end !== null) return
    this.end = { failure }
    this._reader.closed.catch(() => {}) // it rejects when the lock is released
    this._reader.releaseLock()
    this.receivers.settleAll(CLOSED)
    if (this.isDrained) this.watchers.settleAll(undefined)
  }
}
