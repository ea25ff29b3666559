import type { Observable } from 'rxjs'
import { described, under } from '../../../operators/internal.js'
import { checkFlag, checkMethod, checkOptions, type Failure } from '../../../runtime/internal.js'
import { checkReadable } from './locked.js'
import type { ReceiverOfOptions } from './receiver-of.js'
import { StreamFlow } from './stream-flow.js'

/**
 * A source of the chunks of a ReadableStream, of byte streams too, while the stages below have demand. Pass a function that makes
 * the stream for each subscriber; a stream itself serves one subscriber.
 *
 * Shape: one item for each chunk. Holds 1 item; the stream reads ahead by its own `highWaterMark` and no more. Completes
 * at the end of the stream. Fails with the error of the stream, the same object; with TypeError for a locked stream. An
 * error below, and the end of the context, cancel the stream with that error, the same object; a subscriber that leaves
 * cancels it with a CanceledError. With `preventCancel` the lock is released only. Throws TypeError for an argument that
 * is neither. Source: `pipeTo` of the Streams Standard.
 *
 * @example
 * ```ts
 * const text = fromReadableStream(() => new Blob(['a,b']).stream().pipeThrough(new TextDecoderStream()))
 * console.log(yield* collect(ctx, text).join()) // [ 'a,b' ]
 * ```
 */
export function fromReadableStream<T>(stream: ReadableStream<T> | (() => ReadableStream<T>), options?: ReceiverOfOptions): Observable<T> {
  if (typeof stream !== 'function')
    checkMethod('fromReadableStream(stream)', 'a ReadableStream, or a function that makes one', stream, 'getReader')
  checkOptions('fromReadableStream(stream, options)', options, ['preventCancel'])
  checkFlag('fromReadableStream(stream, { preventCancel })', options?.preventCancel)
  const refused = (failure: Failure | null): void => {
    if (typeof stream === 'function' || failure === null || stream.locked || options?.preventCancel === true) return
    void stream.cancel(failure.error).catch(() => {}) // the pipeline has the failure
  }
  return described<T>({ name: 'fromReadableStream', holds: 1, refused }, (subscriber) => {
    const made = typeof stream === 'function' ? under(null, stream) : stream
    checkReadable('fromReadableStream(stream)', made)
    new StreamFlow(made, subscriber, options?.preventCancel !== true)
  })
}
