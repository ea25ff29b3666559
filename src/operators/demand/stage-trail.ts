/**
 * Where an error came from, at the end of its `cause` chain: the stage that failed, the position of the item, and the stages it has passed on
 * its way down. What was not thrown by a stage (a source, the function of a `map`) has the first stage that it came to, and how many items had
 * come there. The error itself stays what was thrown, so `===`, `instanceof` and its own fields still tell; what was thrown and is no Error,
 * or cannot be added to, travels without a trail, and so does the end of a context, which many pipelines share.
 *
 * An error that fails one pipeline after the other (a constant, a retry) carries the trail of the last: chains do not grow. An error is on its way
 * as long as an `error` of ours with it has not returned; a stage it comes to later begins a trail of its own.
 */
import { CanceledError, DeadlineExceededError } from '../../runtime/index.js'

/** A link of the chain: not thrown by itself, and has no stack. */
export class StageTrail extends Error {
  override readonly name = 'StageTrail'
  /** The stages that it has passed since, from the one below downward. */
  readonly passed: string[] = []

  constructor(
    readonly stage: string,
    /** How many items had come to the stage before the one that failed. */
    readonly position: number,
    /** Whether it failed above: the stage is the first that it came to. */
    readonly isAbove = false,
  ) {
    super()
    Object.defineProperty(this, 'message', { get: () => this._inWords(), configurable: true })
    Object.defineProperty(this, 'stack', { get: () => `${this.name}: ${this._inWords()}`, configurable: true })
  }

  private _inWords(): string {
    const below = this.passed.length === 0 ? '' : `, then through ${this.passed.map((name) => JSON.stringify(name)).join(', ')}`
    const stage = JSON.stringify(this.stage)
    const where = this.isAbove
      ? `in or above stage ${stage}, after ${this.position} items`
      : `in stage ${stage}, at the item of position ${this.position}`
    return `${where}${below}`
  }
}

/** The link in the chain of each error that has one. */
const trails = new WeakMap<object, StageTrail>()

/** Those on their way, with how many `error` calls of ours they are in. */
const flights = new WeakMap<StageTrail, number>()

/** Longer chains, and those that go in a circle, get no trail. */
const LONGEST_CHAIN = 100

/** The error failed in this stage, at this item. */
export function failedIn(cause: unknown, stage: string, position: number): unknown {
  return follow(cause, new StageTrail(stage, position))
}

/** The error passed this stage on its way down, to which so many items had come. */
export function passedBy(cause: unknown, { name, arrived }: { readonly name: string; readonly arrived: number }): unknown {
  const trail = cause instanceof Error ? trails.get(cause) : undefined
  if (trail !== undefined && flights.has(trail)) trail.passed.push(name)
  else if (!(cause instanceof CanceledError || cause instanceof DeadlineExceededError)) follow(cause, new StageTrail(name, arrived, true))
  return cause
}

/** Calls `error` with the cause. What has a trail from this stage, or from above, is on its way meanwhile. */
export function fly(cause: unknown, error: (cause: unknown) => void): void {
  const trail = cause instanceof Error ? trails.get(cause) : undefined
  const outer = trail === undefined ? undefined : flights.get(trail)
  if (trail === undefined || outer === undefined) return error(cause)
  flights.set(trail, outer + 1)
  try {
    error(cause)
  } finally {
    if (outer === 0) flights.delete(trail)
    else flights.set(trail, outer)
  }
}

function follow(cause: unknown, trail: StageTrail): unknown {
  const before = cause instanceof Error ? trails.get(cause) : undefined
  const last = lastOf(cause, before)
  if (last === null || !canHaveCause(last)) return cause
  Object.defineProperty(last, 'cause', { value: trail, writable: true, configurable: true, enumerable: false })
  trails.set(cause as Error, trail) // lastOf answers null for what is none
  flights.set(trail, 0)
  return cause
}

/** The last error of the chain, before the trail that is to be replaced. */
function lastOf(cause: unknown, trail: StageTrail | undefined): Error | null {
  if (!(cause instanceof Error)) return null
  let last: Error = cause
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
