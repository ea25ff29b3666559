/**
 * A Writable as a sender.
 *
 * A chunk is written only while the buffer has room: the stream holds at most its `highWaterMark` and one chunk.
 */
import { CanceledError, type Op, type Sender } from '../../../runtime/index.js'
import { checkMethod, type Failure } from '../../../runtime/internal.js'
import { StreamWriting } from '../../streams/index.js'
import { offDrain, onDrain } from './draining.js'
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
 * same object, where the stream has failed; ERR_STREAM_PREMATURE_CLOSE where it was destroyed; EPIPE where the other side
 * of a socket that is not half-open has ended; "send on closed channel" after `close()` or `end()`. `close()` ends the
 * stream, `close(cause)` destroys it. `finished()` waits until all is written. `using` and `await using` destroy a stream
 * that has not finished. Throws TypeError for an argument that is no Writable. Source: `stream.Writable` of Node.
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

/** A stream that is no Duplex has none of them. */
interface DuplexFields {
  readonly allowHalfOpen?: boolean
  readonly readableEnded?: boolean
}

export class Writing<T> extends StreamWriting<T> implements StreamSender<T> {
  /** Called when a full stream has room again. */
  hasDrained: (() => void) | null = null
  /** The stream had room for more after the last chunk. */
  hadRoom = true
  private readonly _serve = (): void => {
    this.serveNext()
    this.hasDrained?.()
  }
  private readonly _release: () => void

  constructor(private readonly _stream: WritableLike) {
    super()
    this._release = watchEnd(_stream, 'writable', (failure) => this._ended(failure))
    onDrain(_stream, this._serve)
  }

  get size(): number {
    return this._stream.writableLength
  }

  get capacity(): number {
    return this._stream.writableHighWaterMark
  }

  override get isClosed(): boolean {
    return super.isClosed || !this._isWritable
  }

  /** A response of HTTP is `writable` after its client has left, too. */
  private get _isWritable(): boolean {
    return this._stream.writable && !this._stream.destroyed
  }

  abort(cause: unknown): void {
    if (this.end !== null) return
    this._release()
    this._ended({ error: cause })
    destroyQuietly(this._stream, cause)
  }

  /** Leaves the stream as it is, without a listener. */
  release(): void {
    this._release()
    offDrain(this._stream, this._serve)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort(new CanceledError())
    if (this._stream.destroyed) await closed(this._stream)
  }

  /** The stream has written everything. */
  get hasFinished(): boolean {
    return this.end !== null && this.end.failure === null
  }

  /** Other code has ended the stream, or its other side where it is not half-open; the end is still to come. */
  get isEnding(): boolean {
    return this.end === null && !this.hasBeenClosed && this._stream.writableEnded && !this._stream.destroyed
  }

  /** A response whose client has left would call its `end` a finish. */
  protected finish(): void {
    if (!this._stream.destroyed) this._stream.end()
  }

  override get hasRoom(): boolean {
    return this._isWritable && !this._stream.writableNeedDrain
  }

  /** Each question to a stream of Node costs as much as the rest of a write: a stream that is open is asked three. */
  override offer(value: T): boolean {
    const { _stream: stream } = this
    if (this.end !== null || !stream.writable || stream.destroyed) return super.offer(value)
    if (stream.writableNeedDrain || this.hasQueue) return false
    this.hadRoom = stream.write(value) || this.hasRoom
    return true
  }

  protected write(value: T): void {
    if (!this._isWritable) throw destroyedError(this._stream)
    this.hadRoom = this._stream.write(value) || this.hasRoom
  }

  protected override checkOpen(): void {
    super.checkOpen()
    if (this._stream.writableEnded && !this._stream.destroyed) throw this.closedError() // by other code
  }

  /** Node ends a socket that is not half-open when the other side has ended: that is no mistake of the sender. */
  protected override closedError(): Error {
    const { allowHalfOpen, readableEnded } = this._stream as DuplexFields // where it has them
    const isLeft = !this.hasBeenClosed && allowHalfOpen === false && readableEnded === true
    return isLeft ? Object.assign(new Error('the other side has ended the stream'), { code: 'EPIPE' }) : super.closedError()
  }

  private _ended(failure: Failure | null): void {
    if (this.noteEnd(failure)) offDrain(this._stream, this._serve)
  }
}
