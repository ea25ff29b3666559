/**
 * How an error goes down a pipeline, and where it is reported when no subscriber is left.
 *
 * The trail of an error: the stage that failed, the position of the item, and the stages that the error has passed on
 * its way down. An error that no stage threw (of a source, of the function of a `map`) gets the first stage it reaches,
 * and the number of items that had reached that stage.
 *
 * The trail is kept beside the error: nothing is written to an error, which may be frozen, and which other pipelines may
 * share, and no getter of it is read.
 *
 * Always true:
 * - each failure has a trail of its own: an error object that fails one pipeline after another (a constant, a retry) has
 *   the trail of the last, and no trail of another run is changed;
 * - an error is on its way down as long as a `passDown` with it has not returned, and while a stage holds it; a stage that
 *   it reaches later begins a new trail;
 * - a thrown value that is no object has no trail;
 * - each failure is reported once: as the end of the pipeline, as a dead letter, or as a late failure.
 */
import { UnsubscriptionError } from 'rxjs'
import { failedAfterCancel, failedLate, isInstance } from '../../runtime/internal.js'

/** The stage in which an error occurred, and the way since. It is never thrown by itself; its stack is its message. */
export class StageTrail extends Error {
  override readonly name = 'StageTrail'
  /** The names of the stages that the error has passed since, downward. */
  readonly passed: string[] = []

  constructor(
    readonly stage: string,
    /** The number of items that had reached the stage before the item that failed. */
    readonly position: number,
    /** The error occurred above: `stage` is the first stage that it reached. */
    readonly isAbove = false,
  ) {
    super()
    Object.defineProperty(this, 'message', { get: () => this._text(), configurable: true })
    Object.defineProperty(this, 'stack', { get: () => `${this.name}: ${this._text()}`, configurable: true })
  }

  private _text(): string {
    const below = this.passed.length === 0 ? '' : `, then through ${this.passed.map((name) => JSON.stringify(name)).join(', ')}`
    const stage = JSON.stringify(this.stage)
    const where = this.isAbove
      ? `in or above stage ${stage}, after ${this.position} items`
      : `in stage ${stage}, at the item of position ${this.position}`
    return `${where}${below}`
  }
}

/** An item whose work failed, as `catchTo` sends it to its channel. */
export interface DeadLetter<T = unknown, E = unknown> {
  readonly value: T
  /** The error that the work threw. */
  readonly cause: E
  /** The name of the stage. */
  readonly stage: string
  /** The number of items that had reached the stage before this item. */
  readonly position: number
}

/** The trail of the last failure with each error. */
const trails = new WeakMap<object, StageTrail>()

/** Trails whose error is on its way down, with the number of `passDown` calls that the error is in. */
const onTheWay = new WeakMap<StageTrail, number>()

/**
 * The trail of an error that ended a pipeline: the stage, the position of the item, and the stages passed since. Null
 * for an error that no pipeline has failed with, and for a thrown value that is no object. Where one error object ended
 * several pipelines, the trail is that of the last.
 *
 * @example
 * ```ts
 * const pipeline = fromIterable([1]).pipe(workerPool(1, async () => Promise.reject(new Error('no such user')), { name: 'enrich' }))
 * const end = await run(background, pipeline).join().attempt()
 * if (end._tag === 'Left') console.log(String(trailOf(end.left))) // StageTrail: in stage "enrich", at the item of position 0
 * ```
 */
export function trailOf(error: unknown): StageTrail | null {
  return isObject(error) ? (trails.get(error) ?? null) : null
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** The error occurred in this stage, at the item of this position. Returns the error. */
export function failedIn(cause: unknown, stage: string, position: number): unknown {
  return begin(cause, new StageTrail(stage, position))
}

/** The error reached this stage from above, after this number of items. Returns the error. */
export function passedBy(cause: unknown, { name, arrived }: { readonly name: string; readonly arrived: number }): unknown {
  const trail = trailOf(cause)
  if (trail === null || !onTheWay.has(trail)) return begin(cause, new StageTrail(name, arrived, true))
  trail.passed.push(name)
  return cause
}

function begin(cause: unknown, trail: StageTrail): unknown {
  if (!isObject(cause)) return cause
  trails.set(cause, trail)
  onTheWay.set(trail, 0)
  return cause
}

/** Hands the error to the subscriber. An error with a trail from this stage, or from above, is on its way meanwhile. */
export function passDown(cause: unknown, subscriber: { error(cause: unknown): void }): void {
  const trail = trailOf(cause)
  const depth = trail === null ? undefined : onTheWay.get(trail)
  if (trail === null || depth === undefined) return subscriber.error(cause)
  onTheWay.set(trail, depth + 1)
  try {
    subscriber.error(cause)
  } finally {
    if (depth === 0) onTheWay.delete(trail)
    else onTheWay.set(trail, depth)
  }
}

/**
 * An error that a stage holds until the items before it have left. It goes on once, or is a late failure where the
 * subscriber leaves before.
 */
export class HeldError {
  private readonly _trail: StageTrail | null
  private readonly _passed: readonly string[]
  private _isOut = false

  constructor(
    private readonly _cause: unknown,
    /** A stage with branches has it as well, and reports it. */
    readonly isCopy = false,
  ) {
    this._trail = trailOf(_cause)
    this._passed = [...(this._trail?.passed ?? [])]
  }

  /** The error goes on, with the trail that it came with. Returns the error. */
  release(): unknown {
    this._isOut = true
    return this.copy()
  }

  /** The error goes on in a branch as well. Returns the error. */
  copy(): unknown {
    if (this._trail === null) return this._cause
    const { stage, position, isAbove } = this._trail
    const trail = new StageTrail(stage, position, isAbove)
    trail.passed.push(...this._passed)
    return begin(this._cause, trail)
  }

  /** The subscriber has left: nothing receives the error, unless it has gone on before. `part` names the stage. */
  lost(part: string): void {
    if (!this._isOut && !this.isCopy) failedGivenUp(this._cause, part)
    this._isOut = true
  }

  /** Something else has failed while the error is held, and does not take its place. */
  beside(cause: unknown, part: string): void {
    if (cause !== this._cause) failedGivenUp(cause, part)
  }
}

/**
 * Reports an error that came when no subscriber was left to receive it: of a finalizer, of the `return` of an iterator. It is a
 * late failure, as that of a goroutine that was given up. `part` names the part of the pipeline that failed, for the report.
 */
export function failedAfterEnd(cause: unknown, part: string): void {
  if (isInstance(cause, UnsubscriptionError)) for (const each of cause.errors) failedAfterEnd(each, part)
  else failedLate(cause, { id: 0, name: part })
}

/**
 * Reports the failure of a promise that a pipeline no longer waits for: the subscriber has left, the context has ended, or
 * other work has failed. It is a late failure, unless it repeats the end or is an AbortError. `part` names the part of the pipeline.
 */
export function failedGivenUp(cause: unknown, part: string): void {
  failedAfterCancel(cause, { id: 0, name: part })
}
