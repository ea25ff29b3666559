/** The modules of instrumented code, their sites, and the lines in them that accept a race. */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { addSites, allowedLines, allowLine, sites, type AllowedLine, type Site } from '../race/index.js'

/** A site as instrumented code announces it. */
type Row = readonly [line: number, column: number, unit: string, name: string, how: string]

/** `path` is absolute for a file on disk; reports name it from the working directory. */
export function addModule(
  path: string,
  table: readonly Row[],
  allowances: readonly (readonly [line: number, why: string, about: number])[] = [],
): number {
  const file = path.startsWith('/') || /^[A-Za-z]:/.test(path) ? relative(process.cwd(), path) : path
  for (const [line, why, about] of allowances) allowLine(file, line, why, about)
  return addSites(table.map((row) => new ModuleSite(file, path, row)))
}

class ModuleSite implements Site {
  readonly line: number
  readonly column: number
  readonly fn: string
  readonly name: string

  constructor(
    readonly file: string,
    private readonly _path: string,
    [line, column, fn, name]: Row,
  ) {
    this.line = line
    this.column = column
    this.fn = fn
    this.name = name
  }

  /** The line of code, which is read for a report; of a long line the part around the site. */
  get code(): string | undefined {
    try {
      return excerpt(readFileSync(this._path, 'utf8').split('\n')[this.line - 1], this.column - 1)
    } catch {
      return undefined
    }
  }
}

/** Characters of a line that a report shows: a minified file is one line. */
const LONGEST = 160

function excerpt(line: string | undefined, at: number): string | undefined {
  if (line === undefined || line.trim().length <= LONGEST) return line
  const start = Math.max(0, Math.min(at - LONGEST / 4, line.length - LONGEST))
  const [before, after] = [start > 0 ? '…' : '', start + LONGEST < line.length ? '…' : '']
  return `${before}${line.slice(start, start + LONGEST).trim()}${after}`
}

/** The name of the place or function at a site. */
export function nameOf(site: number): string {
  return sites[site].name
}

/** The lines that accept races and covered none. */
export function unusedAllowances(): readonly AllowedLine[] {
  return [...allowedLines.values()].filter(({ hits }) => hits === 0)
}
