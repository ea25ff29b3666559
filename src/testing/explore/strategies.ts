/** How an exploration chooses its schedules. A strategy gives a picker for each run. */
import { Random } from '../../runtime/internal.js'
import { hashOf, mixBits } from './hash.js'
import { isPassedOver, type ChoiceKind, type Picker } from './picker.js'
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

/** Random walks, PCT and POS in turn: each reaches schedules that the others hardly do. */
export function mixed(seed: number, depth: number): Strategy {
  const strategies = [randomWalk(seed), pct(seed, depth), pos(seed)]
  let runs = 0
  return { next: () => strategies[runs++ % strategies.length].next() }
}

/** Steps after which a priority changes, so that a goroutine that polls keeps no other out forever. */
const PATIENCE = 100

/**
 * Partial-order sampling (Yuan, Yang and Gu, CAV 2018), in its basic form: each step that is due has a random priority, also
 * while others are taken; the highest is next. So orders of few steps among many are more likely than in a random
 * walk, in which each further step of a goroutine is another draw against the goroutine that waits. All steps draw anew
 * after every 100th.
 */
export function pos(seed: number): Strategy {
  return new Pos(seed)
}

class Pos implements Strategy, Picker {
  private readonly _random: Random
  private readonly _below = (n: number): number => this._random.below(n)
  private readonly _priorities = new Map<object, number>()
  private _step = 0

  constructor(seed: number) {
    this._random = new Random(mixBits(seed))
  }

  next(): Picker {
    this._priorities.clear()
    this._step = 0
    return this
  }

  pick(options: number, kind: ChoiceKind, candidates: readonly object[] | null): number {
    if (isPassedOver(kind, this._below)) return 0
    if (candidates === null) return this._random.below(options)
    if (++this._step % PATIENCE === 0) this._priorities.clear()
    const best = highest(candidates, (candidate) => this._priority(candidate))
    this._priorities.delete(candidates[best]) // its next step draws anew
    return best
  }

  private _priority(candidate: object): number {
    let priority = this._priorities.get(candidate)
    if (priority === undefined) this._priorities.set(candidate, (priority = this._random.below(2 ** 30)))
    return priority
  }
}

/** The index of the candidate with the highest priority. */
function highest(candidates: readonly object[], priorityOf: (candidate: object) => number): number {
  let best = 0
  let most = -Infinity
  for (let i = 0; i < candidates.length; i++) {
    const priority = priorityOf(candidates[i])
    if (priority > most) [best, most] = [i, priority]
  }
  return best
}

/**
 * PCT (Burckhardt et al., 2010): each goroutine has a random priority, the highest continues, and at `depth - 1` random
 * steps the running goroutine falls to the lowest. A bug that needs `depth` orderings is found with a probability that
 * has a lower bound. The highest also falls at every 100th step.
 */
export function pct(seed: number, depth: number): Strategy {
  return new Pct(seed, depth)
}

class Pct implements Strategy, Picker {
  private readonly _random: Random
  private readonly _below = (n: number): number => this._random.below(n)
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
    if (isPassedOver(kind, this._below)) return 0
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
    return highest(candidates, (candidate) => this._priority(candidate))
  }

  private _priority(candidate: object): number {
    let priority = this._priorities.get(candidate)
    if (priority === undefined) this._priorities.set(candidate, (priority = 1 + this._random.below(2 ** 30)))
    return priority
  }
}
