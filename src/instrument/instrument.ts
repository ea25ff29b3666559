/**
 * Makes the reads and writes of a file visible to the race engine: JavaScript in, JavaScript out.
 *
 * The result computes what the source computes, in the same order, and calls hooks on the way. Functions that hold hooks show them in
 * `toString()`. What it does not see is listed in `places.ts`.
 */
import MagicString, { SourceMap } from 'magic-string'
import { Rewriter } from './rewrite.js'
import { SiteTable, type Allowance, type Site } from './sites.js'
import { Tree } from './tree.js'

export type PositionOf = (line: number, column: number) => readonly [line: number, column: number] | null

export interface InstrumentOptions {
  /** CommonJS or a classic script instead of a module. */
  readonly isScript?: boolean
  /** The module that exports the hooks as `hooks`; a script takes them from `globalThis[Symbol.for(key)]`. */
  readonly hooks: { readonly module: string; readonly key: string }
  /** For code that was compiled: where a position (from 1) was before; null where it was not. Reports name that place. */
  readonly positionOf?: PositionOf
  /** The source map leads to those positions as well, and not to the code that was given. */
  readonly mapsBack?: boolean
  /** The comments that accept races, by lines before the file was compiled; the hooks get them with the sites. */
  readonly allowances?: readonly Allowance[]
}

export interface Instrumented {
  readonly code: string
  /** A source map from the result to the source, exact to the column. */
  readonly map: { readonly version: number; readonly sources: string[]; readonly names: string[]; readonly mappings: string }
  readonly sites: readonly Site[]
}

/** Instruments a source text. `file` is its name in reports. A syntax error is acorn's, with its position. */
export function instrument(
  code: string,
  file: string,
  { isScript = false, hooks, positionOf, mapsBack = false, allowances = [] }: InstrumentOptions,
): Instrumented {
  const tree = new Tree(code, isScript)
  const rewriter = new Rewriter(tree, new SiteTable(positionOf), allowances)
  const { out, table } = rewriter
  const source = isScript
    ? `var ${out.hooks}=globalThis[Symbol.for(${JSON.stringify(hooks.key)})];`
    : `import{hooks as ${out.hooks}}from${JSON.stringify(hooks.module)};`
  const head = rewriter.moduleHead(file, source)
  const start = endOfPreamble(tree)
  if (start === 0) out.edits.prepend(head)
  else out.edits.appendLeft(start, `;${head}`)
  const map = mapOf(out.edits, file, mapsBack ? positionOf : undefined)
  return { code: out.edits.toString(), map, sites: table.sites }
}

function mapOf(edits: MagicString, source: string, positionOf: PositionOf | undefined): Instrumented['map'] {
  const options = { source, includeContent: true, hires: true }
  if (positionOf === undefined) return edits.generateMap(options)
  const decoded = edits.generateDecodedMap(options)
  const mappings = decoded.mappings.map((segments) =>
    segments.flatMap((segment): (typeof segments)[number][] => {
      if (segment.length === 1) return [segment]
      const [at, , line, column] = segment
      const position = positionOf(line + 1, column + 1)
      return position === null ? [] : [[at, 0, position[0] - 1, position[1] - 1]]
    }),
  )
  return new SourceMap({ ...decoded, mappings })
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
