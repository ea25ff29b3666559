import type { Observable } from 'rxjs'
import { fromReceiver } from '../../../operators/index.js'
import { background, chan, fromSignal, type Chan, type Context } from '../../../runtime/index.js'
import { causeOfThrown, checkContext, checkFunction, checkOptions } from '../../../runtime/internal.js'
import { checkPipeline } from '../../../operators/internal.js'
import { PipelineChunks } from './chunks.js'
import { checkMark } from './mark.js'
import { streamOf } from './to-readable-stream.js'

/** Options of `toTransformStream`. */
export interface ToTransformStreamOptions {
  /** Chunks that the readable side reads ahead. Default 0. */
  readonly highWaterMark?: number
  /** Ends the pipeline; both sides fail with its cause. Default: `background`. */
  readonly ctx?: Context
}

/**
 * A pair of streams made of a pipeline, for `pipeThrough`: chunks written to `writable` are the items of the source that
 * `build` receives, and the items of the pipeline are the chunks of `readable`. The pipeline starts at the first read.
 *
 * Shape: as the pipeline gives. Holds the items of the pipeline, 1 chunk that is written, and `highWaterMark` chunks that
 * are read ahead, by default 0; a write waits while the pipeline is full. `readable` closes when the pipeline completes. An error of
 * the pipeline fails both sides with that object. `abort(reason)` of the writable side fails the source with the reason;
 * `cancel(reason)` of the readable side ends the pipeline, and fails the writable side with the reason. A pipeline that
 * completes before its source fails the writable side with TypeError, as `terminate()` of a TransformStream does. Throws
 * TypeError for an argument that is no function, or a result that is no pipeline.
 *
 * @example
 * ```ts
 * const doubled = toTransformStream<number, number>((numbers) => numbers.pipe(workerPool(2, (n) => 2 * n, { ordered: true })))
 * const readable = toReadableStream([1, 2, 3]).pipeThrough(doubled)
 * console.log(yield* collect(ctx, fromReadableStream(readable)).join()) // [ 2, 4, 6 ]
 * ```
 */
export function toTransformStream<T, R>(
  build: (source: Observable<T>) => Observable<R>,
  options: ToTransformStreamOptions = {},
): ReadableWritablePair<R, T> {
  checkFunction('toTransformStream(build)', build)
  checkOptions('toTransformStream(build, options)', options, ['highWaterMark', 'ctx'])
  const { highWaterMark = 0, ctx = background } = options
  checkMark('toTransformStream(build, { highWaterMark })', highWaterMark)
  checkContext('toTransformStream(build, { ctx })', ctx)
  const input = new Input<T>()
  const pipeline = build(fromReceiver(input.values))
  checkPipeline('toTransformStream(build): the result of build', pipeline)
  const chunks = new PipelineChunks(pipeline, ctx, (failure) => input.fail(failure))
  return { writable: new WritableStream<T>(input, { highWaterMark: 1 }), readable: streamOf(chunks, undefined, highWaterMark) }
}

/** The writable side: a write waits until the pipeline takes the chunk. */
class Input<T> implements UnderlyingSink<T> {
  readonly values: Chan<T> = chan<T>()
  private _controller: WritableStreamDefaultController | null = null
  /** The writable side was closed or aborted. */
  private _isOver = false

  /** Ends when the writable side is aborted, also while a write waits. */
  private _aborted: Context = background

  readonly start = (controller: WritableStreamDefaultController): void => {
    this._controller = controller
    this._aborted = fromSignal(controller.signal)
  }

  readonly write = async (chunk: T): Promise<void> => {
    await this.values.send(chunk).within(this._aborted)
  }

  readonly close = (): void => {
    this._isOver = true
    this.values.close()
  }

  readonly abort = (reason: unknown): void => {
    this._isOver = true
    if (!this.values.isClosed) this.values.close(causeOfThrown(reason))
  }

  /** The pipeline has ended: what is written now has no reader. */
  fail(failure: { readonly error: unknown } | null): void {
    if (this._isOver) return
    this._controller?.error(failure === null ? new TypeError('toTransformStream: the pipeline has completed') : failure.error)
    if (!this.values.isClosed) this.values.close(failure?.error)
  }
}
