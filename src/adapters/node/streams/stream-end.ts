/**
 * The end of one side of a stream, as `stream.finished` of Node sees it: an error, a close before the end
 * (ERR_STREAM_PREMATURE_CLOSE), or the end itself. A stream that had ended, failed or been destroyed before counts as
 * well.
 *
 * Always true: the end is known once, and after that no listener of this room is left on the stream.
 */
import { finished, type Duplex } from 'node:stream'
import { failedLate, type Failure } from '../../../runtime/internal.js'
import type { ReadableLike, WritableLike } from './like.js'

const SIDES = {
  readable: { writable: false },
  writable: { readable: false },
} as const

type Ended = (failure: Failure | null) => void

/** The watches of a stream that have not ended, and the end of the listeners that they share. */
interface Watches {
  readonly all: Set<{ readonly ended: Ended }>
  cleanup(): void
}

/** A stream warns of more than ten listeners, and `process.stdout` may have a hundred pipelines. */
const watched = { readable: new WeakMap<object, Watches>(), writable: new WeakMap<object, Watches>() }

/** Calls `ended` once, with the failure or null. Returns a function that ends the watch. */
export function watchEnd(stream: ReadableLike | WritableLike, side: keyof typeof SIDES, ended: Ended): () => void {
  const { all } = watched[side].get(stream) ?? watchAll(stream, side)
  const watch = { ended }
  all.add(watch)
  return () => {
    const watches = watched[side].get(stream)
    if (!all.delete(watch) || all.size > 0 || watches?.all !== all) return
    watched[side].delete(stream)
    watches.cleanup()
  }
}

function watchAll(stream: ReadableLike | WritableLike, side: keyof typeof SIDES): Watches {
  const all: Watches['all'] = new Set()
  // any stream of Node
  const cleanup = finished(stream as unknown as Duplex, SIDES[side], (error) => {
    watched[side].delete(stream)
    cleanup()
    const failure = error === undefined || error === null ? null : { error }
    for (const watch of all) {
      all.delete(watch)
      watch.ended(failure)
    }
  })
  const watches = { all, cleanup }
  watched[side].set(stream, watches)
  return watches
}

/** Destroys the stream. An error that follows from this has no other reader, and would end the process. */
export function destroyQuietly(stream: ReadableLike | WritableLike, cause?: unknown): void {
  const ignore = (): void => {}
  stream.on('error', ignore)
  whenClosed(stream, () => stream.off('error', ignore))
  if (!stream.destroyed) stream.destroy(asStreamError(cause))
}

/**
 * For a stream that no other code has: an error after its good end, such as a reset of a socket that has been written or read,
 * has no other reader and would end the process. It is a late failure.
 */
export function reportLateErrors(stream: ReadableLike | WritableLike, name: string, hasFinished: () => boolean): void {
  stream.on('error', (error) => {
    if (hasFinished()) failedLate(error, { id: 0, name })
  })
}

/** Node takes any value for an error, and reads its stack: a value that cannot be read is the cause of an error that can. */
export function asStreamError(cause: unknown): Error | undefined {
  try {
    const error = cause as Error | null | undefined // Node takes any value
    void error?.stack
    return error ?? undefined
  } catch {
    return new Error('a value that cannot be read was thrown', { cause })
  }
}

/** The fields of Node's streams that say how they end; streams of other makers may have none. */
interface EndFields {
  /** The descriptor or socket is freed; the event `close` may still be to come. */
  readonly closed?: boolean
  /** The same of a request that Deno's client makes, which has no `closed`. */
  readonly _closed?: boolean
  readonly _readableState?: { readonly emitClose?: boolean }
  readonly _writableState?: { readonly emitClose?: boolean }
}

/** Undefined where the stream does not say. */
const isClosed = (stream: EndFields): boolean | undefined => stream.closed ?? stream._closed

/** Calls `then` when the stream has freed its descriptor or socket. A stream may be set to emit no event of that. */
function whenClosed(stream: ReadableLike | WritableLike, then: () => void): void {
  const { _readableState: reads, _writableState: writes } = stream as EndFields // where it has them
  const known = isClosed(stream as EndFields) // the same
  if (known === true) return void setImmediate(then) // its events are still to come
  if (reads?.emitClose === true || writes?.emitClose === true || known === undefined) stream.once('close', then)
  else setImmediate(() => whenClosed(stream, then))
}

/** Resolves when the stream, which is destroyed, has freed its descriptor or socket. */
export function closed(stream: ReadableLike | WritableLike): Promise<void> {
  const known = isClosed(stream as EndFields) // where it has them
  return known === true ? Promise.resolve() : new Promise((resolve) => whenClosed(stream, resolve))
}

/** The error of a destroyed stream, before `finished` reports it. */
export function destroyedError(stream: ReadableLike | WritableLike): unknown {
  const { errored } = stream as { errored?: Error | null } // a field of Node's streams
  return errored ?? Object.assign(new Error('Premature close'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })
}
