/**
 * Simpler schedules than a given one, the simplest first: without its tail, then with fewer switches, in longer and shorter stretches, then with sooner
 * and plainer ones. Whichever of them fails is shrunk in turn, from the place where it was found; each step makes it simpler, so that ends.
 */
import { cut, isExact, type Picks, type Switch } from './picks.js'

/** How many picks of a tail are kept; programs whose fault lies further on are not cut. */
const CUTS = [0, 1, 4, 16, 64, 256, 1_024, 4_096, 16_384]

/** Exact options that a switch is tried with. */
const FEW_OPTIONS = 6

/** Where in the search a schedule was found: what came before was tried on one that was hardly different. */
export interface Place {
  readonly size: number
  readonly from: number
}

export interface Simpler {
  readonly picks: Picks
  readonly place: Place | null
}

export function* simplerThan(picks: Picks, place: Place | null): Generator<Simpler, void> {
  if (picks.tail !== null) {
    for (const n of CUTS) yield { picks: cut(picks, n), place: null }
    return
  }
  if (place !== null) yield* withFewer(picks.switches, place)
  yield* withFewer(picks.switches, { size: picks.switches.length, from: 0 })
  for (const switches of withOthers(picks.switches)) yield { picks: { switches, tail: null }, place: { size: 1, from: switches.length } }
}

function* withFewer(switches: readonly Switch[], { size: first, from: start }: Place): Generator<Simpler, void> {
  const n = switches.length
  for (let size = first, from = start; size >= 1; size = Math.floor(size / 2), from = 0) {
    for (; from < n; from += size) {
      const before = switches.slice(0, from)
      const after = switches.slice(from + size)
      const place = { size, from }
      if (after.length > 0) {
        const choices = switches.slice(from, from + size).reduce((sum, one) => sum + one.after + 1, 0)
        const [next, ...rest] = after
        yield { picks: { switches: [...before, { ...next, after: next.after + choices }, ...rest], tail: null }, place }
      }
      yield { picks: { switches: [...before, ...after], tail: null }, place }
    }
  }
}

/** As many, one of them sooner, or of a lower option. */
function* withOthers(switches: readonly Switch[]): Generator<readonly Switch[], void> {
  for (const [i, one] of switches.entries())
    for (const other of plainerThan(one)) yield [...switches.slice(0, i), other, ...switches.slice(i + 1)]
}

function* plainerThan({ after, pick }: Switch): Generator<Switch, void> {
  for (const sooner of new Set([0, after >> 1, after - 1])) if (sooner >= 0 && sooner < after) yield { after: sooner, pick }
  const most = isExact(pick) ? pick - 1 : FEW_OPTIONS
  for (let option = 1; option <= Math.min(most, FEW_OPTIONS); option++) yield { after, pick: option }
}
