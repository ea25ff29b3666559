/**
 * A Readable as a receiver.
 *
 * A receive polls `read()`, and else waits for the event `readable`: nothing is read that no receive asks for, beyond
 * the buffer of the stream itself. A receive that is a case of select and is not chosen has read nothing.
 *
 * Always true:
 * - receivers wait only while the buffer of the stream is empty and no chunk was given back;
 * - the end of the stream comes after the chunks that were given back.
 */
import { CanceledError, type Receiver } from '../../../runtime/index.js'
import { checkMethod, PENDING, type Failure, type Pending } from '../../../runtime/internal.js'
import { StreamReading } from '../../streams/index.js'
import type { ReadableLike } from './like.js'
import { closed, destroyQuietly, watchEnd } from './stream-end.js'

/** The receiver of a stream. It is disposable: `using` and `await using` destroy the stream. */
export interface StreamReceiver<T> extends Receiver<T>, Disposable, AsyncDisposable {
  /**
   * Destroys the stream: its descriptor or socket is freed, and a receive throws the cause, or a CanceledError. Changes
   * nothing once the stream has ended.
   */
  cancel(cause?: unknown): void
}

/**
 * The chunks of a Readable of Node as a receiver: a file, a socket, a request, the output of a process. A chunk is a
 * Uint8Array, a string after `setEncoding`, or any value in object mode. The stream reads ahead by its own
 * `highWaterMark` and one chunk.
 *
 * A receive waits until a chunk is there; it may be a case of `select`, be given up, or be performed by several
 * goroutines, which share the chunks. It results in none at the end of the stream, and throws the error of the stream,
 * the same object, where the stream fails; ERR_STREAM_PREMATURE_CLOSE where the stream is destroyed before its end, or
 * was before. `cancel`, `using` and `await using` destroy the stream; the last waits until it is closed. Throws
 * TypeError for an argument that is no Readable. Source: `stream.Readable` of Node in paused mode.
 *
 * @example
 * ```ts
 * import { Readable } from 'node:stream'
 *
 * const chunks = receiverOf<string>(Readable.from(['a', 'b']))
 * for (const it = range(chunks); yield* it.next(); ) console.log(it.value)
 * ```
 */
export function receiverOf<T = Uint8Array>(readable: ReadableLike): StreamReceiver<T> {
  checkMethod('receiverOf(readable)', 'a Readable of Node', readable, 'read')
  return new Reading<T>(readable)
}

class Reading<T> extends StreamReading<T> implements StreamReceiver<T> {
  /** The stream calls this: an error of its own `read` ends the receiver. */
  private readonly _serve = (): void => {
    try {
      this._serveWaiters()
    } catch (error) {
      this.cancel(error)
    }
  }
  private readonly _release: () => void

  constructor(private readonly _stream: ReadableLike) {
    super()
    this._release = watchEnd(_stream, 'readable', (failure) => this._ended(failure))
    _stream.on('readable', this._serve)
  }

  get size(): number {
    return this.held.length + (this.end === null ? this._stream.readableLength : 0)
  }

  get capacity(): number {
    return this._stream.readableHighWaterMark
  }

  cancel(cause: unknown = new CanceledError()): void {
    if (this.end !== null) return
    this._release()
    this._ended({ error: cause })
    destroyQuietly(this._stream, cause)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel()
    if (this._stream.destroyed) await closed(this._stream)
  }

  protected read(): T | Pending {
    const chunk = this._stream.read() as T | null // the caller says what the stream holds
    return chunk ?? PENDING
  }

  giveBack(chunk: T): void {
    this.held.unshift(chunk)
    this._serveWaiters()
  }

  /** The end shows only to a read of the empty buffer. */
  override endIsAwaited(): void {
    if (this.end === null && this._stream.readableLength === 0) this._stream.read()
  }

  private _serveWaiters(): void {
    for (let { first } = this.receivers; first !== null; { first } = this.receivers) {
      const chunk = this.take()
      if (chunk === PENDING) return
      this.receivers.shift()?.settle(chunk)
    }
    if (this.watchers.first !== null) this.endIsAwaited()
  }

  private _ended(failure: Failure | null): void {
    if (this.end !== null) return
    this.end = { failure }
    this._stream.off('readable', this._serve)
    this._serveWaiters()
    if (this.isDrained) this.watchers.settleAll(undefined)
  }
}
