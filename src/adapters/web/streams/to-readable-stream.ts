import { isObservable, type Observable } from 'rxjs'
import { fromIterable } from '../../../operators/index.js'
import { background, type Context, type Receiver } from '../../../runtime/index.js'
import { checkContext, checkOneOf, checkOptions, mistyped } from '../../../runtime/internal.js'
import { PipelineChunks, ReceiverChunks, type Chunks } from './chunks.js'
import { checkMark } from './mark.js'

/** Options of `toReadableStream`. */
export interface ToReadableStreamOptions {
  /** With `bytes` a byte stream: the items are Uint8Arrays or other views of bytes; readers may bring buffers of their own. */
  readonly type?: 'bytes'
  /** Chunks, or bytes of a byte stream, that the stream reads ahead. Default 0: an item is pulled for each read. */
  readonly highWaterMark?: number
  /** Ends the pipeline; the stream fails with its cause. Default: `background`. */
  readonly ctx?: Context
}

/**
 * A ReadableStream of the items of a pipeline, a receiver or an iterable: the body of a response or a request. A pipeline
 * starts at the first read, and pauses while no reader asks for more.
 *
 * Shape: a chunk for each item. Holds `highWaterMark` chunks, by default 0, and 1 item of a pipeline that waits. The stream
 * closes when the source completes, and fails with the error of the source, the same object, or with the cause of the
 * context. `cancel(reason)` of the stream ends the pipeline with that reason, and resolves when its goroutines have
 * unwound; it withdraws the receive from a receiver, so that no value is lost, and cancels a receiver that has `cancel`. A
 * byte stream skips empty items, and fails with TypeError for an item that is no view of bytes. Throws TypeError for an
 * argument that is none of these. Source: `ReadableStream.from` of the Streams Standard.
 *
 * @example
 * ```ts
 * const pipeline = fromIterable(['a', 'b']).pipe(workerPool(1, async (item) => item.toUpperCase()))
 * const body = toReadableStream(pipeline).pipeThrough(new TextEncoderStream())
 * console.log(await new Response(body).text()) // AB
 * ```
 */
export function toReadableStream<T>(
  source: Observable<T> | Receiver<T> | Iterable<T> | AsyncIterable<T>,
  options: ToReadableStreamOptions = {},
): ReadableStream<T> {
  checkSource(source)
  checkOptions('toReadableStream(source, options)', options, ['type', 'highWaterMark', 'ctx'])
  const { type, highWaterMark = 0, ctx = background } = options
  if (type !== undefined) checkOneOf('toReadableStream(source, { type })', ['bytes', 'undefined'], type)
  checkMark('toReadableStream(source, { highWaterMark })', highWaterMark)
  checkContext('toReadableStream(source, { ctx })', ctx)
  return streamOf(chunksOf(source, ctx), type, highWaterMark)
}

/** The stream pulls a chunk when a reader asks, or while its buffer has room. */
export function streamOf<T>(chunks: Chunks<T>, type: 'bytes' | undefined, highWaterMark: number): ReadableStream<T> {
  const cancel = (reason: unknown): Promise<void> => chunks.leave(reason)
  if (type === undefined)
    return new ReadableStream<T>({ pull: (controller) => chunks.pull(controller, (chunk) => chunk), cancel }, { highWaterMark })
  const pull = (controller: ReadableByteStreamController): Promise<void> =>
    chunks.pull(bytesTo(controller) as ReadableStreamDefaultController<T>, bytesOf) // the parts of it that `pull` uses
  return new ReadableStream({ type, pull, cancel }, { highWaterMark }) as unknown as ReadableStream<T> // the items are bytes, by `bytesOf`
}

/** The controller of a byte stream; its end also resolves a read that waits with a buffer of its own. */
function bytesTo(controller: ReadableByteStreamController): object {
  return {
    enqueue: (chunk: ArrayBufferView<ArrayBuffer>) => controller.enqueue(chunk),
    error: (cause: unknown) => controller.error(cause),
    close() {
      controller.close()
      controller.byobRequest?.respond(0)
    },
  }
}

/** The bytes of an item; null for an empty item, which a byte stream does not take. */
function bytesOf(item: unknown): unknown {
  if (!ArrayBuffer.isView(item)) throw mistyped("toReadableStream(source, { type: 'bytes' }): an item", 'a Uint8Array', item)
  return item.byteLength === 0 ? null : item
}

function chunksOf<T>(source: Observable<T> | Receiver<T> | Iterable<T> | AsyncIterable<T>, ctx: Context): Chunks<T> {
  if (isObservable(source)) return new PipelineChunks(source, ctx)
  if (isReceiver(source)) return new ReceiverChunks(source, ctx)
  return new PipelineChunks(fromIterable(source), ctx)
}

function checkSource(source: unknown): void {
  if (typeof source !== 'string' && (typeof source !== 'object' || source === null))
    throw mistyped('toReadableStream(source)', 'a pipeline, a receiver or an iterable', source)
}

function isReceiver<T>(source: Receiver<T> | Iterable<T> | AsyncIterable<T>): source is Receiver<T> {
  return typeof (source as { receive?: unknown }).receive === 'function' // any object
}
