/**
 * The options of the detector, from one variable: `MILLRACE_RACE="level=go exitcode=66 halt=1 log=races.txt include=p-queue"`. A value with
 * spaces stands in quotes: `ignore='stats.hits: the last writer wins; stats.last: the same'`.
 */
import { mistyped, outOfRange } from '../../runtime/internal.js'
import { checkRace, type RaceLevel } from '../race/index.js'

export interface Options {
  readonly level: RaceLevel
  /** The exit code of a program with races. */
  readonly exitcode: number
  /** Whether the program ends at the first race. */
  readonly halt: boolean
  /** The file that reports are appended to; null is stderr. */
  readonly log: string | null
  /** Whether each access keeps its stack, and reports show both. */
  readonly stacks: boolean
  /** Packages that are instrumented as well. */
  readonly include: readonly string[]
  /** Files that are not instrumented: parts of their paths. */
  readonly exclude: readonly string[]
  /** Places whose races are accepted, by the name in the report, each with the reason. */
  readonly ignore: ReadonlyMap<string, string>
}

const VARIABLE = 'MILLRACE_RACE'
const NAMES = ['level', 'exitcode', 'halt', 'log', 'include', 'exclude', 'ignore', 'stacks']

export function readOptions(text = process.env[VARIABLE] ?? ''): Options {
  const given = new Map<string, string>()
  for (const [part] of text.matchAll(/(?:[^\s"'=]*=(?:"[^"]*"|'[^']*')|\S)\S*/g)) {
    const [name = '', ...value] = part.split('=')
    if (!NAMES.includes(name) || value.length === 0) throw mistyped(VARIABLE, `name=value, with a name of ${NAMES.join(', ')}`, part)
    given.set(name, value.join('=').replace(/^(["'])(.*)\1$/, '$2'))
  }
  const level = given.get('level') ?? 'order'
  checkRace(`${VARIABLE}: level`, level)
  const exitcode = Number(given.get('exitcode') ?? 66)
  if (!Number.isInteger(exitcode) || exitcode < 0 || exitcode > 255)
    throw outOfRange(`${VARIABLE}: exitcode`, 'an integer from 0 to 255', given.get('exitcode'))
  const flag = (name: string): boolean => {
    const value = given.get(name) ?? '0'
    if (value !== '0' && value !== '1') throw outOfRange(`${VARIABLE}: ${name}`, '0 or 1', value)
    return value === '1'
  }
  return {
    level: level as RaceLevel, // checked
    exitcode,
    halt: flag('halt'),
    stacks: flag('stacks'),
    log: given.get('log') ?? null,
    include: partsOf(given.get('include'), ','),
    exclude: partsOf(given.get('exclude'), ','),
    ignore: new Map(partsOf(given.get('ignore'), ';').map(ignored)),
  }
}

function partsOf(list = '', separator: string): string[] {
  return list
    .split(separator)
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

/** `stats.hits: the last writer wins` */
function ignored(entry: string): [place: string, why: string] {
  const [, place = '', why = ''] = /^([^:]*):(.*)$/.exec(entry) ?? []
  if (place.trim() === '' || why.trim() === '') throw mistyped(`${VARIABLE}: ignore`, 'place: reason; place: reason', entry)
  return [place.trim(), why.trim()]
}
