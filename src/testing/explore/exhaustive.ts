/**
 * Every schedule with at most `preemptions` preemptions, depth first; for small programs. All options of other
 * decisions are tried.
 *
 * Fairness: an option that could starve others forever costs like a preemption. These are a timer that fires before a
 * goroutine that is ready; a goroutine that yields and is let go on before another; and any goroutine that is taken
 * while the goroutine that has waited longest is passed over again and again. So a correct program that polls ends
 * under every schedule.
 *
 * Always true: option 0 costs nothing, so each run can be continued within the bound.
 */
import { Spawned } from '../../runtime/internal.js'
import { theTime, type ChoiceKind, type Picker } from './picker.js'
import type { Strategy } from './strategies.js'

/** Decisions in a row that may pass over the goroutine that has waited longest, without a cost. */
const PATIENCE = 32

export function exhaustive(preemptions: number): Strategy {
  return new Exhaustive(preemptions)
}

interface Taken {
  readonly options: number
  /** Whether each option counts as a preemption; null: none does. */
  readonly costs: readonly boolean[] | null
  chosen: number
}

class Exhaustive implements Strategy, Picker {
  private readonly _path: Taken[] = []
  private readonly _starved = new Starved()
  private _decision = 0
  private _isFirst = true

  constructor(private readonly _preemptions: number) {}

  next(): Picker | null {
    this._decision = 0
    this._starved.reset()
    if (!this._isFirst) return this._advance() ? this : null
    this._isFirst = false
    return this
  }

  /**
   * The last decision with another option within the bound takes that option; the decisions after it are open again.
   */
  private _advance(): boolean {
    let spent = this._path.reduce((sum, one) => sum + costOf(one, one.chosen), 0)
    for (let last = this._path.pop(); last !== undefined; last = this._path.pop()) {
      spent -= costOf(last, last.chosen)
      for (let chosen = last.chosen + 1; chosen < last.options; chosen++) {
        if (spent + costOf(last, chosen) > this._preemptions) continue
        this._path.push({ ...last, chosen })
        return true
      }
    }
    return false
  }

  pick(options: number, kind: ChoiceKind, candidates: readonly object[] | null): number {
    let taken = this._path[this._decision++]
    if (taken === undefined) this._path.push((taken = { options, costs: this._costsOf(options, kind, candidates), chosen: 0 }))
    const chosen = Math.min(taken.chosen, options - 1)
    if (candidates !== null) this._starved.took(candidates[chosen], candidates[kind === 'switch' ? 1 : 0])
    return chosen
  }

  private _costsOf(options: number, kind: ChoiceKind, candidates: readonly object[] | null): readonly boolean[] | null {
    if (kind === 'switch' || kind === 'cancel') return Array.from({ length: options }, (_, option) => option > 0)
    return candidates === null ? null : costsOfNext(candidates, this._starved.isDue(candidates))
  }
}

function costOf({ costs }: Taken, option: number): number {
  return costs?.[option] === true ? 1 : 0
}

/** The candidates are in the order in which they became ready, the next timer last; or first, where it is overdue. */
function costsOfNext(candidates: readonly object[], isFirstDue: boolean): readonly boolean[] | null {
  const isWorking = (candidate: object): boolean => candidate !== theTime && !isYielding(candidate)
  const someWork = candidates.some(isWorking)
  const latest = candidates.length - (candidates.at(-1) === theTime ? 2 : 1)
  const costs = candidates.map((candidate, option) => {
    if (option === 0) return false
    if (isFirstDue || candidate === theTime || candidates[0] === theTime) return true
    return isYielding(candidate) && (someWork || option === latest)
  })
  return costs.includes(true) ? costs : null
}

function isYielding(candidate: object): boolean {
  return candidate instanceof Spawned && candidate.isYielding
}

/** How often the goroutine that has waited longest was passed over. */
class Starved {
  private _first: object | null = null
  private _passes = 0

  reset(): void {
    this._first = null
    this._passes = 0
  }

  /** `first` has waited longest. */
  took(chosen: object, first: object): void {
    if (chosen === first || first !== this._first) this._passes = 0
    this._first = first
    if (chosen !== first) this._passes++
  }

  isDue(candidates: readonly object[]): boolean {
    return candidates[0] === this._first && this._passes >= Math.max(PATIENCE, candidates.length)
  }
}
