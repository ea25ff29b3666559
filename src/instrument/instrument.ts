/**
 * Makes the reads and writes of a file visible to the race engine: JavaScript in, JavaScript out.
 *
 * The result computes what the source computes, in the same order, and calls hooks on the way. Functions that hold hooks show them in
 * `toString()`. What it does not see is listed in `places.ts`.
 */
import { Rewriter } from './rewrite.js'
import type { Site } from './sites.js'
import { Tree } from './tree.js'

export interface InstrumentOptions {
  /** CommonJS or a classic script instead of a module. */
  readonly isScript?: boolean
  /** The module that exports the hooks as `hooks`; a script takes them from `globalThis[Symbol.for(key)]`. */
  readonly hooks: { readonly module: string; readonly key: string }
}

export interface Instrumented {
  readonly code: string
  /** A source map from the result to the source, exact to the column. */
  readonly map: { readonly version: number; readonly sources: string[]; readonly names: string[]; readonly mappings: string }
  readonly sites: readonly Site[]
}

/** Instruments a source text. `file` is its name in reports. A syntax error is acorn's, with its position. */
export function instrument(code: string, file: string, { isScript = false, hooks }: InstrumentOptions): Instrumented {
  const tree = new Tree(code, isScript)
  const rewriter = new Rewriter(tree)
  const { out, table } = rewriter
  const source = isScript
    ? `var ${out.hooks}=globalThis[Symbol.for(${JSON.stringify(hooks.key)})];`
    : `import{hooks as ${out.hooks}}from${JSON.stringify(hooks.module)};`
  const head = rewriter.moduleHead(file, source)
  const start = endOfPreamble(tree)
  if (start === 0) out.edits.prepend(head)
  else out.edits.appendLeft(start, `;${head}`)
  const map = out.edits.generateMap({ source: file, includeContent: true, hires: true })
  return { code: out.edits.toString(), map, sites: table.sites }
}

/** The end of the directives, or of a hashbang line: no hook may stand before. */
function endOfPreamble({ code, root }: Tree): number {
  let end = code.startsWith('#!') ? (/[\r\n\u2028\u2029]|$/.exec(code)?.index ?? 0) : 0
  if (end > 0 && end < code.length) end++
  for (const statement of root.body) {
    if (statement.type !== 'ExpressionStatement' || statement.directive === undefined) break
    end = statement.end
  }
  return end
}
