import type { Readable } from 'node:stream'
import type { Observable } from 'rxjs'
import { described, under } from '../../../operators/internal.js'
import { checkMethod, type Failure } from '../../../runtime/internal.js'
import { flow } from './chunk-flow.js'
import { destroyQuietly } from './stream-end.js'

/** Streams that `fromReadable` has read. */
const wereRead = new WeakSet<Readable>()

/**
 * A source of the chunks of a Readable of Node, as fast as the pipeline takes them. Pass a function that makes the
 * stream for each subscriber; a stream itself serves one subscriber.
 *
 * Shape: one item for each chunk: Buffers, strings after `setEncoding`, values in object mode. Holds 1 item; the
 * stream reads ahead by its own `highWaterMark` and one chunk. Completes at the end of the stream. Fails with the
 * error of the stream, the same object, and with ERR_STREAM_PREMATURE_CLOSE where the stream is destroyed before its
 * end. An error below, and the end of the context, destroy the stream with that error, the same object; a subscriber
 * that leaves destroys it with a CanceledError; `run` waits until the stream is closed. Fails with an Error for a
 * stream that a subscriber has read before. An error of a stream that the function has made, after its good end, is a
 * late failure. Throws TypeError for an argument that is neither.
 *
 * @example
 * ```ts
 * import { Readable } from 'node:stream'
 *
 * fromReadable<string>(() => Readable.from(['a', 'b'])).pipe(workerPool(2, fetchOne)) // → [ 1, 1 ]
 * ```
 */
export function fromReadable<T = Buffer>(readable: Readable | (() => Readable)): Observable<T> {
  if (typeof readable !== 'function') checkMethod('fromReadable(readable)', 'a Readable, or a function that makes one', readable, 'read')
  const refused = (failure: Failure | null): void => {
    if (typeof readable !== 'function' && failure !== null) destroyQuietly(readable, failure.error)
  }
  return described<T>({ name: 'fromReadable', holds: 1, refused }, (subscriber) => {
    if (typeof readable === 'function') flow(under(null, readable), subscriber, null, 'fromReadable')
    else flow(unread(readable), subscriber, null, null)
  })
}

function unread(stream: Readable): Readable {
  if (wereRead.has(stream))
    throw new Error('fromReadable(readable): the stream was read before; pass a function that makes a stream for each subscriber')
  wereRead.add(stream)
  return stream
}
