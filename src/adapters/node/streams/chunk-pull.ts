/**
 * A Readable that pulls its chunks from a receiver or a pipeline.
 *
 * Always true: one receive is under way at a time, and none while the buffer of the stream is full; a stream that is
 * destroyed withdraws it.
 */
import type { Readable } from 'node:stream'
import { afterFunc, type Context, type Op, type Option } from '../../../runtime/index.js'
import { CallbackPerformer, causeOf, causeOfThrown, queue, type Operation } from '../../../runtime/internal.js'
import { asStreamError } from './stream-end.js'

/** The chunks of a Readable. */
export interface ChunkSource<T> {
  receive(): Op<Option<T>>
  /** The stream is destroyed: frees everything, and then calls `closed`. */
  leave(error: Error | null, closed: (error: Error | null) => void): void
}

export class ChunkPull<T> extends CallbackPerformer<Option<T>> {
  private _stream: Readable | null = null

  constructor(private readonly _source: ChunkSource<T>) {
    super()
  }

  /** For `read()` of the stream. */
  pull(stream: Readable): void {
    this._stream = stream
    this.start(this._source.receive() as Operation<Option<T>>) // the package makes operations of its own
  }

  /** For `destroy()` of the stream. */
  leave(error: Error | null, closed: (error: Error | null) => void): void {
    this.stop()
    this._source.leave(error, closed)
  }

  protected succeeded(message: Option<T>): void {
    const stream = this._stream as Readable // a pull began this receive
    if (message._tag === 'None') stream.push(null)
    else if (message.value === null)
      stream.destroy(new TypeError('toReadable: an item is null, which ends a stream of Node; map it to another value first'))
    else this._push(stream, message.value)
  }

  /**
   * A chunk of no bytes, or of part of a character, adds nothing to the buffer of the stream, and the stream need not call
   * `read` again after it: so it is asked to. In a turn of its own, since a receiver may hold any number of such chunks.
   */
  private _push(stream: Readable, chunk: unknown): void {
    const before = stream.readableLength
    stream.push(chunk)
    if (stream.readableLength === before && !stream.readableObjectMode) queue.push({ scope: this.scope, run: () => void stream.read(0) })
  }

  protected failed(cause: unknown): void {
    this._stream?.destroy(asStreamError(causeOfThrown(cause)))
  }
}

/** The end of the context destroys the stream, with the cause. */
export function destroyAtEnd(stream: Readable, ctx: Context): void {
  const stop = afterFunc(ctx, () => void stream.destroy(asStreamError(causeOfThrown(causeOf(ctx)))))
  stream.once('close', stop)
}
