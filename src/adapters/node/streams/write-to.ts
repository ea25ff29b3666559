import type { Writable } from 'node:stream'
import type { OperatorFunction, Subscriber } from 'rxjs'
import type { Op } from '../../../runtime/index.js'
import { operate, SerialStage, stageNotes, type StageNotes } from '../../../operators/internal.js'
import type { StageOptions } from '../../../operators/index.js'
import { checkFlag, checkMethod, type Operation, type Failure } from '../../../runtime/internal.js'
import { causeOfLeaving, runWaitsFor } from '../../streams/index.js'
import { Writing } from './sender-of.js'
import { closed, destroyQuietly, reportLateErrors } from './stream-end.js'

/** Options of `writeTo`. */
export interface WriteToOptions extends StageOptions {
  /**
   * End the stream when the source completes, and destroy it when the pipeline fails or its subscriber leaves. Default
   * true; with false the stream stays open: `process.stdout`.
   */
  readonly end?: boolean
}

/**
 * A sink that writes each item to a Writable of Node, and pauses the source while the buffer of the stream is full.
 *
 * Shape: emits nothing. Holds 1 item; the stream holds at most its `highWaterMark` and one chunk. Completes when the
 * source has completed and the stream has written everything (`finish`). Fails with the error of the stream, the same
 * object, also between two items; with ERR_STREAM_PREMATURE_CLOSE where the stream is destroyed before. An error of the
 * source, and the end of the context, destroy the stream with that error; a subscriber that leaves destroys it; `run`
 * waits until the stream is closed. Pass a
 * function to make a stream for each subscriber; an error of such a stream after its good end, as of a socket that is reset then,
 * is a late failure. Throws TypeError for an argument that is neither.
 *
 * @example
 * ```ts
 * import { createWriteStream } from 'node:fs'
 *
 * yield* run(ctx, fromIterable(['a\n', 'b\n']).pipe(writeTo(() => createWriteStream('/dev/null')))).join()
 * ```
 */
export function writeTo<T = Buffer | string>(writable: Writable | (() => Writable), options?: WriteToOptions): OperatorFunction<T, never> {
  const isMade = typeof writable === 'function'
  if (!isMade) checkMethod('writeTo(writable)', 'a Writable, or a function that makes one', writable, 'write')
  checkFlag('writeTo(writable, { end })', options?.end)
  const notes = stageNotes('writeTo', options, ['end'])
  const ends = options?.end !== false
  const make = (subscriber: Subscriber<never>): WriteTo<T> =>
    new WriteTo(subscriber, notes, isMade ? checkedWritable(writable()) : writable, { ends, isMade })
  return operate(notes, 1, make, (failure) => {
    if (!isMade && ends && failure !== null) destroyQuietly(writable, failure.error)
  })
}

function checkedWritable(made: Writable): Writable {
  checkMethod('writeTo(writable): the result of the function', 'a Writable', made, 'write')
  return made
}

interface Ownership {
  readonly ends: boolean
  /** The stage has made the stream, and no other code has it. */
  readonly isMade: boolean
}

class WriteTo<T> extends SerialStage<T, never> {
  private readonly _writing: Writing<T>
  private readonly _ends: boolean
  /** Every item is written to the stream, whose end is awaited. */
  private _isFlushing = false
  /** The last item has filled the stream, and keeps its slot. */
  private _isFull = false
  /** The error of an item that the stream refused, until its end is known. */
  private _refused: Failure | null = null

  constructor(subscriber: Subscriber<never>, notes: StageNotes, stream: Writable, { ends, isMade }: Ownership) {
    super(subscriber, notes)
    this._ends = ends
    if (isMade && ends) reportLateErrors(stream, notes.name, () => this._writing.hasFinished)
    this._writing = new Writing<T>(stream)
    this._writing.hasDrained = () => this._emptied()
    const finished = this._writing.finished() as Operation<void> // an operation of the package
    const watch = finished.subscribe({ next: () => this._finished(), error: (cause) => this._streamFailed(cause) })
    subscriber.add(() => {
      const { scope } = this.flow.downstream
      watch.unsubscribe()
      this._leave(causeOfLeaving(scope))
      if (ends && stream.destroyed) runWaitsFor(scope, () => closed(stream))
    })
  }

  protected override takesAtOnce(chunk: T): boolean {
    return this._writing.offer(chunk)
  }

  /** A full stream keeps the slot until it has room. */
  protected override taken(): void {
    if (this._writing.hadRoom) this.flow.free(1)
    else this._isFull = true
  }

  /** A stream that is about to end may still say why it refused an item: the other side has reset the connection. */
  override failed(cause: unknown): void {
    if (this._writing.isEnding) this._refused ??= { error: cause }
    else super.failed(cause)
  }

  private _emptied(): void {
    if (!this._isFull) return
    this._isFull = false
    this.flow.free(1)
  }

  protected operationFor(chunk: T): Op<void> {
    return this._writing.send(chunk)
  }

  performed(): void {
    this.flow.free(1)
  }

  override finish(): void {
    if (!this._ends) return super.finish()
    this._isFlushing = true
    if (!this._writing.isClosed) this._writing.close()
  }

  override failing(cause: unknown): void {
    this._leave(cause)
  }

  private _leave(cause: unknown): void {
    if (this._ends) this._writing.abort(cause)
    else this._writing.release()
  }

  private _finished(): void {
    if (this._isFlushing) super.finish()
    else if (this._refused !== null) super.failed(this._refused.error)
    else this._emptied() // ended by other code: the next item fails
  }

  private _streamFailed(cause: unknown): void {
    if (this._isFlushing) this.flow.downstream.error(cause)
    else super.failed(cause)
  }
}
