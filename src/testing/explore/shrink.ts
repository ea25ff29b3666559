/**
 * From a schedule that fails to one that fails the same way with few switches: choices are cut off at the end, set to 0, and left out, in longer and
 * shorter stretches, as long as that makes it simpler.
 */
import type { Choices } from './strategies.js'

/** Runs that shrinking may take. */
const MOST_RUNS = 400

/** Tells whether a run under these choices goes wrong in the same way. */
export type StillFails = (choices: Choices) => Promise<boolean>

export async function shrink(found: Choices, stillFails: StillFails): Promise<Choices> {
  let best = trimmed(found)
  let runs = 0
  const isBetter = async (tried: Choices): Promise<boolean> => {
    const candidate = trimmed(tried)
    if (!isSimpler(candidate, best) || ++runs > MOST_RUNS || !(await stillFails(candidate))) return false
    best = candidate
    return true
  }
  for (let progress = true; progress && runs < MOST_RUNS;) {
    progress = false
    for (let size = best.length; size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < best.length; from += size) {
        const before = best.slice(0, from)
        const after = best.slice(from + size)
        const zeros = best.slice(from, from + size).map(() => 0)
        if ((await isBetter([...before, ...zeros, ...after])) || (await isBetter([...before, ...after]))) progress = true
      }
    }
  }
  return best
}

/** Choices at the end that are 0 need not be said. */
function trimmed(choices: Choices): Choices {
  return choices.slice(0, choices.findLastIndex((chosen) => chosen !== 0) + 1)
}

/** Fewer switches, or as many and sooner. */
function isSimpler(one: Choices, other: Choices): boolean {
  const [a, b] = [switches(one), switches(other)]
  return a < b || (a === b && one.length < other.length)
}

function switches(choices: Choices): number {
  return choices.filter((chosen) => chosen !== 0).length
}
