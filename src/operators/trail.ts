/**
 * Where an error came from, at the end of its `cause` chain: the stage that failed, the position of the item, and the stages it has passed on
 * its way down. The error itself stays what was thrown, so `===`, `instanceof` and its own fields still tell; what was thrown and is no Error,
 * or cannot be added to, travels without a trail.
 *
 * An error that fails one pipeline after the other (a constant, a retry) carries the trail of the last: chains do not grow.
 */

/** A link of the chain: not thrown by itself, and has no stack. */
export class StageTrail extends Error {
  override readonly name = 'StageTrail'
  /** The stages that it has passed since, from the one below downward. */
  readonly passed: string[] = []

  constructor(
    readonly stage: string,
    /** How many items had come to the stage before the one that failed. */
    readonly position: number,
  ) {
    super()
    Object.defineProperty(this, 'message', { get: () => this._inWords(), configurable: true })
    Object.defineProperty(this, 'stack', { get: () => `${this.name}: ${this._inWords()}`, configurable: true })
  }

  private _inWords(): string {
    const below = this.passed.length === 0 ? '' : `, then through ${this.passed.map((name) => JSON.stringify(name)).join(', ')}`
    return `in stage ${JSON.stringify(this.stage)}, at the item of position ${this.position}${below}`
  }
}

/** The link in the chain of each error that has one. */
const trails = new WeakMap<object, StageTrail>()

/** Longer chains, and those that go in a circle, get no trail. */
const LONGEST_CHAIN = 100

/** The error failed in this stage, at this item. */
export function failedIn(cause: unknown, stage: string, position: number): unknown {
  const trail = new StageTrail(stage, position)
  const before = cause instanceof Error ? trails.get(cause) : undefined
  const last = lastOf(cause, before)
  if (last === null || !canHaveCause(last)) return cause
  Object.defineProperty(last, 'cause', { value: trail, writable: true, configurable: true, enumerable: false })
  trails.set(cause as Error, trail) // lastOf answers null for what is none
  return cause
}

/** The error passed this stage on its way down. */
export function passedBy(cause: unknown, stage: string): unknown {
  if (cause instanceof Error) trails.get(cause)?.passed.push(stage)
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
