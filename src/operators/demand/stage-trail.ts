/**
 * The origin of an error, at the end of its `cause` chain: the stage that failed, the position of the item, and the
 * stages that the error has passed on its way down. An error that no stage threw (of a source, of the function of a
 * `map`) gets the first stage it reaches, and the number of items that had reached that stage.
 *
 * Always true:
 * - the error stays the object that was thrown, so `===`, `instanceof` and its own fields hold;
 * - an error has at most one trail: an error that fails one pipeline after another (a constant, a retry) carries the
 *   trail of the last, so chains do not grow;
 * - an error is on its way down as long as a `passDown` with it has not returned; a stage that it reaches later begins
 *   a new trail;
 * - a value that is no Error, an error that cannot be extended, and the end of a context, which many pipelines share,
 *   get no trail.
 */
import { CanceledError, DeadlineExceededError } from '../../runtime/index.js'

/**
 * The last link of a `cause` chain: the stage in which the error occurred. It is never thrown by itself, and its stack
 * is its message.
 */
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

/** The trail of each error that has one. */
const trails = new WeakMap<object, StageTrail>()

/** Trails whose error is on its way down, with the number of `passDown` calls that the error is in. */
const onTheWay = new WeakMap<StageTrail, number>()

/** A longer chain, and a chain that is a circle, gets no trail. */
const LONGEST_CHAIN = 100

/** The error occurred in this stage, at the item of this position. Returns the error. */
export function failedIn(cause: unknown, stage: string, position: number): unknown {
  return append(cause, new StageTrail(stage, position))
}

/** The error reached this stage from above, after this number of items. Returns the error. */
export function passedBy(cause: unknown, { name, arrived }: { readonly name: string; readonly arrived: number }): unknown {
  const trail = cause instanceof Error ? trails.get(cause) : undefined
  if (trail !== undefined && onTheWay.has(trail)) trail.passed.push(name)
  else if (!(cause instanceof CanceledError || cause instanceof DeadlineExceededError)) append(cause, new StageTrail(name, arrived, true))
  return cause
}

/** Hands the error to the subscriber. An error with a trail from this stage, or from above, is on its way meanwhile. */
export function passDown(cause: unknown, subscriber: { error(cause: unknown): void }): void {
  const trail = cause instanceof Error ? trails.get(cause) : undefined
  const depth = trail === undefined ? undefined : onTheWay.get(trail)
  if (trail === undefined || depth === undefined) return subscriber.error(cause)
  onTheWay.set(trail, depth + 1)
  try {
    subscriber.error(cause)
  } finally {
    if (depth === 0) onTheWay.delete(trail)
    else onTheWay.set(trail, depth)
  }
}

function append(cause: unknown, trail: StageTrail): unknown {
  if (!(cause instanceof Error)) return cause
  const last = lastOf(cause, trails.get(cause))
  if (last === null || !canHaveCause(last)) return cause
  Object.defineProperty(last, 'cause', { value: trail, writable: true, configurable: true, enumerable: false })
  trails.set(cause, trail)
  onTheWay.set(trail, 0)
  return cause
}

/** The last error of the chain, before the trail to replace; null where the chain has no such error. */
function lastOf(cause: Error, trail: StageTrail | undefined): Error | null {
  let last = cause
  for (let length = 0; length < LONGEST_CHAIN; length++) {
    if (last.cause === undefined || last.cause === trail) return last
    if (!(last.cause instanceof Error)) return null
    last = last.cause
  }
  return null
}

function canHaveCause(error: Error): boolean {
  const own = Object.getOwnPropertyDescriptor(error, 'cause')
  return own === undefined ? Object.isExtensible(error) : own.configurable === true
}
