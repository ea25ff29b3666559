import type { Observable } from 'rxjs'
import { fromReceiver } from '../../../operators/index.js'
import { currentScope, described, under } from '../../../operators/internal.js'
import { causeOf, checkFlag, checkMethod, checkOptions } from '../../../runtime/internal.js'
import { receiverOf, type ReceiverOfOptions } from './receiver-of.js'

/**
 * A source of the chunks of a ReadableStream, of byte streams too, while the stages below have demand. Pass a function that makes
 * the stream for each subscriber; a stream itself serves one subscriber.
 *
 * Shape: one item for each chunk. Holds 1 item; the stream reads ahead by its own `highWaterMark` and no more. Completes
 * at the end of the stream. Fails with the error of the stream, the same object; with TypeError for a locked stream. A
 * subscriber that leaves cancels the stream with a CanceledError, the end of the context with its cause; with
 * `preventCancel` the lock is released only. Throws TypeError for an argument that is neither. Source: `pipeTo` of the
 * Streams Standard.
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
  return described<T>({ name: 'fromReadableStream', holds: 1 }, (subscriber) => {
    const scope = currentScope()
    const chunks = receiverOf<T>(typeof stream === 'function' ? under(null, stream) : stream, options)
    subscriber.add(() => chunks.cancel(scope.ctx.err()._tag === 'Some' ? causeOf(scope.ctx) : scope.cleanup?.failure?.error))
    under(scope, () => fromReceiver(chunks).subscribe(subscriber))
  })
}
