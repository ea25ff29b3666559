/** The options of `race`, checked. */
import { checkFlag, checkOneOf, checkRecord, mistyped } from '../../runtime/internal.js'

/** The options of `race`. */
export interface RaceOptions {
  /** Which races are reported; see `race` of `explore`. Default `order`. */
  readonly level?: 'stale' | 'order' | 'all' | 'go'
  /** Whether each run looks for races, and not only those in mode `race`. Default false. */
  readonly always?: boolean
  /** Packages of `node_modules` that are looked at as well. */
  readonly include?: FilePattern | readonly FilePattern[]
  /** Files that are not looked at. */
  readonly exclude?: FilePattern | readonly FilePattern[]
  /** Places whose races are accepted, by the name in the report, each with the reason: `{ 'stats.hits': 'the last writer wins' }`. */
  readonly ignore?: Readonly<Record<string, string>>
}

/** A file: a part of the path, or a RegExp over the path. */
export type FilePattern = string | RegExp

export interface Checked {
  readonly level: string
  readonly always: boolean
  readonly include: readonly RegExp[]
  readonly exclude: readonly RegExp[]
  readonly ignore: Readonly<Record<string, string>>
}

export function checkedOptions(options: RaceOptions): Checked {
  checkRecord('race(options)', 'an object', options, ['level', 'always', 'include', 'exclude', 'ignore'])
  const { level = 'order', always = false, include = [], exclude = [], ignore = {} } = options
  checkOneOf('race({ level })', ['stale', 'order', 'all', 'go'], level)
  checkFlag('race({ always })', always)
  const ignored = 'race({ ignore })'
  checkRecord(ignored, 'a record from a place to the reason', ignore)
  for (const [place, why] of Object.entries(ignore))
    if (typeof why !== 'string' || why.trim() === '') throw mistyped(`${ignored}: ${place}`, 'a reason, as text', why)
  return { level, always, include: patternsOf('include', include), exclude: patternsOf('exclude', exclude), ignore }
}

function patternsOf(name: string, given: FilePattern | readonly FilePattern[]): RegExp[] {
  const patterns: readonly unknown[] = Array.isArray(given) ? given : [given]
  return patterns.map((pattern) => {
    if (pattern instanceof RegExp)
      return pattern.global || pattern.sticky ? new RegExp(pattern, pattern.flags.replace(/[gy]/g, '')) : pattern
    if (typeof pattern === 'string' && pattern !== '' && !/[*?{}]/.test(pattern)) return new RegExp(escaped(pattern))
    throw mistyped(`race({ ${name} })`, 'parts of paths or RegExps, and no globs', pattern)
  })
}

function escaped(part: string): string {
  return part.replace(/[$()+.[\\\]^|]/g, '\\$&')
}
