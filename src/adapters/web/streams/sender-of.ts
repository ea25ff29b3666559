/**
 * A WritableStream as a sender.
 *
 *     send ──room──▶ written            send ──full──▶ waits ──ready──▶ permit ──finish──▶ written
 *
 * Always true:
 * - a chunk is written where its send completes, and nowhere else: a send that is given up has written nothing;
 * - at most one permit is out, so a chunk is written only while `desiredSize` is above 0;
 * - after the end the stream is not locked.
 */
import { CanceledError, type Op, type Sender } from '../../../runtime/index.js'
import { PENDING, QueuedOperation, WaitQueue, type Failure, type Pending, type Resource, type Waiter } from '../../../runtime/internal.js'
import { reportLate } from './late.js'
import { checkWritable } from './locked.js'

/** The sender of a stream. It is disposable: `using` and `await using` abort a stream that has not finished. */
export interface StreamSender<T> extends Sender<T>, Disposable, AsyncDisposable {
  /** Waits until the stream has written everything, after `close()`. Throws the error of the stream. */
  finished(): Op<void>
}

/**
 * A WritableStream as a sender: a request body, a file, a compressor. A send waits while the stream is full (`desiredSize`
 * is 0 or less), and completes when the stream has accepted the chunk. The stream is locked until its end.
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

export class Writing<T> implements StreamSender<T>, Resource {
  readonly kind = 'stream'
  readonly capacity: number
  readonly senders = new WaitQueue()
  /** Waiters for the end. */
  readonly watchers = new WaitQueue()
  private readonly _writer: WritableStreamDefaultWriter<T>
  private _unwritten = 0
  /** A waiter has the permit to write, and has not written yet. */
  private _hasPermit = false
  private _watchesReady = false
  private _isClosed = false
  /** The end of the stream; null before. */
  private _end: { readonly failure: Failure | null } | null = null
  private _lastWrite: Promise<void> = Promise.resolve()
  /** Resolves when the sink of the stream has been aborted. */
  private _aborted: Promise<void> = Promise.resolve()

  constructor(stream: WritableStream<T>) {
    this._writer = stream.getWriter()
    this.capacity = Math.max(0, this._writer.desiredSize ?? 0)
    this._writer.closed.then(
      () => this._ended(null),
      (error: unknown) => this._ended({ error }),
    )
    this._watchFailure()
  }

  get size(): number {
    return this._unwritten
  }

  get isClosed(): boolean {
    return this._isClosed || this._end !== null
  }

  readonly send = (value: T): Op<void> => new SendChunk(this, value)

  readonly trySend = (value: T): boolean => this.offer(value)

  finished(): Op<void> {
    return new Finished(this)
  }

  close(cause?: unknown): void {
    if (this._isClosed) throw new Error('close of closed channel')
    this._isClosed = true
    if (cause !== undefined) this.abort(cause)
    else if (this._end === null) this._writer.close().catch(ignore) // the end of the stream shows it
    this.senders.settleAll(undefined)
  }

  /** Aborts the stream, unless it has ended. */
  abort(reason: unknown): void {
    if (this._end !== null) return
    const late = reportLate('senderOf: abort() of the stream', this._writer.ready)
    this._aborted = this._writer.abort(reason).catch(late)
    this._ended({ error: reason })
  }

  /** Releases the lock, and leaves the stream open. */
  release(): void {
    this._ended(null)
  }

  /** Resolves when every chunk so far is written. */
  get flushed(): Promise<void> {
    return this._lastWrite
  }

  [Symbol.dispose](): void {
    this.abort(new CanceledError())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort(new CanceledError())
    await this._aborted
  }

  /** False before the end of the stream; throws its failure. */
  checkEnd(): boolean {
    if (this._end === null) return false
    if (this._end.failure !== null) throw this._end.failure.error
    return true
  }

  /** Writes if the stream has room. */
  offer(value: T): boolean {
    this._checkOpen()
    if (!this._hasRoom || this._hasPermit || this.senders.first !== null) return false
    this._write(value)
    return true
  }

  /** The waiter with the permit writes. */
  writePermitted(value: T): void {
    this._hasPermit = false
    this._checkOpen()
    this._write(value)
    this._serveNext()
  }

  /** The waiter with the permit has left. */
  returnPermit(): void {
    this._hasPermit = false
    this._serveNext()
  }

  /** A send waits: serves it when the stream has room. */
  watchReady(): void {
    if (this._watchesReady || this._end !== null) return
    this._watchesReady = true
    this._writer.ready.then(
      () => {
        this._watchesReady = false
        this._serveNext()
      },
      (error: unknown) => this._ended({ error }),
    )
  }

  private get _hasRoom(): boolean {
    return (this._writer.desiredSize ?? 0) > 0
  }

  private _checkOpen(): void {
    if (this.checkEnd() || this._isClosed) throw new Error('send on closed channel')
  }

  private _write(value: T): void {
    this._unwritten++
    const written = (): void => void this._unwritten--
    this._lastWrite = this._writer.write(value).then(written, written) // the end of the stream shows the failure
    if (!this._hasRoom) this._watchFailure()
  }

  /** A stream that fails while a write is under way shows it here first. */
  private _watchFailure(): void {
    this._writer.ready.catch((error: unknown) => this._ended({ error }))
  }

  private _serveNext(): void {
    if (this._hasPermit || this._end !== null || this.senders.first === null) return
    if (!this._hasRoom) return this.watchReady()
    this._hasPermit = true
    this.senders.shift()?.settle(undefined)
  }

  private _ended(failure: Failure | null): void {
    if (this._end !== null) return
    this._end = { failure }
    this._writer.closed.catch(ignore) // both reject when the lock is released
    this._writer.ready.catch(ignore)
    this._writer.releaseLock()
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
  override park(waiter: Waiter): void {
    super.park(waiter)
    this._writing.watchReady()
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
  override finish(): void {
    this.poll()
  }
  override resources(): readonly Resource[] {
    return [this._writing]
  }
  describe(): string {
    return 'stream finish'
  }
}
