/** The names of remote functions: how a pool knows a function of `onThreads`. */
import { mistyped, shared } from '../../runtime/internal.js'
import type { FunctionName } from './wire/batch.js'

/** Any function of `onThreads`. */
export type AnyRemote = (...args: never[]) => unknown

const remoteNames = shared('millrace.threads.names.v1', () => new WeakMap<object, FunctionName>())

export function setName(remote: object, name: FunctionName): void {
  remoteNames.set(remote, name)
}

export function nameOf(where: string, remote: unknown): FunctionName {
  const name = typeof remote === 'function' ? remoteNames.get(remote) : undefined
  if (name === undefined) throw mistyped(where, 'a function of onThreads', remote)
  return name
}
