/**
 * A pipeline through the operator: source, operator and results are watched, and the items that the operator holds are
 * counted.
 */
import { tap, type Observable } from 'rxjs'
import type { Trial } from '../../explore/trial.js'
import { checkedItems, checkedOperator } from '../support/arguments.js'
import { counted } from '../support/assertions.js'
import { WatchedSource } from '../support/sources.js'
import { WatchedWork, type Fate, type RunningWork } from '../support/watched-work.js'
import type { OperatorSubject } from './subject.js'

interface PipelineOptions {
  readonly source: Observable<number>
  readonly items: readonly number[]
  readonly fateOf?: (item: number) => Fate
  readonly work?: WatchedWork
}

export class TestPipeline {
  readonly work: WatchedWork
  readonly source: WatchedSource
  readonly results: Observable<unknown>
  /** The items of the results so far, in order. */
  readonly arrived: number[] = []
  readonly expected: readonly number[]
  /** The most items held at a time: emitted by the source, and not all of their results delivered. */
  mostHeld = 0
  readonly itemsOf: (result: unknown) => readonly number[]
  private readonly _inside = new Set<number>()
  private readonly _due: Map<number, number>
  private readonly _resubscribes: boolean

  constructor({ make, options }: OperatorSubject, trial: Trial, { source, items, fateOf, work }: PipelineOptions) {
    this.work = work ?? new WatchedWork(trial, fateOf)
    this.work.begin()
    this.expected = checkedItems('expected', options.expected?.(items) ?? items)
    this._due = counted(this.expected)
    this._resubscribes = options.resubscribes === true
    const { itemsOf } = options
    // Without itemsOf, a result is its item.
    this.itemsOf = itemsOf === undefined ? (result) => [result as number] : (result) => checkedItems('itemsOf', itemsOf(result))
    this.source = new WatchedSource(source)
    this.source.onEmitted = (item) => this._enter(item)
    this.results = this.source.source.pipe(
      checkedOperator(make(this.work.work)),
      tap((result) => this._leave(result)),
    )
  }

  /** Whether more results of the item are expected. */
  isDue(item: number): boolean {
    return (this._due.get(item) ?? 0) > 0
  }

  private _enter(item: number): void {
    if (this.isDue(item)) this._inside.add(item)
    // An operator that resubscribes gets an item several times.
    const held = this._resubscribes ? this.source.emitted - this.arrived.length : this._inside.size
    this.mostHeld = Math.max(this.mostHeld, held)
  }

  private _leave(result: unknown): void {
    for (const item of this.itemsOf(result)) {
      this.arrived.push(item)
      const left = (this._due.get(item) ?? 0) - 1
      this._due.set(item, left)
      if (left <= 0) this._inside.delete(item)
    }
  }
}

/** The items whose running work has a context that has not ended, as text. */
export function unaware(running: Iterable<RunningWork>): string {
  return [...running]
    .filter(({ ctx }) => ctx.err()._tag === 'None')
    .map(({ item }) => item)
    .join(', ')
}
