/**
 * Schedules simpler than a given schedule, the simplest first: without its tail; then with fewer switches, in long and
 * short stretches; then with an earlier switch or a lower option. The search continues from the schedule that still
 * fails, at the place of that schedule.
 *
 * Always true: each schedule proposed is less than the given one by (tail, switches, decisions, options), so shrinking
 * ends.
 */
import { cutTail, isExact, type Picks, type Switch } from './picks.js'

/** How many picks of a tail are kept. A failure further on is not cut. */
const CUTS = [0, 1, 4, 16, 64, 256, 1_024, 4_096, 16_384]

/** Options that are tried in place of a pick. */
const FEW_OPTIONS = 6

/** Runs that `shrink` spends at most. */
const MOST_RUNS = 400

/** Where the search found a schedule. Earlier proposals were tried on a schedule that hardly differed. */
export interface Place {
  readonly size: number
  readonly from: number
}

export interface Simpler {
  readonly picks: Picks
  readonly place: Place | null
}

/**
 * Shrinks until no simpler schedule fails, or no runs are left. `stillFails` runs the program and returns whether the
 * failure is the same.
 */
export async function shrink(found: Picks, stillFails: (picks: Picks) => Promise<boolean>): Promise<Picks> {
  let best: Simpler = { picks: found, place: null }
  let runs = 0
  const firstThatFails = async (): Promise<Simpler | null> => {
    for (const simpler of simplerThan(best.picks, best.place)) {
      if (++runs > MOST_RUNS) return null
      if (await stillFails(simpler.picks)) return simpler
    }
    return null
  }
  for (let next = await firstThatFails(); next !== null; next = await firstThatFails()) best = next
  return best.picks
}

export function* simplerThan(picks: Picks, place: Place | null): Generator<Simpler, void> {
  if (picks.tail !== null) {
    for (const n of CUTS) yield { picks: cutTail(picks, n), place: null }
    return
  }
  const { switches } = picks
  if (place !== null) yield* withFewer(switches, place)
  yield* withFewer(switches, { size: switches.length, from: 0 })
  for (const plainer of withOnePlainer(switches)) yield { picks: exactly(plainer), place: { size: 1, from: switches.length } }
}

function exactly(switches: readonly Switch[]): Picks {
  return { switches, tail: null }
}

/** Leaves a stretch of switches out: first with its decisions taking option 0, then without its decisions. */
function* withFewer(switches: readonly Switch[], start: Place): Generator<Simpler, void> {
  for (let { size, from } = start; size >= 1; size = Math.floor(size / 2), from = 0) {
    for (; from < switches.length; from += size) {
      const place = { size, from }
      const before = switches.slice(0, from)
      const after = switches.slice(from + size)
      if (after.length > 0) {
        const decisions = switches.slice(from, from + size).reduce((sum, one) => sum + one.after + 1, 0)
        const [next, ...rest] = after
        yield { picks: exactly([...before, { ...next, after: next.after + decisions }, ...rest]), place }
      }
      yield { picks: exactly([...before, ...after]), place }
    }
  }
}

function* withOnePlainer(switches: readonly Switch[]): Generator<readonly Switch[], void> {
  for (const [i, one] of switches.entries()) for (const plainer of plainerThan(one)) yield switches.with(i, plainer)
}

/** Earlier, or of a lower option. */
function* plainerThan({ after, pick }: Switch): Generator<Switch, void> {
  for (const earlier of new Set([0, after >> 1, after - 1])) if (earlier >= 0 && earlier < after) yield { after: earlier, pick }
  const most = isExact(pick) ? pick - 1 : FEW_OPTIONS
  for (let option = 1; option <= Math.min(most, FEW_OPTIONS); option++) yield { after, pick: option }
}
