/** Instruments a file for the loader and for the plugin: places and reasons are those of the file that its author has written. */
import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { instrument, type Allowance, type Instrumented } from '../../instrument/index.js'

/** The key in the global registry of symbols under which instrumented code finds its hooks. */
export const HOOKS = 'millrace.race-hooks.v1'

/** What a file was before: its text, and the source map from the code to it, if it was compiled. */
export interface Original {
  readonly text: string
  readonly map: ConstructorParameters<typeof SourceMap>[0] | null
}

const ours = new URL('.', import.meta.url).href

/** Whether a module is looked at: JavaScript or TypeScript of the program, and of the packages of `node_modules` that are included. */
export function isInstrumented(url: string, isIncluded: (file: string) => boolean): boolean {
  const [file = ''] = url.split('?')
  if (!/\.[cm]?[jt]sx?$/.test(file) || file.startsWith(ours) || /\/millrace\/(?:dist|src)\//.test(file)) return false
  return !file.includes('/node_modules/') || isIncluded(file)
}

interface FileOptions {
  readonly isScript: boolean
  /** The module that exports the hooks. */
  readonly module: string
  readonly original: Original
  /** The source map leads to the original, and not to the code that is given. */
  readonly mapsBack: boolean
}

/**
 * The code with hooks, and its source map. `path` is that of the file. A script finds the hooks by the key.
 */
export function instrumentFile(code: string, path: string, { isScript, module, original, mapsBack }: FileOptions): Instrumented {
  const { text, map } = original
  const sourceMap = map === null ? null : new SourceMap(map)
  const positionOf = sourceMap === null ? undefined : (line: number, column: number) => originOf(sourceMap, line, column)
  return instrument(code, path, { isScript, hooks: { module, key: HOOKS }, positionOf, mapsBack, allowances: allowancesOf(text) })
}

function originOf(map: SourceMap, line: number, column: number): readonly [line: number, column: number] | null {
  const entry = map.findEntry(line - 1, column - 1)
  return 'originalLine' in entry ? [entry.originalLine + 1, entry.originalColumn + 1] : null
}

/** The comments of a text that accept races. A comment without code on its line is about the next line of code. */
function allowancesOf(text: string): Allowance[] {
  if (!text.includes('race-ok')) return []
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    const found = /\/\/ *race-ok\b:? *(.*?)\s*$/.exec(line)
    if (found === null) return []
    let about = index
    if (found.index === line.search(/\S/)) while (about < lines.length - 1 && /^\s*(?:\/\/|$)/.test(lines[about])) about++
    return [[index + 1, found[1], about + 1] as const]
  })
}

/** The text of a file on disk; without one, the code that is loaded. */
export function textOf(path: string, code: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return code
  }
}
