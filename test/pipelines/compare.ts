/** Compares what a subscriber of a pipeline has seen with the specification. */
import { expect } from 'vitest'
import { again, type EndPlan, type PipelinePlan } from './plan.js'
import { Failed } from './failures.js'
import { expected, itemsOf, mayThrow, rangeOf, type Expected } from './specification.js'
import type { Watch } from './watch.js'

export type Ended = 'completed' | 'left' | 'hangs' | { readonly threw: unknown }

export interface Seen {
  readonly items: number[]
  ended: Ended
}

export function compare(plan: PipelinePlan, seen: Seen, { made }: Watch): void {
  const { source, end } = plan
  const isEndless = source.source === 'endless' || source.source === 'ticker'
  const whole = isEndless ? rangeOf(made) : itemsOf(source)
  const fails = 'at' in end
  const all = knownOf(plan, fails ? whole.slice(0, end.at) : whole, isEndless || fails)
  const second = knownOf(plan, whole, isEndless) // the round after a retry
  const mayFailLater = end.end === 'fails, retry' && second.workFails !== 'no'
  checkEnd(plan, mayFailLater && all.workFails === 'no' ? { ...all, workFails: 'maybe' } : all, seen.ended)
  if (end.end === 'fails, retry') return checkRetried(plan, all, isEndless ? null : second, seen)
  if (isShared(plan) && isTwo(end)) return checkShared(all, seen)
  if (hasCount(plan, all, seen.ended)) expect(seen.items.length, 'the number of items').toBe(mostOf(plan, all))
  if (all.values) checkValues(all, seen.items)
  const isWhole = all.whole && all.count && all.values && all.order && source.source !== 'operations'
  if (end.end === 'fails' && isWhole && !isEndless && !all.endsEarly && all.workFails === 'no')
    expect(seen.items, 'the items before the error').toEqual(all.items)
}

/**
 * A further round over a hot source sees the items that are still to come, as with RxJS's `share`: where the source still
 * emits for another subscriber, or for a round before that ended early, the rounds are not known.
 */
function knownOf(plan: PipelinePlan, items: readonly number[], isCut: boolean): Expected {
  const all = expected(plan, items, isCut)
  const isOtherHot = JSON.stringify(plan.stages).includes('"source":"shared"')
  const isReplayed = plan.stages.some(({ stage }) => stage === 'shareReplay') // a further round sees the last item alone
  const isHot = isOtherHot || isReplayed || plan.source.source === 'shared' || (isShared(plan) && (isTwo(plan.end) || all.endsEarly))
  const isRepeated = plan.stages.some(({ stage }) => again.has(stage) || stage === 'fails once, retryWith')
  if (!isHot || !(isRepeated || (isOtherHot && plan.end.end === 'fails, retry'))) return all
  return { ...all, values: false, count: false, workFails: plan.stages.some(mayThrow) ? 'maybe' : 'no' }
}

/** The one right end, or the ends that are. */
function checkEnd(plan: PipelinePlan, all: Expected, ended: Ended): void {
  const right = rightEnds(plan, all)
  const is = typeof ended === 'string' ? ended : nameOf(ended.threw)
  expect(right, `ended: ${is}`).toContain(is)
}

function nameOf(cause: unknown): string {
  if (cause instanceof Failed) return cause.name
  return cause instanceof Error ? (cause.message === 'stopped' ? 'stopped' : cause.name) : String(cause)
}

function rightEnds({ source, end }: PipelinePlan, { workFails, endsEarly, isCut }: Expected): string[] {
  const isEndless = source.source === 'endless' || source.source === 'ticker'
  const works = workFails === 'no' ? [] : ['fault']
  const mayComplete = workFails === 'yes' && !endsEarly && !isCut ? [] : ['completed']
  switch (end.end) {
    case 'completes':
    case 'two subscribers':
      return [...works, ...mayComplete]
    case 'take':
    case 'one of two takes':
    case 'leaves in next':
    case 'until':
    case 'fails, retry':
      return [...works, 'completed']
    case 'unsubscribes in next':
      return [...works, 'completed', 'left']
    case 'context':
      return [...works, 'completed', 'stopped']
    case 'cancel':
      return [...works, 'completed', 'CanceledError']
    case 'fails, take':
      return [...works, 'boom', 'completed']
    case 'fails, cancel':
      return [...works, 'boom', 'completed', 'CanceledError']
    case 'fails':
      return workFails === 'no' && !endsEarly && !isEndless ? ['boom'] : [...works, 'boom', 'completed']
  }
}

function hasCount({ end }: PipelinePlan, all: Expected, ended: Ended): boolean {
  if (!all.count || all.isCut || all.workFails !== 'no' || end.end === 'until' || end.end === 'one of two takes') return false
  return ended === 'completed' || ended === 'left'
}

function mostOf({ end }: PipelinePlan, { items }: Expected): number {
  const leaves = end.end === 'take' || end.end === 'leaves in next' || end.end === 'unsubscribes in next'
  return leaves ? Math.min(end.n, items.length) : items.length
}

function checkValues({ items, order }: Expected, seen: readonly number[]): void {
  if (order) return void expect(seen).toEqual(items.slice(0, seen.length))
  const known = counts(items)
  for (const [item, count] of counts(seen)) expect(count, `copies of ${item}`).toBeLessThanOrEqual(known.get(item) ?? 0)
}

const counts = (items: readonly number[]): Map<number, number> => {
  const count = new Map<number, number>()
  for (const item of items) count.set(item, (count.get(item) ?? 0) + 1)
  return count
}

/**
 * A part of the first round, then all of the second; without an error there is one round. A `retry` among the stages
 * begins the second round itself, and the stages below it, such as `count`, see both rounds.
 */
function checkRetried(plan: PipelinePlan, first: Expected, second: Expected | null, { items }: Seen): void {
  if (!first.values || second === null || !second.values || second.workFails !== 'no') return
  if (/"stage":"(retry|retry, delay|fails once, retryWith)"/.test(JSON.stringify(plan.stages))) return
  const both = { ...first, order: false, items: [...first.items, ...second.items] }
  checkValues(both, items)
  if (second.count && !second.endsEarly) expect(items.length, 'the number of items').toBeGreaterThanOrEqual(second.items.length)
  if (second.count && second.order && !second.endsEarly) expect(items.slice(items.length - second.items.length)).toEqual(second.items)
}

const isShared = ({ source, stages }: PipelinePlan): boolean => /"share/.test(JSON.stringify([source, stages]))

const isTwo = ({ end }: EndPlan): boolean => end === 'two subscribers' || end === 'one of two takes'

/** A subscriber of a shared part may come late. */
function checkShared(all: Expected, { items }: Seen): void {
  const isPlain = all.values && all.order
  if (isPlain && all.count) expect(items.length, 'the number of items').toBeLessThanOrEqual(all.items.length)
}
