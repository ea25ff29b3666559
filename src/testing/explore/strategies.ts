/** How an exploration chooses its schedules. A strategy gives a picker for each run. */
import { Random } from '../../runtime/internal.js'
import { hashOf, mixBits } from './hash.js'
import { CANCEL_ODDS, type ChoiceKind, type Picker } from './picker.js'
import { follow, picksOf, randomPicks } from './picks.js'

export interface Strategy {
  /** Returns the picker of the next run; null when no other schedule is left. */
  next(): Picker | null
}

/** The schedule without switches. */
export function firstIn(): Strategy {
  let runs = 0
  return { next: () => (runs++ === 0 ? follow(picksOf([])) : null) }
}

/** Each ready goroutine is as likely as the others; a timer is less likely. */
export function randomWalk(seed: number): Strategy {
  let runs = 0
  return { next: () => follow(randomPicks(hashOf(seed, runs++))) }
}

/**
 * PCT (Burckhardt et al., 2010): each goroutine has a random priority, the highest continues, and at `depth - 1` random
 * steps the running goroutine falls to the lowest. A bug that needs `depth` orderings is found with a probability that
 * has a lower bound. The highest also falls at every 100th step, so that a goroutine that polls does not keep the
 * others out forever.
 */
export function pct(seed: number, depth: number): Strategy {
  return new Pct(seed, depth)
}

const PATIENCE = 100

class Pct implements Strategy, Picker {
  private readonly _random: Random
  private readonly _priorities = new Map<object, number>()
  private _changes: readonly number[] = []
  private _lowest = 0
  private _step = 0
  /** Steps of the longest run so far, to spread the change points over. */
  private _longest = 16

  constructor(
    seed: number,
    private readonly _depth: number,
  ) {
    this._random = new Random(mixBits(seed))
  }

  next(): Picker {
    this._longest = Math.min(Math.max(this._longest, this._step), 10 * PATIENCE)
    this._priorities.clear()
    this._changes = Array.from({ length: this._depth - 1 }, () => this._random.below(this._longest))
    this._lowest = 0
    this._step = 0
    return this
  }

  pick(options: number, kind: ChoiceKind, candidates: readonly object[] | null): number {
    if (kind === 'cancel' && this._random.below(CANCEL_ODDS) > 0) return 0
    if (candidates === null) return this._random.below(options)
    let best = this._highest(candidates)
    const step = this._step++
    if (this._changes.includes(step) || step % PATIENCE === PATIENCE - 1) {
      this._priorities.set(candidates[best], --this._lowest)
      best = this._highest(candidates)
    }
    return best
  }

  private _highest(candidates: readonly object[]): number {
    let best = 0
    let highest = -Infinity
    for (let i = 0; i < candidates.length; i++) {
      const priority = this._priority(candidates[i])
      if (priority > highest) [best, highest] = [i, priority]
    }
    return best
  }

  private _priority(candidate: object): number {
    let priority = this._priorities.get(candidate)
    if (priority === undefined) this._priorities.set(candidate, (priority = 1 + this._random.below(2 ** 30)))
    return priority
  }
}
