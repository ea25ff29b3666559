/**
 * A WritableStream as a sender.
 *
 * Always true:
 * - a chunk is written only while `desiredSize` is above 0;
 * - after the end the stream is not locked.
 */
import { CanceledError, type Op, type Sender } from '../../../runtime/index.js'
import type { Failure } from '../../../runtime/internal.js'
import { StreamWriting } from '../../streams/index.js'
import { reportLate } from './late.js'
import { checkWritable } from './locked.js'

/** The sender of a stream. It is disposable: `using` and `await using` abort a stream that has not finished. */
export interface StreamSender<T> extends Sender<T>, Disposable, AsyncDisposable {
  /** Waits until the stream has written everything, after `close()`. Throws the error of the stream. */
  finished(): Op<void>
}

/**
 * A WritableStream as a sender: a request body, a file, a compressor. A send waits while the stream is full (`desiredSize`
 * is 0 or less), and completes when the stream has accepted the chunk. A stream whose `highWaterMark` is 0 never has room, as for `pipeTo`.
 * The stream is locked until its end.
 *
 * A send may be a case of `select`; where it is given up, nothing is written. It throws the error of the stream, the same
 * object, where the stream has failed, and "send on closed channel" after `close()`. `close()` closes the stream,
 * `close(cause)` aborts it with that reason. `finished()` waits until all is written. `using` and `await using` abort a
 * stream that has not finished. `size` counts the chunks that are not written yet; `capacity` is the `desiredSize` at the
 * start. Throws TypeError for an argument that is no WritableStream, and for a locked stream. Source: the Streams Standard
 * of WHATWG.
 *
 * @example
 * ```ts
 * const out = senderOf(new WritableStream<string>({ write: (chunk) => console.log(chunk) })) // a
 * yield* out.send('a')
 * out.close()
 * yield* out.finished()
 * ```
 */
export function senderOf<T>(stream: WritableStream<T>): StreamSender<T> {
  checkWritable('senderOf(stream)', stream)
  return new Writing<T>(stream)
}

const ignore = (): void => {}

export class Writing<T> extends StreamWriting<T> implements StreamSender<T> {
  readonly capacity: number
  /** The stream had room for more after the last chunk: a question to it costs a tenth of a write. */
  hadRoom = true
  private readonly _writer: WritableStreamDefaultWriter<T>
  private _unwritten = 0
  private _watchesReady = false
  private _hasRoomAgain: (() => void) | null = null
  private _lastWrite: Promise<void> = Promise.resolve()
  /** Resolves when the sink of the stream has been aborted. */
  private _aborted: Promise<void> = Promise.resolve()

  constructor(stream: WritableStream<T>) {
    super()
    this._writer = stream.getWriter()
    this.capacity = Math.max(0, this._writer.desiredSize ?? 0)
    this._writer.closed.then(() => this._ended(null), this._hasFailed)
    this._watchReady()
  }

  get size(): number {
    return this._unwritten
  }

  abort(cause: unknown): void {
    if (this.end !== null) return
    const late = reportLate('senderOf: abort() of the stream', cause, this._writer.ready)
    this._aborted = this._writer.abort(cause).catch(late)
    this._ended({ error: cause })
  }

  /** Releases the lock, and leaves the stream open. */
  release(): void {
    this._ended(null)
  }

  /** Resolves when every chunk so far is written. */
  get flushed(): Promise<void> {
    return this._lastWrite
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort(new CanceledError())
    await this._aborted
  }

  override sendWaits(): void {
    this._watchReady()
  }

  /** Calls `then` once, when the stream has room, unless it ends before. */
  whenRoom(then: () => void): void {
    this._hasRoomAgain = then
    this._watchReady()
  }

  /** A stream that fails while a write is under way shows it here first. */
  private _watchReady(): void {
    if (this._watchesReady || this.end !== null) return
    this._watchesReady = true
    this._writer.ready.then(this._isReady, this._hasFailed)
  }

  private readonly _isReady = (): void => {
    this._watchesReady = false
    const then = this._hasRoomAgain
    this._hasRoomAgain = null
    then?.()
    this.serveNext()
  }

  private readonly _hasFailed = (error: unknown): void => this._ended({ error })

  protected finish(): void {
    this._writer.close().catch(ignore) // the end of the stream shows it
  }

  get hasRoom(): boolean {
    return (this._writer.desiredSize ?? 0) > 0
  }

  protected write(value: T): void {
    this._unwritten++
    this._lastWrite = this._writer.write(value).then(this._written, this._written) // the end of the stream shows the failure
    this.hadRoom = this.hasRoom
    if (!this.hadRoom) this._watchReady()
  }

  private readonly _written = (): void => void this._unwritten--

  private _ended(failure: Failure | null): void {
    if (!this.noteEnd(failure)) return
    this._writer.closed.catch(ignore) // both reject when the lock is released
    this._writer.ready.catch(ignore)
    this._writer.releaseLock()
  }
}
