/**
 * The order of the steps of one run: a step comes after the steps of the same goroutine before it, after the step that made
 * that goroutine ready, and after the earlier steps that the step depends on. Two steps race where they depend on each other, nothing else
 * orders them, and the later could have come first.
 */
import { TIME, type Step } from './steps.js'

export interface Happening {
  readonly who: string
  /** The index of the decision. */
  readonly at: number
  /** The number of the goroutine, and of the step among the steps of that goroutine. */
  readonly strand: number
  readonly n: number
  /** Of each strand, the number of steps that come before this one, this one included. */
  readonly clock: readonly number[]
}

export class HappensBefore {
  private _steps: Happening[] = []
  private readonly _strands = new Map<string, number>()
  private readonly _last = new Map<string, readonly number[]>()
  private readonly _changed = new Map<object, Happening>()
  private readonly _seen = new Map<object, Happening[]>()

  constructor(private readonly _firesWhenIdle: boolean) {}

  /** Adds a step. Returns the races with earlier steps: the goroutines that could come first instead, at the decision of the earlier. */
  add(step: Step, at: number): readonly { readonly at: number; readonly initials: readonly string[] }[] {
    const { who, touched, readied } = step
    const strand = this._strandOf(who)
    const clock = this._before(who)
    const races: Happening[] = []
    for (const earlier of this._conflicts(touched)) {
      if ((clock[earlier.strand] ?? 0) >= earlier.n) continue
      races.push(earlier)
      join(clock, earlier.clock)
    }
    const n = (clock[strand] ?? 0) + 1
    clock[strand] = n
    const happening = { who, at, strand, n, clock }
    const found = races.map((earlier) => ({ at: earlier.at, initials: this._initials(earlier, happening) }))
    this._steps.push(happening)
    this._last.set(who, clock)
    for (const one of readied) this._last.set(one, joined(this._last.get(one) ?? [], clock))
    this._note(happening, touched)
    return found
  }

  /** What the last step of a goroutine comes after, as a text: runs with equal texts have the same order of dependent steps. */
  past(who: string): string {
    const clock = this._last.get(who) ?? []
    return [...this._strands]
      .flatMap(([name, strand]) => ((clock[strand] ?? 0) > 0 ? [`${name}:${clock[strand]}`] : []))
      .sort()
      .join()
  }

  private _strandOf(who: string): number {
    let strand = this._strands.get(who)
    if (strand === undefined) this._strands.set(who, (strand = this._strands.size))
    return strand
  }

  private _before(who: string): number[] {
    const clock = [...(this._last.get(who) ?? [])]
    if (who === TIME && this._firesWhenIdle) for (const one of this._steps) join(clock, one.clock)
    return clock
  }

  /** The last steps that the step depends on, the latest first. */
  private _conflicts(touched: Step['touched']): readonly Happening[] {
    const conflicts = new Set<Happening>()
    for (const [thing, changes] of touched) {
      const changed = this._changed.get(thing)
      if (changed !== undefined) conflicts.add(changed)
      if (changes) for (const one of this._seen.get(thing) ?? []) conflicts.add(one)
    }
    return [...conflicts].sort((a, b) => b.at - a.at)
  }

  private _note(happening: Happening, touched: Step['touched']): void {
    for (const [thing, changes] of touched) {
      if (changes) {
        this._changed.set(thing, happening)
        this._seen.delete(thing)
      } else {
        const seen = this._seen.get(thing)
        if (seen === undefined) this._seen.set(thing, [happening])
        else seen.push(happening)
      }
    }
  }

  /**
   * Of the steps behind `earlier` that do not come after it, and `later`: whose come after none of the others. Each of them
   * begins a run in which `later` comes before `earlier` (Abdulla et al., POPL 2014).
   */
  private _initials(earlier: Happening, later: Happening): readonly string[] {
    const from = this._steps.indexOf(earlier) + 1
    const others = this._steps.slice(from).filter((one) => !isBefore(earlier, one))
    const all = [...others, later]
    return all.filter((one, i) => all.slice(0, i).every((before) => !isBefore(before, one))).map(({ who }) => who)
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return (b.clock[a.strand] ?? 0) >= a.n
}

function join(clock: number[], other: readonly number[]): void {
  for (let i = 0; i < other.length; i++) clock[i] = Math.max(clock[i] ?? 0, other[i] ?? 0)
}

function joined(clock: readonly number[], other: readonly number[]): readonly number[] {
  const both = [...clock]
  join(both, other)
  return both
}
