/** How the real queues are read: the fields are those of waiter.ts and case.ts. */
import type { ContextPair } from './build.js'

/** As in waiter.ts; a Case has a parent, and the waiter at the top has none. */
export interface Waiting {
  readonly previous: Waiting | null
  readonly next: Waiting | null
  readonly raw: unknown
  readonly parent?: Waiting | null
  readonly sibling?: Waiting | null
  readonly index?: number
}

export interface Queue {
  readonly first: unknown
  readonly last: unknown
}

const LONGEST = 1000

/** Who waits, first to last; read from both ends. */
export function read({ first, last }: Queue): Waiting[] {
  const forwards = walk(first as Waiting | null, (one) => one.next)
  const backwards = walk(last as Waiting | null, (one) => one.previous)
  same('length of a queue from both ends', backwards.length, forwards.length)
  forwards.forEach((one, i) => same('queue from both ends', backwards[backwards.length - 1 - i], one))
  return forwards
}

function walk(from: Waiting | null | undefined, step: (one: Waiting) => Waiting | null | undefined): Waiting[] {
  const found: Waiting[] = []
  for (let one = from ?? null; one !== null; one = step(one) ?? null) if (found.push(one) > LONGEST) throw new Error('a queue has no end')
  return found
}

/** The waiter that performs; on the way there each Case must be one of those its parent leads to. */
export function top(one: Waiting): Waiting {
  if (!('parent' in one)) return one
  const { parent } = one
  if (parent === null || parent === undefined) throw new Error('a Case is parked after it was released')
  if (!walk(parent.raw as Waiting | null, (other) => other.sibling).includes(one))
    throw new Error('a Case is not among those of its parent')
  return top(parent)
}

/** Where a Case stands in its select, and that in its own; empty for one who waits for one thing only. */
export function trailOf(one: Waiting): string {
  return one.parent === null || one.parent === undefined ? '' : `${trailOf(one.parent)}${one.index}.`
}

export function waitersOf({ real }: ContextPair): Queue {
  return (real.done() as unknown as { waiters: Queue }).waiters // `done` of a context that can be ended has them
}

export function same(what: string, real: unknown, expected: unknown): void {
  if (real !== expected) throw new Error(`${what}: ${describe(real)}, where ${describe(expected)} is right`)
}

function describe(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'another' : String(value)
}
