/**
 * A schedule as data, before it runs. A pick is exact (`2`: the third option, or the last of fewer) or drawn: a number
 * that stands for a preference among the options of that decision. The number of options is known only during the run,
 * but the meaning of a pick depends on the pick alone. A schedule can therefore be cut and simplified without a run,
 * and fast-check's `seed` and `path` lead to the same schedule again.
 *
 * A row of equal drawn picks prefers the same goroutines throughout: the priorities of PCT (Burckhardt et al., 2010),
 * with a change point at the end of the row. Rows of length 1 are a random walk.
 */
import { Spawned } from '../../runtime/internal.js'
import { hashOf, scaled } from './hash.js'
import { isPassedOver, theTime, type ChoiceKind, type Choices, type Picker } from './picker.js'

/** Picks below this number are exact; drawn picks start here. No decision has that many options. */
const DRAWN = 2 ** 32

/** A drawn pick lets a timer fire while a goroutine is ready once in this many decisions. */
const TIMER_ODDS = 8

/** A decision that takes another option than 0, after `after` decisions that take option 0. */
export interface Switch {
  readonly after: number
  readonly pick: number
}

/** Drawn picks without end, in rows of equal length. */
export interface Tail {
  readonly seed: number
  readonly row: number
}

export interface Picks {
  readonly switches: readonly Switch[]
  /** The picks behind the last switch; null: option 0 from there on. */
  readonly tail: Tail | null
}

export function isExact(pick: number): boolean {
  return pick < DRAWN
}

/** The picks of a random walk. */
export function randomPicks(seed: number): Picks {
  return { switches: [], tail: { seed, row: 1 } }
}

/** The picks that repeat a run. */
export function picksOf(choices: Choices): Picks {
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

/** The first `n` picks of the tail become switches, and nothing follows them. */
export function cutTail({ switches, tail }: Picks, n: number): Picks {
  if (tail === null) return { switches, tail }
  const kept = Array.from({ length: n }, (_, at) => ({ after: 0, pick: pickOf(tail, at) }))
  return { switches: [...switches, ...kept], tail: null }
}

function pickOf({ seed, row }: Tail, at: number): number {
  if (row === 1) return DRAWN + hashOf(seed, at)
  const phase = hashOf(seed, -1) % row
  return DRAWN + hashOf(seed, Math.floor((at + phase) / row))
}

/** A picker for a run under the picks. */
export function follow(picks: Picks): Picker {
  return new Follower(picks)
}

class Follower implements Picker {
  private _next = 0
  private _zeros = 0
  private _inTail = 0
  private _decision = 0

  constructor(private readonly _picks: Picks) {}

  pick(options: number, kind: ChoiceKind, candidates: readonly object[] | null): number {
    const { switches, tail } = this._picks
    this._decision++
    if (this._next < switches.length) {
      if (this._zeros++ < switches[this._next].after) return 0
      this._zeros = 0
      return this._optionOf(switches[this._next++].pick, options, kind, candidates)
    }
    return tail === null ? 0 : this._optionOf(pickOf(tail, this._inTail++), options, kind, candidates)
  }

  private _optionOf(pick: number, options: number, kind: ChoiceKind, candidates: readonly object[] | null): number {
    if (isExact(pick)) return Math.min(pick, options - 1)
    const drawn = pick - DRAWN
    if (isPassedOver(kind, (odds) => scaled(hashOf(drawn, -this._decision), odds))) return 0
    return optionOf(drawn, options, candidates, this._decision)
  }
}

function optionOf(drawn: number, options: number, candidates: readonly object[] | null, decision: number): number {
  if (candidates === null) return scaled(hashOf(drawn, decision), options)
  const last = candidates.length - 1
  const hasTimer = candidates[last] === theTime
  if (hasTimer && scaled(hashOf(drawn, decision), TIMER_ODDS) === 0) return last
  return preferred(drawn, candidates, hasTimer ? last : last + 1)
}

/** The candidate among the first `n` that the drawn pick prefers. */
function preferred(drawn: number, candidates: readonly object[], n: number): number {
  let best = 0
  let highest = -1
  for (let i = 0; i < n; i++) {
    const candidate = candidates[i]
    const priority = hashOf(drawn, candidate instanceof Spawned ? candidate.id : -2 - i)
    if (priority > highest) [best, highest] = [i, priority]
  }
  return best
}
