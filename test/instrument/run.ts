/** Runs a program plain and instrumented, each in a realm of its own, and tells how it ended. */
import vm from 'node:vm'
import { instrument, type Allowance, type Instrumented } from '../../src/instrument/index.js'
import { makeHooks } from './hooks.mjs'

export const key = 'millrace.test.hooks'
export const hooks = { module: 'hooks', key }

export interface Ran {
  /** What the program has logged, and how it ended. */
  readonly log: readonly string[]
  /** The hooks of reads and writes in the body, in order: `read account.balance`. */
  readonly hooks: readonly string[]
}

const prelude = `
  var log = []
  function show(value, depth = 0) {
    if (depth > 3) return '…'
    const inner = (entry) => show(entry, depth + 1)
    if (typeof value === 'function') return 'function ' + value.name + '/' + value.length
    if (typeof value === 'bigint') return value + 'n'
    if (typeof value === 'symbol') return String(value)
    if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value)
    if (value === globalThis || 'events' in value) return 'the global object, or a copy'
    if (value instanceof Error) return value.name + ': ' + value.message
    if (value instanceof Map || value instanceof Set) return '{' + [...value].map(inner) + '}'
    if (Array.isArray(value)) return '[' + value.map(inner) + ']'
    return '{' + Object.entries(value).map(([key, entry]) => key + ':' + inner(entry)) + '}'
  }
  function t(name, value) { log.push(name + '=' + show(value)); return value }
`

/** The program is the body of an async function, strict or sloppy; what it returns is logged. */
export function programOf(body: string, isStrict: boolean): string {
  const end = `.then((value) => t('returns', value), (error) => t('throws', error))`
  return `${isStrict ? '"use strict";' : ''}async function main() {\n${body}\n}\nmain()${end}`
}

export async function runPlain(body: string, isStrict = true): Promise<Ran> {
  return run(programOf(body, isStrict), [], '')
}

/** With `accepts` each line accepts its races. */
export async function runInstrumented(body: string, isStrict = true, accepts = false): Promise<Ran> {
  const source = programOf(body, isStrict)
  const { code, sites } = instrument(source, 'program.js', { isScript: true, hooks, allowances: accepts ? everyLine(source) : [] })
  return run(code, sites, source)
}

function everyLine(source: string): Allowance[] {
  return source.split('\n').map((_, index) => [index + 1, 'a reason', index + 1])
}

async function run(code: string, sites: Instrumented['sites'], source: string): Promise<Ran> {
  const context = vm.createContext({})
  vm.runInContext(
    `${prelude};globalThis[Symbol.for('${key}')] = (${makeHooks.toString()})((event) => events.push(event)); var events = []`,
    context,
  )
  await vm.runInContext(code, context, { timeout: 5000 })
  const { log, events: told } = context as { log: string[]; events: [string, number?][] }
  const heard = told.flatMap(([, site]) => {
    const [line = 0, column = 0, unit = '', name = '', how = 'function'] = (typeof site === 'number' ? sites[site] : undefined) ?? []
    if (how === 'function' || unit === '(module)') return []
    checkPosition(source, line, column, name)
    return [`${how} ${name}`]
  })
  return { log: [...log], hooks: heard }
}

/** A site stands where its text does. */
function checkPosition(source: string, line: number, column: number, name: string): void {
  const text = source
    .split('\n')
    .slice(line - 1)
    .join(' ')
    .slice(column - 1)
    .replace(/\s+/g, ' ')
  const start = name.replace(/\(\)$|….*/, '').slice(0, 12)
  const key = /\.([\w$]+)$/.exec(name)?.[1] // the place of a key of a pattern is that of the key
  const isKey = key !== undefined && text.startsWith(key) && /^\s*[,:=}]/.test(text.slice(key.length))
  const isElement = /\[\d+\]$/.test(name) && /^[^;]*\]/.test(text) // of a pattern: the place is that of the target
  const isAll = name.startsWith('...') && (text.startsWith('...') || text.startsWith(start.slice('...'.length)))
  if (!text.startsWith(start) && !isKey && !isElement && !isAll)
    throw new Error(`the site of ${name} is at ${line}:${column}, where the source has ${text.slice(0, 20)}`)
}
