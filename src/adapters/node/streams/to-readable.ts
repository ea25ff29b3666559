import { Readable } from 'node:stream'
import { isObservable, type Observable } from 'rxjs'
import { background, type Context, type Receiver } from '../../../runtime/index.js'
import { fromIterable } from '../../../operators/index.js'
import { checkContext, checkCount, checkFlag, checkRecord, mistyped } from '../../../runtime/internal.js'
import { ChunkPull, destroyAtEnd, type ChunkSource } from './chunk-pull.js'
import { PipelineOutput } from './pipeline-output.js'

/** Options of `toReadable` and `toDuplex`. */
export interface ToStreamOptions {
  /** Chunks are values of any type. Default true; with false they are strings and Uint8Arrays. */
  readonly objectMode?: boolean
  /** Items, or bytes without object mode, that the stream reads ahead. Default: that of Node, 16 items or 64 kB. */
  readonly highWaterMark?: number
  /** Ends the pipeline; the stream is destroyed with its cause. Default: `background`. */
  readonly ctx?: Context
}

/**
 * A Readable of Node with the items of a pipeline, a receiver or an iterable. A pipeline starts at the first read, and
 * pauses while the buffer of the stream is full.
 *
 * Shape: a chunk for each item, in object mode by default. Holds `highWaterMark` items, and 1 item that waits. The
 * stream ends when the source completes. An error of the source destroys the stream with that error, the same object;
 * so does the end of the context. A stream that is destroyed ends the pipeline, and is closed when the goroutines of
 * the pipeline have unwound; it withdraws its receive, so no value of a receiver is lost beyond its buffer. An item
 * that is null, which is the end to Node, destroys the stream with a TypeError. A string is an iterable of its characters: for one
 * chunk, pass `['text']`. Throws TypeError for an argument that
 * is none of these. The counterpart of `Readable.from`.
 *
 * @example
 * ```ts
 * import { text } from 'node:stream/consumers'
 *
 * const upper = fromIterable(['a', 'b']).pipe(workerPool(1, async (item) => item.toUpperCase()))
 * console.log(await text(toReadable(upper))) // AB
 * ```
 */
export function toReadable<T>(source: Observable<T> | Receiver<T> | Iterable<T> | AsyncIterable<T>, options?: ToStreamOptions): Readable {
  checkSource(source)
  checkToStream('toReadable(source, ', options)
  const { objectMode = true, highWaterMark, ctx = background } = options ?? {}
  const pull = new ChunkPull(chunksOf(source, ctx))
  const stream = new Readable({
    objectMode,
    highWaterMark,
    read: () => pull.pull(stream),
    destroy: (error, closed) => pull.leave(error, closed),
  })
  if (ctx !== background) destroyAtEnd(stream, ctx)
  return stream
}

/** `call` is the call up to its options: `toReadable(source, `. */
export function checkToStream(call: string, options: ToStreamOptions = {}, flags: readonly string[] = []): void {
  const own = ['objectMode', ...flags]
  checkRecord(`${call}options)`, 'an object', options, [...own, 'highWaterMark', 'ctx'])
  for (const flag of own) checkFlag(`${call}{ ${flag} })`, (options as Record<string, unknown>)[flag]) // read by name
  if (options.highWaterMark !== undefined) checkCount(`${call}{ highWaterMark })`, 0, options.highWaterMark)
  if (options.ctx !== undefined) checkContext(`${call}{ ctx })`, options.ctx)
}

function checkSource(source: unknown): void {
  if (typeof source !== 'string' && !(typeof source === 'object' && source !== null))
    throw mistyped('toReadable(source)', 'a pipeline, a receiver or an iterable', source)
}

function chunksOf<T>(source: Observable<T> | Receiver<T> | Iterable<T> | AsyncIterable<T>, ctx: Context): ChunkSource<T> {
  if (isObservable(source)) return new PipelineOutput(source, ctx)
  if (isReceiver(source)) return { receive: () => source.receive(), leave: (error, closed) => closed(error) }
  return new PipelineOutput(fromIterable(source), ctx)
}

function isReceiver<T>(source: Receiver<T> | Iterable<T> | AsyncIterable<T>): source is Receiver<T> {
  return 'receive' in Object(source)
}
