/**
 * Who decides. A run of a program meets choices: which of those that are ready goes on, which case of a select is looked at first, whether a
 * timer fires although somebody is ready, and what the program itself asks for. A strategy answers each with a number below `options`.
 *
 * Option 0 is always the plain one: the goroutine that ran last goes on as long as it can, then first in, first out; timers fire when nobody is
 * ready. So a schedule is known by its choices that are not 0, and few of them mean few switches: that is what a token holds.
 */
import { Random, type Runnable } from '../../runtime/internal.js'

/** What is to be decided. `switch` is a choice whose option 0 lets the last goroutine go on: any other preempts it. */
export type ChoiceKind = 'next' | 'switch' | 'select' | 'choose'

/** Stands for the next timer, last among the candidates. */
export const theTime: Runnable & { readonly name: string } = { name: 'time', run() {} }

export interface Strategy {
  /** Called before each run; false when there is no other schedule to try. */
  begin(): boolean
  /** `candidates` are those that may go on; null where it is not that which is to be decided. Good for this call only. */
  choose(options: number, kind: ChoiceKind, candidates: readonly object[] | null): number
}

/** Option 0 throughout: one schedule. */
export function firstIn(): Strategy {
  let runs = 0
  return { begin: () => runs++ === 0, choose: () => 0 }
}

/** Seeds that are neighbours must not begin alike: their bits are mixed (the finalizer of MurmurHash3). */
function seeded(seed: number): Random {
  let x = seed | 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return new Random(x ^ (x >>> 16))
}

/** One in so many: that the random walk lets a timer fire while somebody is ready. More often, and hardly any work is done in time. */
const TIME = 8

/** Each option as likely as the others, but for the timers. */
export function randomWalk(seed: number): Strategy {
  const random = seeded(seed)
  return {
    begin: () => true,
    choose(options, _kind, candidates) {
      if (candidates === null || candidates[options - 1] !== theTime) return random.below(options)
      return random.below(TIME) === 0 ? options - 1 : random.below(options - 1)
    },
  }
}

/**
 * PCT (Burckhardt et al., 2010): each goroutine has a random priority, the highest goes on, and at `depth - 1` random steps the one that runs
 * falls to the lowest. A bug that needs `depth` orderings is found with a probability that has a lower bound. So that those who poll do not keep
 * the others out for ever, the highest falls at every `PATIENCE`th step as well.
 */
export function pct(seed: number, depth: number): Strategy {
  return new Pct(seed, depth)
}

const PATIENCE = 100

class Pct implements Strategy {
  private readonly _random: Random
  private readonly _priorities = new Map<object, number>()
  private _changes: readonly number[] = []
  private _lowest = 0
  private _step = 0
  private _longest = 16

  constructor(
    seed: number,
    private readonly _depth: number,
  ) {
    this._random = seeded(seed)
  }

  begin(): boolean {
    this._longest = Math.min(Math.max(this._longest, this._step), 10 * PATIENCE)
    this._priorities.clear()
    this._changes = Array.from({ length: this._depth - 1 }, () => this._random.below(this._longest))
    this._lowest = 0
    this._step = 0
    return true
  }

  choose(options: number, _kind: ChoiceKind, candidates: readonly object[] | null): number {
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
      const priority = this._priority(candidates[i]) // within its length
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

/** Every schedule with at most so many preemptions, depth first; for small programs. Choices that are no preemption are all tried. */
export function exhaustive(preemptions: number): Strategy {
  return new Exhaustive(preemptions)
}

interface Taken {
  readonly options: number
  readonly costs: boolean
  chosen: number
}

class Exhaustive implements Strategy {
  private _path: Taken[] = []
  private _at = 0
  private _isFirst = true

  constructor(private readonly _preemptions: number) {}

  begin(): boolean {
    this._at = 0
    if (this._isFirst) {
      this._isFirst = false
      return true
    }
    // The last choice that has another option within the bound takes it; what came after it is open again.
    let spent = this._path.reduce((sum, one) => sum + costOf(one), 0)
    for (let last = this._path.pop(); last !== undefined; last = this._path.pop()) {
      spent -= costOf(last)
      const next = { ...last, chosen: last.chosen + 1 }
      if (next.chosen < next.options && spent + costOf(next) <= this._preemptions) {
        this._path.push(next)
        return true
      }
    }
    return false
  }

  choose(options: number, kind: ChoiceKind): number {
    const known = this._path[this._at++]
    if (known !== undefined) return Math.min(known.chosen, options - 1)
    this._path.push({ options, costs: kind === 'switch', chosen: 0 })
    return 0
  }
}

function costOf({ costs, chosen }: Taken): number {
  return costs && chosen > 0 ? 1 : 0
}

/** The choices of a run, in order. */
export type Choices = readonly number[]

/** Answers with what was chosen before, and with 0 after that. */
export function replaying(choices: Choices): Strategy {
  let at = 0
  return {
    begin() {
      at = 0
      return true
    },
    choose: (options) => Math.min(choices[at++] ?? 0, options - 1),
  }
}

/** A schedule as text: of each choice that is not 0 how many 0 come before it, and which it is. */
export function toToken(choices: Choices): string {
  const parts: string[] = []
  let zeros = 0
  for (const chosen of choices) {
    if (chosen === 0) zeros++
    else {
      parts.push(`${zeros.toString(36)}${chosen === 1 ? '' : `.${chosen.toString(36)}`}`)
      zeros = 0
    }
  }
  return `s1-${parts.join('-')}`
}

/** Longer than any run. */
const MOST_CHOICES = 10_000_000

export function fromToken(token: string): Choices {
  const [version, ...parts] = token.split('-')
  if (version !== 's1' || parts.length === 0)
    throw new TypeError(`replay(token): expected a token that begins with s1-, got ${JSON.stringify(token)}`)
  const choices: number[] = []
  if (token === 's1-') return choices
  for (const part of parts) {
    const [, zeros, chosen = '1'] = /^([0-9a-z]+)(?:\.([0-9a-z]+))?$/.exec(part) ?? []
    const [before, which] = [Number.parseInt(zeros ?? '', 36), Number.parseInt(chosen, 36)]
    if (!(which >= 1) || !(choices.length + before < MOST_CHOICES))
      throw new TypeError(`replay(token): ${JSON.stringify(part)} is no part of a token, in ${JSON.stringify(token)}`)
    for (let i = 0; i < before; i++) choices.push(0)
    choices.push(which)
  }
  return choices
}
