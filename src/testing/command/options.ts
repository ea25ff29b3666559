/** The options of the detector, from one variable: `MILLRACE_RACE="level=go exitcode=66 halt=1 log=races.txt include=p-queue"`. */
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
  /** Packages that are instrumented as well. */
  readonly include: readonly string[]
}

const VARIABLE = 'MILLRACE_RACE'
const NAMES = ['level', 'exitcode', 'halt', 'log', 'include']

export function readOptions(text = process.env[VARIABLE] ?? ''): Options {
  const given = new Map<string, string>()
  for (const part of text.split(/\s+/).filter((one) => one !== '')) {
    const [name = '', ...value] = part.split('=')
    if (!NAMES.includes(name) || value.length === 0) throw mistyped(VARIABLE, `name=value, with a name of ${NAMES.join(', ')}`, part)
    given.set(name, value.join('='))
  }
  const level = given.get('level') ?? 'order'
  checkRace(`${VARIABLE}: level`, level)
  const exitcode = Number(given.get('exitcode') ?? 66)
  if (!Number.isInteger(exitcode) || exitcode < 0 || exitcode > 255)
    throw outOfRange(`${VARIABLE}: exitcode`, 'an integer from 0 to 255', given.get('exitcode'))
  const halt = given.get('halt') ?? '0'
  if (halt !== '0' && halt !== '1') throw outOfRange(`${VARIABLE}: halt`, '0 or 1', halt)
  return {
    level: level as RaceLevel, // checked
    exitcode,
    halt: halt === '1',
    log: given.get('log') ?? null,
    include: (given.get('include') ?? '').split(',').filter((one) => one !== ''),
  }
}
