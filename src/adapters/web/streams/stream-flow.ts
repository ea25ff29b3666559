/**
 * The chunks of a ReadableStream for a pipeline: a chunk goes to the stages below as its read resolves, without an operation.
 *
 *     waits for demand ──run──▶ reads ──chunk──▶ emits ──▶ reads …
 *        ▲                        ├──demand is closed──▶ holds the chunk ─┐
 *        └────────────────────────┴───────────────────────────────────────┘
 *
 * Always true:
 * - at most one read is under way, and a read begins only while the demand is open and no chunk is held;
 * - after the end the stream is not locked.
 */
import type { Subscriber } from 'rxjs'
import { currentScope, Downstream } from '../../../operators/internal.js'
import { queue, type AsyncScope, type Failure, type Runnable } from '../../../runtime/internal.js'
import { causeOfLeaving } from '../../streams/index.js'
import { reportLate } from './late.js'

/** Marks that no chunk is held: a chunk may be any value. */
const NONE = Symbol('no chunk')

export class StreamFlow<T> implements Runnable {
  readonly scope: AsyncScope | null
  private readonly _downstream: Downstream<T>
  private readonly _reader: ReadableStreamDefaultReader<T>
  /** A chunk that has come and was not emitted. */
  private _held: T | typeof NONE = NONE
  private _end: { readonly failure: Failure | null } | null = null
  private _isOver = false

  constructor(
    stream: ReadableStream<T>,
    subscriber: Subscriber<T>,
    /** A subscriber that leaves cancels the stream; otherwise it releases the lock only. */
    private readonly _cancels: boolean,
  ) {
    this._downstream = new Downstream(subscriber)
    this.scope = this._downstream.demand.scope
    this._reader = stream.getReader()
    const scope = currentScope()
    subscriber.add(() => {
      if (!this._isOver) this._leave(causeOfLeaving(scope))
    })
    this._downstream.wait(this)
  }

  /** There is demand. */
  run(): void {
    if (this._isOver) return
    if (!this._downstream.isOpen) return this._downstream.wait(this)
    if (this._end !== null) return this._finish(this._end.failure)
    if (this._held === NONE) return this._read()
    const chunk = this._held
    this._held = NONE
    this._emit(chunk)
  }

  private _read(): void {
    this._reader.read().then(this._arrived, this._failed)
  }

  private readonly _arrived = ({ done, value }: ReadableStreamReadResult<T>): void => {
    if (done) this._end = { failure: null }
    else this._held = value
    this._goOn()
  }

  private readonly _failed = (error: unknown): void => {
    this._end = { failure: { error } }
    this._goOn()
  }

  /** A read has resolved. A store that a stage enters for a chunk must not be there for the chunks after it. */
  private _goOn(): void {
    if (this._isOver) return
    const home = this.scope ?? queue.neutral
    if (queue.isTakenOver) this._downstream.wait(this)
    else if (home === null) this.run()
    else home.runInAsyncScope(this._run)
  }

  private readonly _run = (): void => this.run()

  private _emit(chunk: T): void {
    const { _downstream: downstream } = this
    const { demand } = downstream
    downstream.next(chunk)
    if (this._isOver) return
    if (!downstream.isOpen || demand.othersWait) downstream.wait(this)
    else if (demand.isOthersTurn) queue.push(this)
    else if (--queue.operations.left <= 0 && queue.sliceIsOver) queue.pushAfterHost(this)
    else this._read()
  }

  private _finish(failure: Failure | null): void {
    this._release()
    if (failure === null) this._downstream.complete()
    else this._downstream.error(failure.error)
  }

  private _leave(cause: unknown): void {
    if (this._cancels)
      this._reader.cancel(cause).catch(reportLate('fromReadableStream: cancel() of the stream', cause, this._reader.closed))
    this._release()
  }

  private _release(): void {
    this._isOver = true
    this._reader.closed.catch(() => {}) // it rejects when the lock is released
    this._reader.releaseLock()
  }
}
