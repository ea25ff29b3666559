/**
 * A Writable as a sender.
 *
 *     send ──room──▶ written            send ──full──▶ waits ──drain──▶ permit ──finish──▶ written
 *
 * Always true:
 * - a chunk is written where its send completes, and nowhere else: a send that is given up has written nothing;
 * - at most one permit is out, so a chunk is written only while the buffer has room: the stream holds at most its
 *   `highWaterMark` and one chunk.
 */
import { CanceledError, type Op, type Sender } from '../../../runtime/index.js'
import {
  checkMethod,
  PENDING,
  QueuedOperation,
  WaitQueue,
  type Failure,
  type Pending,
  type Resource,
  type Waiter,
} from '../../../runtime/internal.js'
import type { WritableLike } from './like.js'
import { closed, destroyedError, destroyQuietly, watchEnd } from './stream-end.js'

/** The sender of a stream. It is disposable: `using` and `await using` destroy a stream that has not finished. */
export interface StreamSender<T> extends Sender<T>, Disposable, AsyncDisposable {
  /**
   * Waits until the stream has written everything, after `close()`. Throws the error of the stream, or
   * ERR_STREAM_PREMATURE_CLOSE where the stream is destroyed before.
   */
  finished(): Op<void>
}

/**
 * A Writable of Node as a sender: a file, a socket, a response, the input of a process. A send waits while the buffer
 * of the stream is full (`writableNeedDrain`), and completes when the stream has accepted the chunk; the stream holds
 * at most its `highWaterMark` and one chunk.
 *
 * A send may be a case of `select`; where it is given up, nothing is written. It throws the error of the stream, the
 * same object, where the stream has failed; ERR_STREAM_PREMATURE_CLOSE where it was destroyed; "send on closed channel"
 * after `close()` or `end()`. `close()` ends the stream, `close(cause)` destroys it. `finished()` waits until all is
 * written. `using` and `await using` destroy a stream that has not finished. Throws TypeError for an argument that is
 * no Writable. Source: `stream.Writable` of Node.
 *
 * @example
 * ```ts
 * import { PassThrough } from 'node:stream'
 *
 * const pipe = new PassThrough()
 * const out = senderOf<string>(pipe)
 * yield* out.send('a')
 * out.close()
 * console.log(String(pipe.read())) // a
 * ```
 */
export function senderOf<T = Uint8Array | string>(writable: WritableLike): StreamSender<T> {
  checkMethod('senderOf(writable)', 'a Writable of Node', writable, 'write')
  return new Writing<T>(writable)
}

/** The message of a channel, which this sender stands in for. */
const CLOSED_TEXT = 'send on closed channel'

export class Writing<T> implements StreamSender<T>, Resource {
  readonly kind = 'stream'
  readonly senders = new WaitQueue()
  /** Waiters for the end. */
  readonly watchers = new WaitQueue()
  /** A waiter has the permit to write, and has not written yet. */
  private _hasPermit = false
  private _isClosed = false
  /** The end of the stream; null before. */
  private _end: { readonly failure: Failure | null } | null = null
  private readonly _serve = (): void => this._serveNext()
  private readonly _release: () => void

  constructor(private readonly _stream: WritableLike) {
    this._release = watchEnd(_stream, 'writable', (failure) => this._ended(failure))
    _stream.on('drain', this._serve)
  }

  get size(): number {
    return this._stream.writableLength
  }

  get capacity(): number {
    return this._stream.writableHighWaterMark
  }

  get isClosed(): boolean {
    return this._isClosed || this._end !== null || !this._stream.writable
  }

  readonly send = (value: T): Op<void> => new SendChunk(this, value)

  readonly trySend = (value: T): boolean => this.offer(value)

  finished(): Op<void> {
    return new Finished(this)
  }

  close(...cause: readonly unknown[]): void {
    if (this._isClosed) throw new Error('close of closed channel')
    this._isClosed = true
    if (cause.length === 0 || cause[0] === undefined) this._stream.end()
    else this.destroy(cause[0])
    this.senders.settleAll(undefined)
  }

  /** Destroys the stream, unless it has ended. */
  destroy(cause: unknown): void {
    if (this._end !== null) return
    this._release()
    this._ended({ error: cause })
    destroyQuietly(this._stream, cause)
  }

  /** Leaves the stream as it is, without a listener. */
  release(): void {
    this._release()
    this._stream.off('drain', this._serve)
  }

  [Symbol.dispose](): void {
    this.destroy(new CanceledError())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.destroy(new CanceledError())
    if (this._stream.destroyed) await closed(this._stream)
  }

  /** The end of the stream: null before; throws its failure. */
  checkEnd(): boolean {
    if (this._end === null) return false
    if (this._end.failure !== null) throw this._end.failure.error
    return true
  }

  /** Writes if the buffer has room. */
  offer(value: T): boolean {
    this._checkOpen()
    if (!this._stream.writable) return false // the failure is about to be known
    if (this._stream.writableNeedDrain || this._hasPermit || this.senders.first !== null) return false
    this._stream.write(value)
    return true
  }

  /** The waiter with the permit writes. */
  writePermitted(value: T): void {
    this._hasPermit = false
    this._checkOpen()
    if (!this._stream.writable) throw destroyedError(this._stream)
    this._stream.write(value)
    this._serveNext()
  }

  /** The waiter with the permit has left. */
  returnPermit(): void {
    this._hasPermit = false
    this._serveNext()
  }

  private _checkOpen(): void {
    if (this.checkEnd() || this._isClosed) throw new Error(CLOSED_TEXT)
    if (this._stream.writableEnded && !this._stream.destroyed) throw new Error(CLOSED_TEXT) // by other code
  }

  private _serveNext(): void {
    if (this._hasPermit || this._stream.writableNeedDrain) return
    const waiter = this.senders.shift()
    if (waiter === null) return
    this._hasPermit = true
    waiter.settle(undefined)
  }

  private _ended(failure: Failure | null): void {
    if (this._end !== null) return
    this._end = { failure }
    this._stream.off('drain', this._serve)
    this.senders.settleAll(undefined)
    this.watchers.settleAll(undefined)
  }
}

class SendChunk<T> extends QueuedOperation<void> {
  constructor(
    private readonly _writing: Writing<T>,
    private readonly _value: T,
  ) {
    super()
  }
  protected get waiters(): WaitQueue {
    return this._writing.senders
  }
  poll(): void | Pending {
    return this._writing.offer(this._value) ? undefined : PENDING
  }
  override finish(): void {
    this._writing.writePermitted(this._value)
  }
  override undo(): void {
    this._writing.returnPermit()
  }
  override resources(): readonly Resource[] {
    return [this._writing]
  }
  describe(): string {
    return 'stream write'
  }
}

class Finished extends QueuedOperation<void> {
  constructor(private readonly _writing: Writing<never>) {
    super()
  }
  protected get waiters(): WaitQueue {
    return this._writing.watchers
  }
  poll(): void | Pending {
    return this._writing.checkEnd() ? undefined : PENDING
  }
  override finish(_waiter: Waiter): void {
    this.poll()
  }
  override resources(): readonly Resource[] {
    return [this._writing]
  }
  describe(): string {
    return 'stream finish'
  }
}
