/** The modules of Node that threads need, without an import: a bundle for a browser loads none of them. */
import type * as AsyncHooks from 'node:async_hooks'
import type * as Module from 'node:module'
import type * as OS from 'node:os'
import type * as V8 from 'node:v8'
import type * as WorkerThreads from 'node:worker_threads'

interface NodeModules {
  'node:async_hooks': typeof AsyncHooks
  'node:module': typeof Module
  'node:os': typeof OS
  'node:v8': typeof V8
  'node:worker_threads': typeof WorkerThreads
}

interface NodeGlobals {
  readonly process?: {
    readonly getBuiltinModule?: <Name extends keyof NodeModules>(name: Name) => NodeModules[Name] | undefined
  }
}

/** A module of Node; null on a host without it. */
export function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | null {
  return (globalThis as NodeGlobals).process?.getBuiltinModule?.(name) ?? null // every member is optional
}
