/**
 * The programs that threads begin with, where the module itself is no entry: TypeScript that the host does not run (the hooks of
 * tsx do not reach the entry of a thread in Node 20), and modules that do not call `onThreads`.
 */
import type { Boot } from '../wire/batch.js'

interface NodeGlobals {
  readonly process?: {
    readonly features?: { readonly typescript?: unknown }
    readonly versions?: Readonly<Record<string, string | undefined>>
  }
}

/** The program of a thread; null where the host evaluates the module as it is. */
export function entryProgram(boot: Boot): string | null {
  const { features, versions } = (globalThis as NodeGlobals).process ?? {} // every member is optional
  const runsTypeScript = Boolean(features?.typescript) || versions?.bun !== undefined || versions?.deno !== undefined
  if (/\.[cm]?tsx?$/.test(boot.entry) && !runsTypeScript) return tsxProgram(boot)
  return boot.isServer ? plainProgram(boot) : null
}

const plainProgram = (boot: Boot): string => `const entry = ${JSON.stringify(boot.entry)}\n${evaluate(boot)}`

/** A program that registers tsx and evaluates the module. Only the ES module of tsx registers from where it lies. */
export const tsxProgram = (boot: Boot): string => `
const entry = ${JSON.stringify(boot.entry)}
const { createRequire } = require('node:module')
const { pathToFileURL } = require('node:url')
const path = (() => {
  try {
    return createRequire(entry).resolve('tsx/esm/api')
  } catch {
    throw new Error('Node ' + process.version + ' runs no TypeScript in a thread: install tsx, use Node 22.18 or later, or build the module first')
  }
})()
import(pathToFileURL(path.replace(/\\.cjs$/, '.mjs')).href).then(({ register }) => {
  register()
  return ${evaluate(boot)}
})
`

function evaluate({ isServer }: Boot): string {
  if (!isServer) return 'import(entry)'
  return `import(entry).then(({ threadsOf }) => {
  if (threadsOf === undefined) throw new Error('threadsOf needs millrace/threads as a module of its own: leave it out of the bundle, or use onThreads')
  threadsOf(entry)
})`
}
