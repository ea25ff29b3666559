/**
 * A stage made of a TransformStream: a writing side with a demand of its own, and a reading side that honors the demand
 * of the stages below.
 *
 *     above ──items──▶ writable ═══ transform ═══ readable ──chunks──▶ below
 *
 * The readable side decides the end, as with `pipeThrough`: a transform that terminates completes the pipeline, and one
 * that fails shows its error there. An error of the source goes on as the object it is, whatever the transform makes of it.
 */
import { Observable, type OperatorFunction, type Subscriber } from 'rxjs'
import type { StageOptions } from '../../../operators/index.js'
import { currentScope, Demand, described, stageNotes, under, withDemand } from '../../../operators/internal.js'
import { mistyped, type Failure } from '../../../runtime/internal.js'
import { fromReadableStream } from './from-readable-stream.js'
import { checkReadable, checkWritable } from './locked.js'
import { writeToStream } from './write-to-stream.js'

/**
 * A stage made of a TransformStream, or of any pair `{ writable, readable }`: a compressor, a decoder, a worker behind two
 * streams. Pass a function that makes a pair for each subscriber; a pair itself serves one subscriber.
 *
 * Shape: as the transform gives. Holds 2 items, an item to be written and a result; the streams hold their
 * `highWaterMark`. A full stream pauses the source; results are read only while the stages below have demand. Completes
 * when the readable side has ended, also where it ends before the source. Fails with the error of the transform, the same
 * object; with TypeError for a locked stream. An error of the source aborts the transform, and is the error of the
 * pipeline; chunks within the transform are lost. The end of the context, and a subscriber that leaves, abort the writable
 * side and cancel the readable side. Throws TypeError for an argument that is neither. Source: `pipeThrough` of the
 * Streams Standard.
 *
 * @example
 * ```ts
 * const bytes = fromIterable([new Uint8Array([104, 105])])
 * const text = bytes.pipe(throughStream(() => new CompressionStream('gzip')), throughStream(() => new DecompressionStream('gzip')))
 * console.log(new TextDecoder().decode((yield* collect(ctx, text).join())[0])) // hi
 * ```
 */
export function throughStream<T, R>(
  pair: ReadableWritablePair<R, T> | (() => ReadableWritablePair<R, T>),
  options?: Pick<StageOptions, 'name'>,
): OperatorFunction<T, R> {
  if (typeof pair !== 'function') checkPair(pair)
  const { name } = stageNotes('throughStream', options)
  return (source) =>
    described<R>({ name, holds: 2, source }, (subscriber) => {
      const made = typeof pair === 'function' ? under(null, pair) : pair
      if (typeof pair === 'function') checkPair(made)
      checkReadable('throughStream(pair): readable', made.readable)
      checkWritable('throughStream(pair): writable', made.writable)
      new Passage<T, R>(subscriber, made, name).connect(source)
    })
}

function checkPair(pair: ReadableWritablePair<unknown, never>): void {
  const given: { readonly readable?: unknown; readonly writable?: unknown } | null | undefined = pair // any value from JavaScript
  if (typeof given?.readable !== 'object' || typeof given.writable !== 'object')
    throw mistyped('throughStream(pair)', 'a TransformStream, or a function that makes one', pair)
}

class Passage<T, R> {
  private readonly _scope = currentScope()
  private _sourceFailure: Failure | null = null

  constructor(
    private readonly _subscriber: Subscriber<R>,
    private readonly _pair: ReadableWritablePair<R, T>,
    private readonly _name: string,
  ) {}

  connect(source: Observable<T>): void {
    const { _subscriber: subscriber, _scope: scope } = this
    under(scope, () =>
      subscriber.add(
        fromReadableStream<R>(this._pair.readable).subscribe({
          next: (chunk) => subscriber.next(chunk),
          error: (cause) => subscriber.error(this._sourceFailure === null ? cause : this._sourceFailure.error),
          complete: () => subscriber.complete(),
        }),
      ),
    )
    if (subscriber.closed) return
    // The writing side emits nothing: it has a demand of its own, so that it is no source of the stage below.
    const written = this._noting(source).pipe(writeToStream<T>(this._pair.writable, { name: this._name }))
    // A failure of the writable side shows at the readable side, as with `pipeThrough`.
    subscriber.add(under(withDemand(scope, new Demand()), () => written.subscribe({ error: () => this._sourceFailed() })))
  }

  /** The source, whose failure is noted before the transform sees it. */
  private _noting(source: Observable<T>): Observable<T> {
    return new Observable((subscriber) =>
      source.subscribe({
        next: (value) => subscriber.next(value),
        error: (error: unknown) => {
          this._sourceFailure = { error }
          subscriber.error(error)
        },
        complete: () => subscriber.complete(),
      }),
    )
  }

  private _sourceFailed(): void {
    if (this._sourceFailure !== null) this._subscriber.error(this._sourceFailure.error)
  }
}
