import { checkFlag, checkRecord, mistyped, outOfRange } from '../../runtime/internal.js'
import type { RaceLevel } from './accesses.js'

/** How an exploration looks for races. */
export interface RaceOptions {
  /** Default `order`. */
  readonly level?: RaceLevel
  /**
   * Whether a race that is found is confirmed: the program runs again with the two accesses in the other order, and the
   * finding says how that run ends (`confirmation`). Default false.
   */
  readonly confirm?: boolean
}

export type RaceOption = boolean | RaceLevel | RaceOptions

/** The level of the option `race`; null where races are not looked for. */
export function levelOf(race: RaceOption): RaceLevel | null {
  if (typeof race === 'boolean') return race ? 'order' : null
  return typeof race === 'string' ? race : (race.level ?? 'order')
}

const LEVELS = ['stale', 'order', 'all', 'go']

/** Checks the option `race` of an exploration. */
export function checkRaceOption(where: string, race: unknown): void {
  if (typeof race !== 'object' || race === null) return checkRace(where, race)
  checkRecord(where, 'a boolean, a level or a record of options', race, ['level', 'confirm'])
  const { level, confirm } = race as { level?: unknown; confirm?: unknown } // a record
  if (level !== undefined) checkLevel(`${where}: level`, level)
  checkFlag(`${where}: confirm`, confirm)
}

/** Checks the option `race`. */
export function checkRace(where: string, race: unknown): void {
  if (race === undefined || typeof race === 'boolean') return
  checkLevel(where, race, 'a boolean or a level')
}

function checkLevel(where: string, level: unknown, kinds = 'a level'): void {
  const expected = `${kinds}: ${LEVELS.join(', ')}`
  if (typeof level !== 'string') throw mistyped(where, expected, level)
  if (!LEVELS.includes(level)) throw outOfRange(where, expected, level)
}
