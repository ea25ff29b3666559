/** An operator on the test stand: watched above and below, with the items that it holds counted. */
import { tap, type Observable } from 'rxjs'
import type { Trial } from '../../explore/scheduled-run.js'
import type { MakeOperator, OperatorLawOptions } from './laws.js'
import { Watched } from '../support/supply.js'
import { counted } from '../support/verdicts.js'
import { Works, type Fate } from '../support/works.js'
import { operatorMade } from '../support/checks.js'

interface StandOptions<R> {
  readonly make: MakeOperator<R>
  readonly options: OperatorLawOptions<R>
  readonly source: Observable<number>
  readonly items: readonly number[]
  readonly fateOf?: (item: number) => Fate
  readonly works?: Works
}

export class Stand<R> {
  readonly works: Works
  readonly above: Watched
  readonly pipeline: Observable<R>
  /** The items of the results, as they came, and those that are to come. */
  readonly arrived: number[] = []
  readonly expected: readonly number[]
  /** Most items held at a time: emitted above, and not yet all of their results below. */
  mostHeld = 0
  private readonly _inside = new Set<number>()
  private readonly _due: Map<number, number>
  private readonly _resubscribes: boolean
  readonly itemsOf: (result: R) => readonly number[]

  constructor(trial: Trial, { make, options, source, items, fateOf, works }: StandOptions<R>) {
    this.works = works ?? new Works(trial, fateOf)
    this.works.begin()
    this.expected = options.expected?.(items) ?? items
    this._due = counted(this.expected)
    this._resubscribes = options.resubscribes === true
    this.itemsOf = options.itemsOf ?? ((result) => [result as number]) // as `itemsOf` says of its default
    this.above = new Watched(source)
    this.above.onEmitted = (item) => this._entered(item)
    this.pipeline = this.above.source.pipe(
      operatorMade(make(this.works.work)),
      tap((result) => this._gone(result)),
    )
  }

  /** It has not left as often as it is to. */
  isDue(item: number): boolean {
    return (this._due.get(item) ?? 0) > 0
  }

  private _entered(item: number): void {
    if (this.isDue(item)) this._inside.add(item)
    // Where each item comes several times, they are but counted.
    const held = this._resubscribes ? this.above.emitted - this.arrived.length : this._inside.size
    this.mostHeld = Math.max(this.mostHeld, held)
  }

  private _gone(result: R): void {
    for (const item of this.itemsOf(result)) {
      this.arrived.push(item)
      const left = (this._due.get(item) ?? 0) - 1
      this._due.set(item, left)
      if (left <= 0) this._inside.delete(item)
    }
  }
}
