import { mistyped, outOfRange } from '../../runtime/internal.js'

const LEVELS = ['stale', 'order', 'all', 'go']

/** Checks the option `race`. */
export function checkRace(where: string, race: unknown): void {
  if (race === undefined || typeof race === 'boolean') return
  const expected = `a boolean or a level: ${LEVELS.join(', ')}`
  if (typeof race !== 'string') throw mistyped(where, expected, race)
  if (!LEVELS.includes(race)) throw outOfRange(where, expected, race)
}
