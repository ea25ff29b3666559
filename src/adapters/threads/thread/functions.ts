/**
 * The functions of `onThreads` in this realm. Both sides evaluate the same module, so both know a function by the same key:
 * the module, the name, and the order among equal names of one bundle.
 */
import { shared } from '../../../runtime/internal.js'
import type { FunctionName } from '../wire/batch.js'

/** A function that can run on a thread. */
export type AnyFunction = (...args: readonly unknown[]) => unknown

const functions = shared('millrace.threads.functions.v1', () => new Map<string, AnyFunction>())

/** Registers a function under its module and its name. */
export function register(url: string, name: string, f: AnyFunction): FunctionName {
  const stem = stemOf(url, name)
  let key = stem
  for (let n = 2; functions.has(key); n++) key = `${stem}~${n}`
  functions.set(key, f)
  return { key, url, name, server: null }
}

/**
 * The function with this name, or an error with the names that the module has. A module that was evaluated twice in the main
 * thread, as tests and hot reload do, is evaluated once here: its functions of the first evaluation serve.
 */
export function find({ key, url, name }: FunctionName): AnyFunction {
  const found = functions.get(key) ?? functions.get(stemOf(url, name))
  if (found !== undefined) return found
  const prefix = stemOf(url, '')
  const names = [...functions.keys()].filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length))
  const has = names.length === 0 ? 'it calls no onThreads when it is evaluated in a thread' : `it has ${names.join(', ')}`
  throw new Error(`the module has no function ${JSON.stringify(name)} on threads; ${has}`)
}

/** The function that the module exports under this name, or an error with the names of those it exports. */
export function exported({ name }: FunctionName, exports: object | null): AnyFunction {
  const all = new Map(Object.entries(exports ?? {}) as [string, unknown][]) // whatever they are
  const found = all.get(name)
  if (typeof found === 'function') return found as AnyFunction // any function of JavaScript can be called so
  const names = [...all.keys()].filter((one) => typeof all.get(one) === 'function')
  throw new Error(
    `the module exports no function ${JSON.stringify(name)}; ${names.length === 0 ? 'it exports none' : `it exports ${names.join(', ')}`}`,
  )
}

/** Development servers add a query to the URL of a module, and another one in each thread. */
function stemOf(url: string, name: string): string {
  return `${url.replace(/[?#].*$/, '')}#${name}`
}
