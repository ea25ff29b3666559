import type { OperatorFunction, Subscriber } from 'rxjs'
import type { Op } from '../../../runtime/index.js'
import type { StageOptions } from '../../../operators/index.js'
import { operate, SerialStage, stageNotes, under, type StageNotes } from '../../../operators/internal.js'
import { checkFlag, checkMethod, type Operation } from '../../../runtime/internal.js'
import { causeOfLeaving } from '../../streams/index.js'
import { checkWritable } from './locked.js'
import { Writing } from './sender-of.js'

/** Options of `writeToStream`, with the names of `pipeTo`. */
export interface WriteToStreamOptions extends StageOptions {
  /** The stream stays open when the source completes; its lock is released when every chunk is written. Default false. */
  readonly preventClose?: boolean
  /** The stream stays open when the pipeline fails, or its subscriber leaves. Default false. */
  readonly preventAbort?: boolean
}

/**
 * A sink that writes each item to a WritableStream, and pauses the source while the stream is full (`desiredSize` is 0 or
 * less). Pass a function that makes the stream for each subscriber; a stream itself serves one subscriber.
 *
 * Shape: emits nothing. Holds 1 item; the stream holds its `highWaterMark`. Completes when the source has completed and
 * the stream is closed, with everything written. Fails with the error of the stream, the same object, also between two
 * items; with TypeError for a locked stream. An error of the source aborts the stream with that error, the end of the
 * context with its cause, a subscriber that leaves with a CanceledError. Throws TypeError for an argument that is neither.
 * Source: `pipeTo` of the Streams Standard.
 *
 * @example
 * ```ts
 * const file = new WritableStream<string>({ write: (chunk) => console.log(chunk) }) // a
 * yield* run(ctx, fromIterable(['a']).pipe(writeToStream(file))).join()
 * ```
 */
export function writeToStream<T>(
  stream: WritableStream<T> | (() => WritableStream<T>),
  options?: WriteToStreamOptions,
): OperatorFunction<T, never> {
  if (typeof stream !== 'function')
    checkMethod('writeToStream(stream)', 'a WritableStream, or a function that makes one', stream, 'getWriter')
  const notes = stageNotes('writeToStream', options, ['preventClose', 'preventAbort'])
  checkFlag('writeToStream(stream, { preventClose })', options?.preventClose)
  checkFlag('writeToStream(stream, { preventAbort })', options?.preventAbort)
  const ends = { closes: options?.preventClose !== true, aborts: options?.preventAbort !== true }
  const make = (subscriber: Subscriber<never>): WriteToStream<T> => {
    const target = typeof stream === 'function' ? under(null, stream) : stream
    checkWritable('writeToStream(stream)', target)
    return new WriteToStream(subscriber, notes, target, ends)
  }
  return operate(notes, 1, make, (failure) => {
    if (typeof stream !== 'function' && ends.aborts && failure !== null && !stream.locked) void stream.abort(failure.error).catch(() => {})
  })
}

/** The source completes: the stream is closed. The pipeline fails or is left: the stream is aborted. */
interface Ends {
  readonly closes: boolean
  readonly aborts: boolean
}

class WriteToStream<T> extends SerialStage<T, never> {
  private readonly _writing: Writing<T>
  /** Every item is written to the stream, whose end is awaited. */
  private _isFlushing = false
  /** Calls back where the stream has room again. */
  private readonly _emptied = (): void => this.flow.free(1)

  constructor(
    subscriber: Subscriber<never>,
    notes: StageNotes,
    stream: WritableStream<T>,
    private readonly _ends: Ends,
  ) {
    super(subscriber, notes)
    this._writing = new Writing<T>(stream)
    const finished = this._writing.finished() as Operation<void> // an operation of the package
    const watch = finished.subscribe({ next: () => this._streamEnded(), error: (cause) => this._streamFailed(cause) })
    subscriber.add(() => {
      watch.unsubscribe()
      const { scope } = this.flow.downstream
      this._leave(causeOfLeaving(scope))
    })
  }

  protected override takesAtOnce(chunk: T): boolean {
    return this._writing.offer(chunk)
  }

  /** A full stream keeps the slot until it has room. */
  protected override taken(): void {
    if (this._writing.hadRoom) this.flow.free(1)
    else this._writing.whenRoom(this._emptied)
  }

  protected operationFor(chunk: T): Op<void> {
    return this._writing.send(chunk)
  }

  performed(): void {
    this.flow.free(1)
  }

  override finish(): void {
    this._isFlushing = true
    if (this._ends.closes) this._writing.close()
    else void this._writing.flushed.then(() => this._writing.release())
  }

  override failing(cause: unknown): void {
    this._leave(cause)
  }

  private _leave(reason: unknown): void {
    if (this._ends.aborts) this._writing.abort(reason)
    else this._writing.release()
  }

  private _streamEnded(): void {
    if (this._isFlushing) super.finish()
    else if (!this.flow.isOver) this.failed(new TypeError('writeToStream(stream): the stream was closed by other code'))
  }

  private _streamFailed(cause: unknown): void {
    if (this._isFlushing) this.flow.downstream.error(cause)
    else this.failed(cause)
  }
}
