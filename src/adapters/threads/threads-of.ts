/** Functions of modules that do not call `onThreads`. */
import { checkOptions, mistyped } from '../../runtime/internal.js'
import type { OnThreadsOptions } from './on-threads.js'
import { checkPool, remoteIn } from './remote-function.js'
import type { Remote } from './remote.js'
import type { AnyFunction } from './thread/functions.js'
import { isThread } from './thread/boot.js'
import { serve } from './thread/serve.js'

/**
 * The functions of a module, as functions that run on threads.
 * @typeParam M - The type of the module.
 */
export type RemotesOf<M> = {
  readonly [Name in keyof M as M[Name] extends (...args: never[]) => unknown ? Name : never]: M[Name] extends (...args: never[]) => unknown
    ? Remote<M[Name]>
    : never
}

/**
 * The functions that a module exports, as functions that run on threads: for modules that you cannot edit, where
 * `onThreads` in the module itself does not serve. This thread does not evaluate the module. Give its URL,
 * `new URL('./work.js', import.meta.url)` or `import.meta.resolve('some-package')`, and its type.
 *
 * Each name is a function; the job of a name that the module does not export throws ThreadLostError, with the names that it
 * exports. Bundlers do not see the module: where the program is bundled, leave the module and `millrace/threads` out of the bundle.
 *
 * Throws TypeError unless `url` is a URL with a scheme, such as `file:`.
 *
 * @typeParam M - The type of the module: `typeof import('./work.js')`.
 * @example
 * ```ts
 * const { parse } = threadsOf<{ parse(text: string): number }>('data:text/javascript,export const parse = Number')
 * using here = inline() // on threads without this line
 * const n = await parse('42') // → 42
 * ```
 */
export function threadsOf<M extends object>(url: URL | string, options: OnThreadsOptions = {}): RemotesOf<M> {
  const href = checkUrl(url)
  checkOptions('threadsOf(url, options)', options, ['on'])
  const pool = options.on === undefined ? null : checkPool('threadsOf(url, { on })', options.on)
  const remotes = new Map<string, Remote<AnyFunction>>()
  const remoteOf = (name: string): Remote<AnyFunction> => {
    const made = remotes.get(name) ?? remoteIn({ key: `${href}#export ${name}`, url: href, name, server: import.meta.url }, pool)
    remotes.set(name, made)
    return made
  }
  if (isThread()) serve()
  const none = {} as RemotesOf<M> // `get` makes what it has
  return new Proxy(none, {
    // `then` is no function of the module: an await of this object would call it.
    get: (_target, name) => (typeof name === 'string' && name !== 'then' ? remoteOf(name) : undefined),
  })
}

function checkUrl(url: unknown): string {
  const text = url instanceof URL ? url.href : url
  const expected = "a URL: new URL('./work.js', import.meta.url), or import.meta.resolve('some-package')"
  if (typeof text !== 'string' || !/^[a-z][a-z\d+.-]+:/i.test(text)) throw mistyped('threadsOf(url)', expected, url)
  return text
}
