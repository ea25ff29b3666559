import { EMPTY, type Observable } from 'rxjs'
import { described } from '../../../operators/internal.js'
import { mistyped } from '../../../runtime/internal.js'
import { fromReadableStream } from '../streams/from-readable-stream.js'

/**
 * A source of the body of a Response or Request, while the stages below have demand. A body serves one subscriber.
 *
 * Shape: one item for each chunk of bytes; none for a message without a body. Holds 1 item. Completes at the end of the
 * body. Fails with the error of the body, the same object; with TypeError for a body that was read before. A subscriber
 * that leaves cancels the body, which frees the connection. Throws TypeError for an argument without a body. Source: the
 * Fetch Standard of WHATWG.
 *
 * @example
 * ```ts
 * const bytes = fromOp(() => fetchOp('data:text/plain,hello')).pipe(concatMap(fromBody))
 * console.log((yield* collect(ctx, bytes).join())[0].length) // 5
 * ```
 */
export function fromBody(message: { readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null }): Observable<Uint8Array<ArrayBuffer>> {
  const body: unknown = (message as { body?: unknown } | null | undefined)?.body // any value from JavaScript
  if (body === undefined) throw mistyped('fromBody(message)', 'a Response or Request', message)
  if (body === null) return described<never>({ name: 'fromBody', holds: 0 }, (subscriber) => EMPTY.subscribe(subscriber))
  return fromReadableStream(body as ReadableStream<Uint8Array<ArrayBuffer>>) // checked there
}
