/**
 * Async contexts of the host: the stores of Node's AsyncLocalStorage that code sees. Node hands them on from code to the
 * promises and timers that the code creates.
 *
 * The neutral context has no stores. A module that is loaded lazily is evaluated in the context of the request that asks
 * for it, and no host has a call that leaves all stores. So on Node the context is captured, and then its stores are
 * removed: `AsyncResource` keeps them in properties of its own, beside its two ids. Deno and Bun keep them out of reach.
 * But a listener of `AbortSignal.timeout` is called by the host itself, in no context: there the neutral one is captured.
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

const { process: host } = globalThis as { readonly process?: HostProcess } // a browser has none
const hooks = host?.getBuiltinModule?.('node:async_hooks')

/** Captures the context of the code that runs, at a fraction of the cost of `AsyncLocalStorage.snapshot()`. */
export function captureScope(): AsyncScope {
  return hooks === undefined ? withoutContexts : new hooks.AsyncResource('millrace')
}

/** For a host without async contexts. */
const withoutContexts: AsyncScope = { runInAsyncScope: (f) => f() }

/** The properties of an AsyncResource of Node that are no stores. */
const ids = ['async_id_symbol', 'trigger_async_id_symbol']

/** Calls `f` with the context without stores: at once on Node and in a browser, after a turn of the host on Deno and Bun. */
export function whenNeutral(f: (neutral: AsyncScope) => void): void {
  const scope = captureScope()
  const keys = Object.getOwnPropertySymbols(scope)
  for (const key of keys) if (!ids.includes(key.description ?? '')) Reflect.deleteProperty(scope, key)
  if (hooks === undefined || keys.length > 0) f(scope)
  else AbortSignal.timeout(0).addEventListener('abort', () => f(captureScope()), { once: true })
}
