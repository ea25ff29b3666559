import { Duplex } from 'node:stream'
import type { Observable } from 'rxjs'
import { background, chan, choose, type Chan } from '../../../runtime/index.js'
import { fromReceiver } from '../../../operators/index.js'
import { checkPipeline } from '../../../operators/internal.js'
import { checkFunction, type Operation } from '../../../runtime/internal.js'
import { ChunkPull, destroyAtEnd } from './chunk-pull.js'
import { PipelineOutput } from './pipeline-output.js'
import { checkToStream, type ToStreamOptions } from './to-readable.js'

/** Options of `toDuplex`. */
export interface ToDuplexOptions extends ToStreamOptions {
  /** `objectMode` for the chunks that are written. */
  readonly writableObjectMode?: boolean
  /** `objectMode` for the chunks that are read. */
  readonly readableObjectMode?: boolean
}

/**
 * A Duplex of Node made of a pipeline, for `stream.pipeline` and `pipe`: the chunks that are written are the items of
 * the source that `build` receives, and the items of the pipeline are the chunks that are read.
 *
 * Shape: as the pipeline gives, in object mode by default. Holds `highWaterMark` chunks on each side, 1 chunk that is
 * being written, and what the pipeline holds. A write is accepted when the pipeline takes the chunk. The end of the
 * writes completes the source, and the stream ends when the pipeline completes. Where the pipeline completes before
 * that, later chunks are dropped. An error of the pipeline destroys the stream with that error, the same object. A
 * stream that is destroyed ends the pipeline, and is closed when its goroutines have unwound. Throws TypeError for a
 * `build` that is no function, or returns no observable.
 *
 * @example
 * ```ts
 * import { pipeline as connect } from 'node:stream/promises'
 *
 * const doubling = toDuplex<number, string>((numbers) => numbers.pipe(workerPool(2, async (n) => `${2 * n}`, { ordered: true })))
 * await connect(toReadable([1, 2]), doubling, async (results) => {
 *   for await (const result of results) console.log(result)
 * })
 * ```
 */
export function toDuplex<T, R>(build: (source: Observable<T>) => Observable<R>, options?: ToDuplexOptions): Duplex {
  checkFunction('toDuplex(build)', build)
  checkToStream('toDuplex(build, ', options, ['writableObjectMode', 'readableObjectMode'])
  const {
    objectMode = true,
    writableObjectMode = objectMode,
    readableObjectMode = objectMode,
    highWaterMark,
    ctx = background,
  } = options ?? {}
  const input = chan<T>()
  const pipeline = build(fromReceiver(input))
  checkPipeline('toDuplex(build): the result of build', pipeline)
  const output = new PipelineOutput(pipeline, ctx)
  const pull = new ChunkPull(output)
  const stream = new Duplex({
    writableObjectMode,
    readableObjectMode,
    highWaterMark,
    read: () => pull.pull(stream),
    write: (chunk: T, _encoding, accepted) => write({ input, output }, chunk, accepted),
    final: (ended) => {
      output.begin()
      input.close()
      ended()
    },
    destroy: (error, closed) => pull.leave(error, closed),
  })
  if (ctx !== background) destroyAtEnd(stream, ctx)
  return stream
}

interface Sides<T> {
  readonly input: Chan<T>
  readonly output: Pick<PipelineOutput<unknown>, 'begin' | 'over'>
}

/** Sends the chunk to the pipeline. A pipeline that has completed drops the chunk. */
function write<T>({ input, output }: Sides<T>, chunk: T, accepted: (error?: Error | null) => void): void {
  output.begin()
  const sent = choose(input.send(chunk), output.over()).attempt() as Operation<unknown> // an operation of the package
  sent.subscribe({ next: () => accepted() })
}
