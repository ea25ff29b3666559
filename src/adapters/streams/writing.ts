/**
 * A stream of a host as a sender: the operations, the permit, and the end. `millrace/node` and `millrace/web` say when
 * their streams have room, and write.
 *
 *     send ──room──▶ written            send ──full──▶ waits ──room──▶ permit ──finish──▶ written
 *
 * Always true:
 * - a chunk is written where its send completes, and nowhere else: a send that is given up has written nothing;
 * - at most one permit is out, so a chunk is written only while the stream has room.
 */
import { CanceledError, type Op } from '../../runtime/index.js'
import { PENDING, QueuedOperation, WaitQueue, type Failure, type Pending, type Resource, type Waiter } from '../../runtime/internal.js'

export abstract class StreamWriting<T> implements Resource, Disposable {
  readonly kind = 'stream'
  readonly senders = new WaitQueue()
  /** Waiters for the end. */
  readonly watchers = new WaitQueue()
  /** A waiter has the permit to write, and has not written yet. */
  private _hasPermit = false
  protected hasBeenClosed = false
  /** The end of the stream; null before. */
  protected end: { readonly failure: Failure | null } | null = null

  abstract readonly size: number
  abstract readonly capacity: number
  /** Ends the stream at once with this error, unless it has ended. */
  abstract abort(cause: unknown): void
  /** Ends the stream after the chunks that were written. */
  protected abstract finish(): void
  abstract readonly hasRoom: boolean
  protected abstract write(value: T): void

  /** A send waits for room. */
  sendWaits(): void {}

  /** Throws where no chunk can be written any more. */
  protected checkOpen(): void {
    if (this.checkEnd() || this.hasBeenClosed) throw this.closedError()
  }

  /** As a channel, for which this stands in. */
  protected closedError(): Error {
    return new Error('send on closed channel')
  }

  get isClosed(): boolean {
    return this.hasBeenClosed || this.end !== null
  }

  readonly send = (value: T): Op<void> => new SendChunk(this, value)

  readonly trySend = (value: T): boolean => this.offer(value)

  finished(): Op<void> {
    return new Finished(this)
  }

  close(cause?: unknown): void {
    if (this.hasBeenClosed) throw new Error('close of closed channel')
    this.hasBeenClosed = true
    if (cause !== undefined) this.abort(cause)
    else if (this.end === null) this.finish()
    this.senders.settleAll(undefined)
  }

  [Symbol.dispose](): void {
    this.abort(new CanceledError())
  }

  /** False before the end of the stream; throws its failure. */
  checkEnd(): boolean {
    if (this.end === null) return false
    if (this.end.failure !== null) throw this.end.failure.error
    return true
  }

  /** A send or the permit is ahead of a chunk. */
  protected get hasQueue(): boolean {
    return this._hasPermit || this.senders.first !== null
  }

  /** Writes if the stream has room. */
  offer(value: T): boolean {
    this.checkOpen()
    if (!this.hasRoom || this.hasQueue) return false
    this.write(value)
    return true
  }

  /** The waiter with the permit writes. */
  writePermitted(value: T): void {
    this._hasPermit = false
    this.checkOpen()
    this.write(value)
    this.serveNext()
  }

  /** The waiter with the permit has left. */
  returnPermit(): void {
    this._hasPermit = false
    this.serveNext()
  }

  protected serveNext(): void {
    if (this._hasPermit || this.end !== null || this.senders.first === null) return
    if (!this.hasRoom) return this.sendWaits()
    this._hasPermit = true
    this.senders.shift()?.settle(undefined)
  }

  /** Notes the end, and frees all waiters. Returns whether it is the first. */
  protected noteEnd(failure: Failure | null): boolean {
    if (this.end !== null) return false
    this.end = { failure }
    this.senders.settleAll(undefined)
    this.watchers.settleAll(undefined)
    return true
  }
}

class SendChunk<T> extends QueuedOperation<void> {
  constructor(
    private readonly _writing: StreamWriting<T>,
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
    this._writing.sendWaits()
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
  constructor(private readonly _writing: StreamWriting<never>) {
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
