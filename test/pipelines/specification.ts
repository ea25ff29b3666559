/**
 * The specification: what a pipeline that completes emits, as a program over lists. No time, no demand.
 *
 * Always true: `items` has every item that the pipeline emits. Where `order` is false, items may come in another order,
 * and a stage whose result depends on the order (scan, pairwise) makes only the number of items known.
 */
import type { PipelinePlan, SourcePlan, StagePlan } from './plan.js'

export interface Expected {
  readonly items: readonly number[]
  /** The items leave in this order. */
  readonly order: boolean
  /** The values are known, not only their number. */
  readonly values: boolean
  /** Their number is known. */
  readonly count: boolean
}

export const rangeOf = (size: number, from = 0): number[] => Array.from({ length: size }, (_, i) => from + i)

/** The items of a source. Those of a second source differ from those of the first. */
export const itemsOf = ({ size }: SourcePlan, from = 0): number[] => rangeOf(size, from)
export const OTHER = 1000

export function expected({ source, stages }: PipelinePlan): Expected {
  return after(stages, { items: itemsOf(source), order: true, values: true, count: true })
}

const after = (stages: readonly StagePlan[], input: Expected): Expected => stages.reduce((before, stage) => step(stage, before), input)

/** What `change` makes of the list, where the result depends on the order. */
function inOrder(input: Expected, change: (items: readonly number[]) => number[], keepsCount = true): Expected {
  return { ...input, items: change(input.items), values: input.values && input.order, count: input.count && (input.order || keepsCount) }
}

/** What `change` makes of each item. */
const each = (input: Expected, change: (item: number) => number[]): Expected => ({
  ...input,
  items: input.items.flatMap(change),
  count: input.count && input.values,
})

const unordered = (input: Expected): Expected => ({ ...input, order: input.items.length <= 1 && input.order })

function step(stage: StagePlan, input: Expected): Expected {
  const { items } = input
  switch (stage.stage) {
    case 'map':
      return { ...input, items: items.map((n) => n + 1) }
    case 'scan':
      return inOrder(input, (list) => list.map((_, i) => list.slice(0, i + 1).reduce((a, b) => a + b, 0)))
    case 'skip':
      return inOrder(input, (list) => list.slice(1))
    case 'pairwise':
      return inOrder(input, (list) => list.slice(1).map((n, i) => n - list[i]))
    case 'distinctUntilChanged':
      return inOrder(input, (list) => list.filter((n, i) => i === 0 || n !== list[i - 1]), false)
    case 'startWith':
      return { ...input, items: [-1, ...items] }
    case 'filter':
      return each(input, (n) => (n % 2 === 0 ? [n] : []))
    case 'filter, mergeMap':
      return unordered(each(input, (n) => (n % 2 === 0 ? [n] : [])))
    case 'concatMap':
      return { ...input, items: items.flatMap((n) => [n, n]) }
    case 'mergeMap':
    case 'mergeMap 2':
      return unordered({ ...input, items: items.flatMap((n) => [n, n]) })
    case 'groupBy, mergeMap':
    case 'byKey':
      return unordered(input)
    case 'repeatWith':
      return { ...input, items: [...items, ...items] }
    case 'workerPool':
      return stage.ordered || stage.n === 1 ? input : unordered(input)
    case 'merge':
    case 'mergeFair':
      return unordered({ ...input, items: [...items, ...itemsOf(stage.other, OTHER)], order: false })
    case 'concat':
      return { ...input, items: [...items, ...itemsOf(stage.other, OTHER)] }
    case 'zipBounded':
      return inOrder(input, (list) => list.slice(0, stage.other.size))
    case 'fanOut':
    case 'groupByKey':
    case 'broadcast':
      return branches(stage, input)
    case 'batch':
    case 'bufferCount':
    case 'defer':
    case 'meter':
    case 'named':
    case 'queue':
    case 'relay':
    case 'retryWith':
    case 'share':
    case 'tap':
    case 'until':
    case 'windowsByCount':
    case 'withContext':
      return input
  }
}

function branches({ stage, branches: plans }: StagePlan & { stage: 'fanOut' | 'groupByKey' | 'broadcast' }, input: Expected): Expected {
  if (stage === 'broadcast') return together(plans.map((plan) => after(plan, input)))
  if (stage === 'fanOut') {
    if (plans.length === 1) return after(plans[0], input)
    // Which branch has an item is not known: a branch that only passes on is needed for values.
    const isPlain = plans.every((plan) => plan.every(passesOn))
    return { ...input, order: false, values: input.values && isPlain, count: input.count && isPlain }
  }
  const groups = plans.map((plan, i) => {
    const own = input.items.filter((n) => keyOf(n, plans.length) === i)
    return own.length === 0 ? { ...input, items: [] } : after(plan, { ...input, items: own })
  })
  const all = together(groups)
  // A group that completes early is begun anew by the next item of its key.
  const isPlain = !plans.some((plan) => plan.some(endsEarly))
  return { ...all, values: all.values && isPlain, count: all.count && input.values && isPlain }
}

/** The key of an item, also of a negative one. */
export const keyOf = (n: number, keys: number): number => ((n % keys) + keys) % keys

const passing = new Set(['named', 'meter', 'relay', 'withContext', 'until', 'tap', 'share', 'defer', 'retryWith', 'workerPool', 'byKey', 'batch', 'windowsByCount', 'queue', 'bufferCount', 'groupBy, mergeMap']) // prettier-ignore
const passesOn = ({ stage }: StagePlan): boolean => passing.has(stage)

/** Completes before its source does, or may. */
const endsEarly = (plan: StagePlan): boolean =>
  plan.stage === 'zipBounded' || ('branches' in plan && plan.branches.some((stages) => stages.some(endsEarly)))

function together(parts: readonly Expected[]): Expected {
  return {
    items: parts.flatMap(({ items }) => items),
    order: parts.length === 1 && parts[0].order,
    values: parts.every(({ values }) => values),
    count: parts.every(({ count }) => count),
  }
}
