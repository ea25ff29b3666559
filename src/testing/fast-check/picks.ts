/**
 * The choices of a schedule before it was run. A pick is an exact option (`2`: the third of those offered, or the last of fewer), or drawn: a number
 * that stands for a preference among whatever is offered there. How many are offered is known only in the run; yet what a pick means is known from the
 * pick alone, so a schedule can be cut, shortened and simplified without running it, and fast-check's `seed` and `path` lead to the same one again.
 *
 * A drawn pick that stands in a row of equal ones prefers the same goroutines throughout: those are the priorities of PCT (Burckhardt et al., 2010), with a
 * change point at the end of the row. A row of one is a step of the random walk.
 */
import { Spawned } from '../../runtime/internal.js'
import { theTime, type ChoiceKind, type Strategy } from '../explore/strategies.js'

/** Whole numbers below this are exact picks, more options than this there are none; drawn ones lie above. */
const DRAWN = 2 ** 32

/** One in so many: that a drawn pick lets a timer fire while somebody is ready. */
const TIME = 8

/** Of a choice that is not option 0: how many are before it, since the last such one. */
export interface Switch {
  readonly after: number
  readonly pick: number
}

/** Drawn picks without end, in rows of the same length. */
export interface Tail {
  readonly seed: number
  readonly row: number
}

export interface Picks {
  readonly switches: readonly Switch[]
  /** What comes behind the last switch; null is option 0, for ever. */
  readonly tail: Tail | null
}

export function isExact(pick: number): boolean {
  return pick < DRAWN
}

/** The picks of a tail, from its begin on. */
export function pickOf({ seed, row }: Tail, at: number): number {
  const phase = mixed(seed, -1) % row
  return DRAWN + mixed(seed, Math.floor((at + phase) / row))
}

/** As many of the first as that, and nothing behind them. */
export function cut({ switches, tail }: Picks, n: number): Picks {
  if (tail === null) return { switches, tail }
  return { switches: [...switches, ...Array.from({ length: n }, (_, at) => ({ after: 0, pick: pickOf(tail, at) }))], tail: null }
}

/** Of choices that were made: option 0 is no switch. */
export function picksOf(choices: readonly number[]): Picks {
  const switches: Switch[] = []
  let after = 0
  for (const pick of choices) {
    if (pick === 0) after++
    else {
      switches.push({ after, pick })
      after = 0
    }
  }
  return { switches, tail: null }
}

/** Runs under the picks; the same at each run. */
export function following({ switches, tail }: Picks): Strategy {
  let next = 0
  let zeros = 0
  let at = 0
  let beyond = 0
  return {
    begin() {
      next = zeros = at = beyond = 0
      return true
    },
    choose(options: number, _kind: ChoiceKind, candidates: readonly object[] | null): number {
      at++
      if (next < switches.length) {
        if (zeros++ < switches[next].after) return 0
        zeros = 0
        return chosenBy(switches[next++].pick, options, candidates, at)
      }
      return tail === null ? 0 : chosenBy(pickOf(tail, beyond++), options, candidates, at)
    },
  }
}

function chosenBy(pick: number, options: number, candidates: readonly object[] | null, at: number): number {
  if (isExact(pick)) return Math.min(pick, options - 1)
  const drawn = pick - DRAWN
  if (candidates === null) return below(options, mixed(drawn, at))
  const last = candidates.length - 1
  const hasTime = candidates[last] === theTime
  if (hasTime && below(TIME, mixed(drawn, at)) === 0) return last
  return preferred(drawn, candidates, hasTime ? last : last + 1)
}

/** Among the first `n`, the one that this draw likes best. */
function preferred(drawn: number, candidates: readonly object[], n: number): number {
  let best = 0
  let highest = -1
  for (let i = 0; i < n; i++) {
    const candidate = candidates[i]
    const priority = mixed(drawn, candidate instanceof Spawned ? candidate.id : -2 - i)
    if (priority > highest) [best, highest] = [i, priority]
  }
  return best
}

function below(n: number, hash: number): number {
  return Math.floor((hash / 2 ** 32) * n)
}

/** A whole number below 2^32 of two: the finalizer of MurmurHash3, twice. */
function mixed(a: number, b: number): number {
  return finalized(finalized(a) + Math.imul(b, 0x9e3779b1)) >>> 0
}

function finalized(n: number): number {
  let x = n | 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return x ^ (x >>> 16)
}
