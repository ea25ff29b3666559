/** Keys whose values cross to threads. A key crosses by its name: the module that makes it is evaluated on both sides. */
import { shared } from '../base/shared.js'
import type { ContextKey } from '../interfaces/context.js'

/** By name. Of two keys with one name the later counts: a module that was evaluated again has made it. */
const keys = (): Map<string, ContextKey<unknown>> => shared('millrace.context.portable.v1', () => new Map<string, ContextKey<unknown>>())

export function addPortable(key: ContextKey<unknown>): void {
  keys().set(key.name, key)
}

/** The keys whose values cross. */
export function portableKeys(): Iterable<ContextKey<unknown>> {
  return keys().values()
}
