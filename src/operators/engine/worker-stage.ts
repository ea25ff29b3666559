/** A stage whose places run workers: what a pool and `byKey` have in common. */
import type { Subscriber } from 'rxjs'
import type { Context } from '../../runtime/index.js'
import { isGeneratorFunction } from '../../runtime/internal.js'
import type { StageNotes } from '../demand/intake.js'
import { Place, type Workers } from './worker-slot.js'
import { Failures, type FailureOptions } from './failure-policy.js'
import type { Leaving } from '../demand/pending-cleanup.js'
import type { Scope } from '../demand/scope.js'
import { Stage } from './stage.js'
import type { Work } from './work.js'

export type Worker<T, R> = (value: T, ctx: Context) => Work<R>

export abstract class WorkingStage<T, R> extends Stage<T, R> implements Workers<T, R> {
  readonly runsGoroutines: boolean
  /** How many items have come. */
  protected nextPosition = 0
  private readonly _failures: Failures<T, R>
  private readonly _free: Place<T, R>[] = []
  private readonly _all: Place<T, R>[] = []

  constructor(
    subscriber: Subscriber<R>,
    notes: StageNotes,
    places: number,
    readonly work: Worker<T, R>,
    options: FailureOptions | undefined,
  ) {
    super(subscriber, notes, places)
    this._failures = new Failures(this, options, this.flow.outlet.scope.letters)
    this.runsGoroutines = isGeneratorFunction(work)
  }

  abstract readonly isOrdered: boolean
  abstract result(place: Place<T, R>, value: R, isLast: boolean): void
  abstract done(place: Place<T, R>): void

  get context(): Context {
    return this.flow.ctx
  }

  get leaving(): Leaving | null {
    return this.flow.outlet.scope.leaving
  }

  /** An observable of a worker runs at the pace of the stage below. */
  get scopeBelow(): Scope {
    return { ...this.flow.outlet.scope, ctx: this.flow.ctx, outer: null }
  }

  get stage(): string {
    return this.flow.arrivals.name
  }

  failed(place: Place<T, R>, cause: unknown): void {
    if (!this.flow.isOver) this._failures.meet(place, cause)
  }

  stop(cause: unknown): void {
    this.flow.fail(cause)
  }

  protected takePlace(): Place<T, R> {
    const free = this._free.pop()
    if (free !== undefined) return free
    const place = new Place(this)
    this._all.push(place)
    return place
  }

  protected release(place: Place<T, R>): void {
    place.value = undefined
    this._free.push(place)
  }

  stopWork(): void {
    for (const place of this._all) place.stop()
    this._failures.stopWork()
  }
}
