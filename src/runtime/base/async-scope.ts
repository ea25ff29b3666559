/**
 * Async contexts of the host: the stores of Node's AsyncLocalStorage that code sees. Node hands them on from code to the
 * promises and timers that the code creates.
 *
 * The neutral context has no stores. A module that is loaded lazily is evaluated in the context of the request that asks
 * for it, and no host has a call that leaves all stores. So on Node the context is captured, and then its stores are
 * removed: `AsyncResource` keeps them in properties of its own, beside its two ids. Deno and Bun keep them out of reach.
 * - Deno's own core sets the context. No callback of Deno is neutral: where code sets no context, the last one stays.
 * - In Bun the host itself calls a listener of `AbortSignal.timeout`, in no context: there the neutral one is captured.
 */

/** A captured async context. Node's AsyncResource is one. */
export interface AsyncScope {
  /** Calls `f` in this context. */
  runInAsyncScope<R>(f: () => R): R
}

interface AsyncHooks {
  readonly AsyncResource: new (type: string) => AsyncScope
}

interface HostProcess {
  getBuiltinModule?(name: string): AsyncHooks | undefined
}

/** The part of Deno's core that its own AsyncLocalStorage is made of. */
interface CoreOfDeno {
  getAsyncContext?(): unknown
  setAsyncContext?(context: unknown): void
}

interface DenoHost {
  readonly internal?: symbol
  readonly [internal: symbol]: { readonly core?: CoreOfDeno } | undefined
}

interface HostGlobals {
  readonly process?: HostProcess
  readonly Deno?: DenoHost
}

const { process: host, Deno: denoHost } = globalThis as HostGlobals // a browser has neither
const hooks = host?.getBuiltinModule?.('node:async_hooks')

/** Captures the context of the code that runs, at a fraction of the cost of `AsyncLocalStorage.snapshot()`. */
export function captureScope(): AsyncScope {
  return hooks === undefined ? withoutContexts : new hooks.AsyncResource('millrace')
}

/** The host keeps the stores of a context in properties of its AsyncResource, and reads them through its prototype: Node. */
const isInProperties = hooks !== undefined && Object.getOwnPropertySymbols(captureScope()).length > 0

/** A context with the stores of `scope`. A store that code enters in it stays in it; other hosts see to that themselves. */
export function copyOf(scope: AsyncScope): AsyncScope {
  return isInProperties ? (Object.create(scope) as AsyncScope) : scope // an object that inherits all of it
}

/** For a host without async contexts. */
const withoutContexts: AsyncScope = { runInAsyncScope: (f) => f() }

/** The properties of an AsyncResource of Node that are no stores. */
const ids = ['async_id_symbol', 'trigger_async_id_symbol']

/**
 * Calls `f` with the context without stores: at once on Node, on Deno and in a browser, after a turn of the host on Bun.
 * Never, where a version of Deno keeps its core out of reach.
 */
export function whenNeutral(f: (neutral: AsyncScope) => void): void {
  const scope = captureScope()
  const keys = Object.getOwnPropertySymbols(scope)
  for (const key of keys) if (!ids.includes(key.description ?? '')) Reflect.deleteProperty(scope, key)
  if (hooks === undefined || keys.length > 0) f(scope)
  else if (denoHost !== undefined) callInDeno(denoHost, f)
  else AbortSignal.timeout(0).addEventListener('abort', () => f(captureScope()), { once: true })
}

function callInDeno(deno: DenoHost, f: (neutral: AsyncScope) => void): void {
  const core = deno.internal === undefined ? undefined : deno[deno.internal]?.core
  if (core?.getAsyncContext === undefined || core.setAsyncContext === undefined) return
  const here = core.getAsyncContext()
  core.setAsyncContext(undefined)
  const neutral = captureScope()
  core.setAsyncContext(here)
  f(neutral)
}
