/** TypeScript in a thread, where the host does not run it: the hooks of tsx do not reach the entry of a thread in Node 20. */

interface NodeGlobals {
  readonly process?: {
    readonly features?: { readonly typescript?: unknown }
    readonly versions?: Readonly<Record<string, string | undefined>>
  }
}

/** A program that registers tsx and evaluates the module; null where the host runs the module as it is. */
export function typeScriptEntry(url: string): string | null {
  const { features, versions } = (globalThis as NodeGlobals).process ?? {} // every member is optional
  if (!/\.[cm]?tsx?$/.test(url)) return null
  const runsTypeScript = Boolean(features?.typescript) || versions?.bun !== undefined || versions?.deno !== undefined
  return runsTypeScript ? null : tsxProgram(url)
}

/** A program that registers tsx and evaluates the module. Only the ES module of tsx registers from where it lies. */
export const tsxProgram = (url: string): string => `
const entry = ${JSON.stringify(url)}
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
  return import(entry)
})
`
