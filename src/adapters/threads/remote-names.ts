/** What stands behind a function of `onThreads`: how a pool knows it, and the pool that it has been given. */
import { mistyped, shared } from '../../runtime/internal.js'
import type { FunctionName } from './wire/batch.js'
import type { Threads } from './thread-pool.js'

/** Any function of `onThreads`. */
export type AnyRemote = (...args: never[]) => unknown

/** A function and its place. */
export interface RemotePlace {
  readonly fn: FunctionName
  /** Null for the default pool. */
  readonly pool: Threads | null
}

const places = shared('millrace.threads.places.v1', () => new WeakMap<object, RemotePlace>())

export function setPlace(remote: object, place: RemotePlace): void {
  places.set(remote, place)
}

export function placeOf(where: string, remote: unknown): RemotePlace {
  const place = typeof remote === 'function' ? places.get(remote) : undefined
  if (place === undefined) throw mistyped(where, 'a function of onThreads', remote)
  return place
}
