/**
 * The hooks of Node's module loader: what other hooks have made of a file (tsx), or Node itself by stripping types, is instrumented.
 * Registered off the main thread, or in it where Node has `registerHooks`.
 *
 * CommonJS is instrumented where it is compiled, in the main thread: the loader finds the names that a file exports in its text as it is
 * (`exports.a = …`), and what a file requires is loaded as Node does it. Only a source that other hooks have made is instrumented here.
 */
import { Buffer } from 'node:buffer'
import module from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { HOOKS, instrumentFile, isInstrumented, textOf, type Original } from '../instrumenting/index.js'

interface Context {
  readonly format?: string | null
}

interface Loaded {
  readonly format?: string | null
  readonly source?: string | ArrayBuffer | ArrayBufferView | null
  readonly shortCircuit?: boolean
}

type Compile = (this: unknown, code: string, path: string, ...more: [format?: string, ...unknown[]]) => unknown

interface Typed {
  stripTypeScriptTypes?: (code: string) => string
}

/** The parts of names of packages that are instrumented as well. */
let include: readonly string[] = []
/** The parts of paths that are left out. */
let exclude: readonly string[] = []
const isIncluded = (file: string): boolean => include.some((part) => file.includes(part))

export function initialize(data: { readonly include: readonly string[]; readonly exclude: readonly string[] }): void {
  ;({ include, exclude } = data)
}

export async function load(url: string, context: Context, next: (url: string, context: Context) => Promise<Loaded>): Promise<Loaded> {
  const loaded = await next(url, context)
  return loaded.source == null && isScript(loaded) ? loaded : instrumented(url, loaded)
}

export function loadSync(url: string, context: Context, next: (url: string, context: Context) => Loaded): Loaded {
  const loaded = next(url, context)
  return isScript(loaded) ? loaded : instrumented(url, loaded)
}

/** Instruments CommonJS where Node compiles it. */
export function compileScripts(): void {
  const { prototype } = module as unknown as { prototype: { _compile: Compile } } // the method that all loaders of CommonJS call
  const compile = prototype._compile
  prototype._compile = function (code, path, ...more) {
    const isPlain = more[0] === 'module' || code.includes(HOOKS)
    const { source } = isPlain ? { source: code } : instrumented(pathToFileURL(path).href, { format: 'commonjs', source: code })
    return compile.call(this, typeof source === 'string' ? source : code, path, ...more)
  }
}

function isScript({ format }: Loaded): boolean {
  return format?.startsWith('commonjs') === true
}

function instrumented(url: string, loaded: Loaded): Loaded {
  const format = loaded.format ?? ''
  if (!url.startsWith('file:') || !/^(?:module|commonjs)/.test(format) || !isInstrumented(url, isIncluded)) return loaded
  const path = fileURLToPath(url)
  if (exclude.some((part) => path.includes(part))) return loaded
  const given = sourceOf(loaded, path)
  try {
    const code = format.endsWith('-typescript') ? stripped(given) : given
    const original: Original = { text: textOf(path, given), map: mapIn(given) }
    const how = { isScript: isScript(loaded), module: hooksModule, original, mapsBack: original.map !== null }
    const { code: source, map } = instrumentFile(code, path, how)
    const inline = Buffer.from(JSON.stringify({ ...map, sources: [url], sourcesContent: [original.text] })).toString('base64')
    return {
      format: how.isScript ? 'commonjs' : 'module',
      source: `${source}\n//# sourceMappingURL=data:application/json;base64,${inline}`,
      shortCircuit: true,
    }
  } catch (error) {
    process.emitWarning(`${path} is left as it is: ${error instanceof Error ? error.message : String(error)}`, { type: 'RaceWarning' })
    return loaded
  }
}

/** The hooks, as a module that every module can import. */
const hooksModule = `data:text/javascript,export const hooks=globalThis[Symbol.for('${HOOKS}')]`

function sourceOf({ source }: Loaded, path: string): string {
  if (source == null) return textOf(path, '')
  return typeof source === 'string' ? source : Buffer.from(source as Uint8Array /* or a buffer: both are taken */).toString('utf8')
}

function stripped(code: string): string {
  const { stripTypeScriptTypes } = module as Typed // of Node 22.13 and later
  if (stripTypeScriptTypes === undefined) throw new Error('this Node has no stripTypeScriptTypes')
  const plain = Object.getOwnPropertyDescriptor(process, 'emitWarning') ?? { configurable: true }
  Object.defineProperty(process, 'emitWarning', { ...plain, value: () => {} }) // Node itself strips types without its warning
  try {
    return stripTypeScriptTypes(code)
  } finally {
    Object.defineProperty(process, 'emitWarning', plain)
  }
}

/** The source map in a file that was compiled on the way. */
function mapIn(code: string): Original['map'] {
  const at = code.lastIndexOf('sourceMappingURL=data:application/json')
  const text = at < 0 ? undefined : /;base64,([\w+/=]+)/.exec(code.slice(at))?.[1]
  return text === undefined ? null : (JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as Original['map']) // by the form of its URL
}
