/**
 * One schedule for each order of dependent steps: source sets with sleep sets (Abdulla, Aronis, Jonsson and Sagonas, POPL
 * 2014). Depth first; where two steps of a run race, the later is tried before the earlier, in a later run. Those that were
 * tried at a decision sleep in the runs of the other options, until a step that theirs depends on.
 *
 * Always true: a footprint that is kept from an earlier run names things by the order in which the run first touched them.
 * The runs of one decision have the same steps before it, so they agree on the things known there; of the others it is kept
 * only that there are some, and two steps that both touch such depend on each other.
 */
import type { ChoiceKind, Picker } from './picker.js'
import { HappensBefore } from './happens-before.js'
import { TIME, type Due, type Step, type StepWatcher } from './steps.js'
import type { Strategy } from './strategies.js'

/** Decisions that may pass over a ready goroutine, before that goroutine is the first to be tried. */
const PATIENCE = 32

/** What a step touched, for other runs. */
interface Kept {
  readonly known: Map<number, boolean>
  /** Things from this number on were not known before the step. */
  readonly from: number
  touchesNew: boolean
}

interface Decision {
  readonly kind: 'step'
  readonly due: readonly string[]
  /** Those whose next step an earlier run has tried. */
  readonly asleep: ReadonlyMap<string, Kept>
  readonly wanted: Set<string>
  readonly tried: Map<string, Kept>
  chosen: string
}

interface Choice {
  readonly kind: 'choice'
  readonly options: number
  chosen: number
}

export function reduced(firesWhenIdle: boolean): Strategy {
  return new Reduced(firesWhenIdle)
}

class Reduced implements Strategy, Picker, StepWatcher {
  private readonly _path: (Decision | Choice)[] = []
  private _at = 0
  private _isFirst = true
  private _wasCut = false
  private _current: Decision | null = null
  private _currentAt = 0
  private _due: readonly Due[] = []
  private _order: HappensBefore
  private _numbers = new Map<object, number>()
  private _asleep: ReadonlyMap<string, Kept> = new Map()
  private readonly _passed = new Map<string, number>()

  constructor(private readonly _firesWhenIdle: boolean) {
    this._order = new HappensBefore(_firesWhenIdle)
  }

  next(): Picker | null {
    if (!this._wasCut) this._tryTimeWhere([])
    this._wasCut = false
    this._at = 0
    this._current = null
    this._order = new HappensBefore(this._firesWhenIdle)
    this._numbers = new Map()
    this._asleep = new Map()
    this._passed.clear()
    if (!this._isFirst) return this._advance() ? this : null
    this._isFirst = false
    return this
  }

  private _advance(): boolean {
    for (let last = this._path.at(-1); last !== undefined; last = this._path.at(-1)) {
      if (last.kind === 'choice') {
        if (++last.chosen < last.options) return true
      } else {
        const next = [...last.wanted].find((who) => !last.tried.has(who) && !last.asleep.has(who))
        if (next !== undefined) {
          last.chosen = next
          return true
        }
      }
      this._path.pop()
    }
    return false
  }

  begins(due: readonly Due[]): boolean {
    this._tryTimeWhere(due)
    this._due = due
    const known = this._path[this._at]
    if (known === undefined) {
      const chosen = this._firstOf(due)
      if (chosen === null) {
        this._wasCut = true
        return false
      }
      const names = due.map(({ who }) => who)
      this._current = { kind: 'step', due: names, asleep: this._asleep, wanted: new Set([chosen]), tried: new Map(), chosen }
      this._path.push(this._current)
    } else if (known.kind === 'step') this._current = known
    this._currentAt = this._at++
    return true
  }

  /** A goroutine that is not asleep: the first that `PATIENCE` decisions have passed over, else the first that became ready. */
  private _firstOf(due: readonly Due[]): string | null {
    const awake = due.filter(({ who }) => !this._asleep.has(who))
    const overdue = awake.find(({ who }) => (this._passed.get(who) ?? 0) >= PATIENCE)
    return (overdue ?? awake.at(0))?.who ?? null
  }

  pick(options: number, _kind: ChoiceKind, candidates: readonly object[] | null): number {
    if (candidates !== null) return candidates.indexOf(this._runnableOf(this._current?.chosen))
    const known = this._path[this._at++]
    if (known?.kind === 'choice') return Math.min(known.chosen, options - 1)
    this._path.push({ kind: 'choice', options, chosen: 0 })
    return 0
  }

  private _runnableOf(who: string | undefined): object {
    return this._due.find((one) => one.who === who)?.runnable ?? this._due[0].runnable // a step is due
  }

  ended(step: Step): void {
    const decision = this._current
    if (decision === null) return
    for (const who of decision.due) this._passed.set(who, who === step.who ? 0 : (this._passed.get(who) ?? 0) + 1)
    const before = this._numbers.size
    const kept = this._keep(step, decision.tried.get(step.who) ?? { known: new Map(), from: before, touchesNew: false })
    this._asleep = stillAsleep(decision, step.who, kept)
    decision.tried.set(step.who, kept)
    for (const { at, initials } of this._order.add(step, this._currentAt)) this._want(at, initials)
  }

  /** Adds a step to what is kept: it may have several outcomes, by the choices in it. */
  private _keep({ touched }: Step, kept: Kept): Kept {
    for (const [thing, changes] of touched) {
      let number = this._numbers.get(thing)
      if (number === undefined) this._numbers.set(thing, (number = this._numbers.size))
      if (number >= kept.from) kept.touchesNew = true
      kept.known.set(number, changes || kept.known.get(number) === true)
    }
    return kept
  }

  /** A step that stops the last timer hides that the timer could have fired first. */
  private _tryTimeWhere(dueNow: readonly Due[]): void {
    const before = this._current
    if (before === null || before.chosen === TIME || !before.due.includes(TIME)) return
    if (!dueNow.some(({ who }) => who === TIME)) this._want(this._currentAt, [TIME])
  }

  private _want(at: number, initials: readonly string[]): void {
    const decision = this._path[at]
    if (decision?.kind !== 'step') return
    if (initials.some((who) => decision.wanted.has(who) || decision.asleep.has(who))) return
    const who = initials.find((one) => decision.due.includes(one))
    if (who !== undefined) decision.wanted.add(who)
  }
}

/** The sleeping goroutines that sleep on after the step of `who`: their next steps do not depend on that step. */
function stillAsleep({ asleep, tried }: Decision, who: string, step: Kept): ReadonlyMap<string, Kept> {
  const next = new Map<string, Kept>()
  for (const [one, kept] of [...asleep, ...tried]) if (one !== who && !dependent(kept, step)) next.set(one, kept)
  return next
}

function dependent(kept: Kept, step: Kept): boolean {
  for (const [number, changes] of step.known) {
    if (number >= kept.from) {
      if (kept.touchesNew) return true
    } else if (kept.known.has(number) && (changes || kept.known.get(number) === true)) return true
  }
  return false
}
