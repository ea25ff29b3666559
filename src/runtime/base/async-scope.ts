/**
 * Async contexts of the host: the stores of Node's AsyncLocalStorage that code sees. Node hands them on from code to the
 * promises and timers that the code creates.
 *
 * The neutral context has no stores. A module that is loaded lazily is evaluated in the context of the request that asks
 * for it, and Node has no call that leaves all stores. So the neutral context is captured, and then its stores are removed:
 * `AsyncResource` keeps them in properties of its own, beside its two ids.
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

/** The properties that are no stores. */
const ids = ['async_id_symbol', 'trigger_async_id_symbol']

function withoutStores(scope: AsyncScope): AsyncScope {
  for (const key of Object.getOwnPropertySymbols(scope)) if (!ids.includes(key.description ?? '')) Reflect.deleteProperty(scope, key)
  return scope
}

/** The context without stores. */
export const neutral: AsyncScope = withoutStores(captureScope())
