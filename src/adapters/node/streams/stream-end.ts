/**
 * The end of one side of a stream, as `stream.finished` of Node sees it: an error, a close before the end
 * (ERR_STREAM_PREMATURE_CLOSE), or the end itself. A stream that had ended, failed or been destroyed before counts as
 * well.
 *
 * Always true: the end is known once, and after that no listener of this room is left on the stream.
 */
import { finished, type Duplex } from 'node:stream'
import type { Failure } from '../../../runtime/internal.js'
import type { ReadableLike, WritableLike } from './like.js'

const SIDES = {
  readable: { writable: false },
  writable: { readable: false },
} as const

/** Calls `ended` once, with the failure or null. Returns a function that ends the watch. */
export function watchEnd(
  stream: ReadableLike | WritableLike,
  side: keyof typeof SIDES,
  ended: (failure: Failure | null) => void,
): () => void {
  // any stream of Node
  const cleanup = finished(stream as unknown as Duplex, SIDES[side], (error) => {
    cleanup()
    ended(error === undefined || error === null ? null : { error })
  })
  return cleanup
}

/** Destroys the stream. An error that follows from this has no other reader, and would end the process. */
export function destroyQuietly(stream: ReadableLike | WritableLike, cause?: unknown): void {
  const ignore = (): void => {}
  const stopIgnoring = (): void => void stream.off('error', ignore)
  stream.on('error', ignore)
  if (isClosed(stream)) return void setImmediate(stopIgnoring) // the events are still to come
  stream.once('close', stopIgnoring)
  if (!stream.destroyed) stream.destroy(cause instanceof Error ? cause : undefined)
}

/** The descriptor or socket of the stream is freed; the event `close` may still be to come. */
function isClosed(stream: ReadableLike | WritableLike): boolean {
  return (stream as { closed?: boolean }).closed === true // a field of Node's streams
}

/** Resolves when the stream has freed its descriptor or socket. */
export function closed(stream: ReadableLike | WritableLike): Promise<void> {
  if (isClosed(stream)) return Promise.resolve()
  return new Promise((resolve) => stream.once('close', () => resolve()))
}

/** The error of a destroyed stream, before `finished` reports it. */
export function destroyedError(stream: ReadableLike | WritableLike): unknown {
  const { errored } = stream as { errored?: Error | null } // a field of Node's streams
  return errored ?? Object.assign(new Error('Premature close'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })
}
