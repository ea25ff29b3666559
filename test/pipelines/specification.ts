/**
 * The specification: what a pipeline emits, as a program over lists. No time, no demand.
 *
 * Always true: `items` has every item that the pipeline may emit, and where `order` holds, the pipeline emits them from
 * the first on. A stage whose result depends on the order of items without one (scan, pairwise) makes only the number of
 * items known.
 */
import type { PipelinePlan, SourcePlan, StagePlan, WorkKind } from './plan.js'

export interface Expected {
  readonly items: readonly number[]
  /** The items leave in this order. */
  readonly order: boolean
  /** The values are known, not only their number. */
  readonly values: boolean
  /** Their number is known. */
  readonly count: boolean
  /** Whether work fails, and with it the pipeline. */
  readonly workFails: 'no' | 'maybe' | 'yes'
  /** The pipeline may complete before its source has ended. */
  readonly endsEarly: boolean
  /** Where the source fails: every item before the error leaves before the error does. */
  readonly whole: boolean
  /** The source is cut off: it fails, or has no end. */
  readonly isCut: boolean
}

export const rangeOf = (size: number, from = 0): number[] => Array.from({ length: size }, (_, i) => from + i)

/** The items of a source. Those of a second source differ from those of the first. */
export const itemsOf = ({ size }: SourcePlan, from = 0): number[] => rangeOf(size, from)
export const OTHER = 1000

/** The expectation of a pipeline whose source has these items, and then completes or is cut off. */
export function expected({ stages }: PipelinePlan, items: readonly number[], isCut: boolean): Expected {
  return after(stages, { items, order: true, values: true, count: true, workFails: 'no', endsEarly: false, whole: true, isCut })
}

const after = (stages: readonly StagePlan[], input: Expected): Expected =>
  stages.reduce((before, stage) => withEnd(stage, step(stage, before)), input)

/** What the stage adds to the knowledge about the end. */
const withEnd = (stage: StagePlan, result: Expected): Expected => ({
  ...result,
  endsEarly: result.endsEarly || endsEarly(stage),
  whole: result.whole && passesErrors.has(stage.stage),
})

/** What `change` makes of the list, where the result depends on the order; the number of items too, unless `change` keeps it. */
function inOrder(input: Expected, change: (items: readonly number[]) => readonly number[], keepsCount = true): Expected {
  const values = input.values && input.order
  return { ...input, items: change(input.items), values, count: input.count && (values || keepsCount) }
}

/** What `change` makes of each item. */
const each = (input: Expected, change: (item: number) => number[]): Expected => ({
  ...input,
  items: input.items.flatMap(change),
  count: input.count && input.values,
})

/** One number at the end, which depends on all items. */
const summary = (input: Expected, of: (items: readonly number[]) => number, needsValues: boolean): Expected => ({
  ...input,
  items: [of(input.items)],
  order: true,
  values: needsValues ? input.values && input.count : input.count,
  count: true,
})

const unordered = (input: Expected): Expected => ({ ...input, order: input.items.length <= 1 && input.order })
const isEven = (n: number): boolean => n % 2 === 0

/** Work on such an item throws, where the work is of a kind that fails. */
export const isBad = (n: number): boolean => n % 5 === 3

/** The item, and while a multiple of four, its successor's: what `expand` is given. */
export const grown = (n: number): number[] => (n > 0 && n % 4 === 0 ? [n + 1] : [])

function worked(input: Expected, work: WorkKind): Expected {
  if (work === 'several') return twice(input)
  if (work === 'skipped' || work === 'dead letters') return each(input, (n) => (isBad(n) ? [] : [n]))
  if (work !== 'throws') return input
  const isSure = input.values && input.count && !input.isCut
  const known = isSure && !input.items.some(isBad) ? input.workFails : 'maybe'
  const workFails = input.workFails === 'yes' || (isSure && input.items.some(isBad)) ? 'yes' : known
  return { ...input, items: input.items.filter((n) => !isBad(n)), workFails, count: input.count && workFails === 'no' }
}

/** As `worked`, but for the items: those before the failure pass. */
function failsBeside(input: Expected): Expected {
  const { workFails, count } = worked(input, 'throws')
  return { ...input, workFails, count }
}
const mayFail = (input: Expected): Expected => ({ ...input, workFails: input.workFails === 'no' ? 'maybe' : input.workFails, count: false }) // prettier-ignore

/** Some of the items pass: which of them is a matter of time. */
const losing = (input: Expected): Expected => ({ ...input, order: input.order && input.items.length === 0, count: false })
const same = (input: Expected): Expected => input
const twice = (input: Expected): Expected => ({ ...input, items: input.items.flatMap((n) => [n, n]) })
/** The whole list again; cut off where the source fails. */
const again = (input: Expected): Expected => ({ ...input, items: [...input.items, ...input.items], order: input.order && !input.isCut })
/** A source without an end is cut as well and begins no second round, and a stage that ends early sees no failure. */
const retried = (input: Expected): Expected =>
  input.isCut || input.workFails !== 'no' ? { ...again(input), order: false, count: false } : input
const plus = (input: Expected, more: readonly number[]): Expected => ({ ...input, items: [...input.items, ...more] })

/** What the stages do that have no part that varies, unless they pass every item on. */
const rules: Partial<Record<StagePlan['stage'], (input: Expected) => Expected>> = {
  map: (input) => ({ ...input, items: input.items.map((n) => n + 1) }),
  scan: (input) => inOrder(input, (list) => list.map((_, i) => sum(list.slice(0, i + 1)))),
  mergeScan: (input) => inOrder(input, (list) => list.map((_, i) => sum(list.slice(0, i + 1)))),
  skip: (input) => inOrder(input, (list) => list.slice(1)),
  skipWhile: (input) => inOrder(input, skipWhile, false),
  skipLast: (input) => inOrder(input, (list) => list.slice(0, Math.max(0, list.length - 1))),
  take: (input) => inOrder(input, (list) => list.slice(0, 5)),
  takeWhile: (input) => inOrder(input, takeWhile, false),
  takeLast: (input) => inOrder(input, (list) => list.slice(-2)),
  pairwise: (input) => inOrder(input, (list) => list.slice(1).map((n, i) => n - list[i])),
  distinct: (input) => ({ ...input, items: [...new Set(input.items)], count: input.count && input.values }),
  distinctUntilChanged: (input) => inOrder(input, (list) => list.filter((n, i) => i === 0 || n !== list[i - 1]), false),
  conflate: losing,
  'conflate, combine': losing,
  debounce: losing,
  throttle: losing,
  'throttle, trailing': losing,
  sample: losing,
  'sample, notifier': losing,
  'queue, drop-newest': losing,
  'queue, drop-oldest': losing,
  'throttle, trailing only': losing,
  debounceTime: losing,
  throttleTime: losing,
  auditTime: losing,
  sampleTime: losing,
  'switchMap, slow': losing,
  'exhaustMap, slow': losing,
  'windowsByCount, gaps': (input) => inOrder(input, (list) => list.filter((_, i) => i % 3 !== 2)),
  'groupByKey, most': unordered,
  'byKey, waiting': unordered,
  'adaptive, errors': unordered,
  'rateLimit by key, forgets': unordered,
  'groupBy, duration': unordered,
  delayWhen: unordered,
  'tee, fails': failsBeside,
  'timeoutEach, fires': mayFail,
  'decode, sender': (input) => each(input, (n) => (isBad(n) ? [] : [n])),
  mergeAll: (input) => unordered(twice(input)),
  concatAll: twice,
  switchScan: (input) => inOrder(input, (list) => list.map((_, i) => sum(list.slice(0, i + 1)))),
  concatWith: (input) => plus(input, [-5]),
  mergeWith: (input) => ({ ...plus(input, [-6]), order: false }),
  prioritize: unordered,
  'rateLimit by key': unordered,
  'decode, invalid': (input) => each(input, (n) => (isBad(n) ? [] : [n])),
  startWith: (input) => ({ ...input, items: [-1, ...input.items] }),
  endWith: (input) => plus(input, [-2]),
  defaultIfEmpty: (input) => (input.items.length > 0 && input.count && !input.isCut ? input : { ...plus(input, input.items.length === 0 ? [-3] : []), values: input.values && input.count, count: input.count }), // prettier-ignore
  ignoreElements: (input) => ({ ...input, items: [], order: true, values: true, count: true }),
  filter: (input) => each(input, (n) => (isEven(n) ? [n] : [])),
  'filter, mergeMap': (input) => unordered(each(input, (n) => (isEven(n) ? [n] : []))),
  concatMap: twice,
  mergeMap: (input) => unordered(twice(input)),
  'mergeMap 2': (input) => unordered(twice(input)),
  expand: (input) => each(input, (n) => [n, ...grown(n)]),
  'groupBy, mergeMap': unordered,
  repeatWith: again,
  repeat: again,
  'repeat, delay': again,
  'retry, delay': retried,
  retry: retried,
  'fails once, retryWith': (input) => ({ ...again(input), order: false, count: false, workFails: input.isCut || input.workFails !== 'no' ? 'maybe' : 'no' }), // prettier-ignore
  zipWith: (input) => inOrder(input, (list) => list.slice(0, 6)),
  toArray: same,
  reduce: (input) => summary(input, sum, true),
  count: (input) => summary(input, (list) => list.length, false),
  isEmpty: (input) => ({ ...summary(input, (list) => Number(list.length === 0), false), values: input.count && !input.isCut }),
}

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0)
const firstOf = (list: readonly number[], is: (n: number) => boolean): number => (list.some(is) ? list.findIndex(is) : list.length)
const skipWhile = (list: readonly number[]): readonly number[] => list.slice(firstOf(list, (n) => n >= 2))
const takeWhile = (list: readonly number[]): readonly number[] =>
  list.slice(
    0,
    firstOf(list, (n) => n >= 9),
  )

function step(stage: StagePlan, input: Expected): Expected {
  // eslint-disable-next-line @typescript-eslint/switch-exhaustiveness-check -- the default case has the others
  switch (stage.stage) {
    case 'byKey':
      return unordered(worked(input, stage.work))
    case 'workerPool':
    case 'adaptive':
      return stage.ordered || stage.n === 1 ? worked(input, stage.work) : unordered(worked(input, stage.work))
    case 'merge':
    case 'mergeFair':
      return { ...plus(input, itemsOf(stage.other, OTHER)), order: false }
    case 'concat':
      return plus(input, itemsOf(stage.other, OTHER))
    case 'zipBounded':
      return inOrder(input, (list) => list.slice(0, stage.other.size))
    case 'fanOut':
    case 'groupByKey':
    case 'broadcast':
      return branches(stage, input)
    default:
      return (rules[stage.stage] ?? same)(input)
  }
}

function branches(plan: StagePlan & { stage: 'fanOut' | 'groupByKey' | 'broadcast' }, input: Expected): Expected {
  const all = allBranches(plan, input)
  const stages = plan.branches.flat()
  // The items of a branch do not come again: below a stage that looks at their order, a further round differs.
  const differs = stages.some(isRepeated) && stages.some((within) => !isRepeated(within) && !passesOn(within))
  return differs ? { ...all, values: false, count: false, workFails: all.workFails === 'no' ? 'no' : 'maybe' } : all
}

const isRepeated = ({ stage }: StagePlan): boolean => stage === 'fails once, retryWith'

function allBranches({ stage, branches: plans }: StagePlan & { stage: 'fanOut' | 'groupByKey' | 'broadcast' }, input: Expected): Expected {
  if (stage === 'broadcast') return together(plans.map((plan) => after(plan, input)))
  if (stage === 'fanOut') return plans.length === 1 ? after(plans[0], input) : fannedOut(plans, input)
  const groups = plans.map((plan, i) => {
    const own = input.items.filter((n) => keyOf(n, plans.length) === i)
    return own.length === 0 && input.values ? { ...input, items: [] } : after(plan, { ...input, items: own })
  })
  const all = together(groups)
  // A group that completes early is begun anew by the next item of its key; a group whose items were all lost is never begun.
  const isPlain = !plans.some((plan) => plan.some(endsEarly))
  return { ...all, values: all.values && isPlain, count: all.count && input.values && input.count && isPlain }
}

/** Which branch has an item is not known: a branch that only passes on is needed for values. */
function fannedOut(plans: readonly (readonly StagePlan[])[], input: Expected): Expected {
  const isPlain = plans.every((plan) => plan.every(passesOn))
  const fails = plans.some((plan) => plan.some(mayThrow))
  const workFails = fails && input.workFails === 'no' ? 'maybe' : input.workFails
  return { ...input, order: false, workFails, values: input.values && isPlain, count: input.count && isPlain && !fails }
}

/** The key of an item, also of a negative one. */
export const keyOf = (n: number, keys: number): number => ((n % keys) + keys) % keys

const within = (plan: StagePlan): readonly StagePlan[] => ('branches' in plan ? plan.branches.flat() : [])
const passing = new Set<string>(['named', 'meter', 'relay', 'withContext', 'until', 'rateLimit', 'tap', 'share', 'share, replay', 'defer', 'iif', 'finalize', 'catchError', 'race', 'materialize', 'retryWith', 'batch', 'windowsByCount', 'windowsByTime', 'queue', 'bufferCount', 'windowCount', 'groupBy, mergeMap', 'switchMap', 'exhaustMap', 'skipUntil', 'takeUntil', 'toArray', 'combineLatestWith', 'withLatestFrom', 'timestamp', 'timeoutEach', 'pausable', 'paused', 'prioritize', 'progress', 'decode', 'decode, async', 'rateLimit by key', 'tee', 'tee, slow', 'tee, ends early', 'retryEach', 'catchTo', 'deep row', 'batch, within', 'groupByKey, most', 'byKey, waiting', 'adaptive, errors', 'rateLimit by key, forgets', 'through a stream', 'through a web stream', 'delay', 'delayWhen', 'bufferTime', 'windowTime', 'buffer, notifier', 'observeOn, asap', 'observeOn, async', 'subscribeOn', 'timeout', 'switchAll', 'exhaustAll', 'connect', 'shareReplay', 'using', 'timeInterval', 'groupBy, duration', 'catchError, wraps', 'tee, fails', 'timeoutEach, fires']) // prettier-ignore
const isWork = (plan: StagePlan): plan is StagePlan & { work: WorkKind } => 'work' in plan
const passesOn = (plan: StagePlan): boolean =>
  passing.has(plan.stage) ||
  (isWork(plan) && plan.work !== 'several' && plan.work !== 'skipped' && plan.work !== 'dead letters' && plan.work !== 'throws')
export const mayThrow = (plan: StagePlan): boolean =>
  (isWork(plan) && plan.work === 'throws') ||
  plan.stage === 'tee, fails' ||
  plan.stage === 'timeoutEach, fires' ||
  within(plan).some(mayThrow)

/** Completes before its source does, or may. */
const endsEarly = (plan: StagePlan): boolean => early.has(plan.stage) || within(plan).some(endsEarly)
const early = new Set<string>(['zipBounded', 'zipWith', 'take', 'takeWhile', 'isEmpty'])

/** An error of the source follows the items that such a stage has accepted. */
const passesErrors = new Set<string>(['named', 'meter', 'relay', 'withContext', 'until', 'rateLimit', 'queue', 'toReceiver', 'sendTo', 'map', 'tap', 'scan', 'skip', 'skipWhile', 'skipUntil', 'filter', 'distinct', 'distinctUntilChanged', 'pairwise', 'startWith', 'defer', 'iif', 'finalize', 'catchError', 'race', 'materialize', 'retryWith', 'timestamp', 'timeoutEach', 'pausable', 'paused', 'progress', 'retryEach', 'catchTo', 'deep row', 'timeout', 'using', 'timeInterval', 'catchError, wraps']) // prettier-ignore

function together(parts: readonly Expected[]): Expected {
  const fates = parts.map(({ workFails }) => workFails)
  // The first branch that fails decides; a branch that ends early is one that may not get to fail.
  const fate = fates.includes('yes') ? 'yes' : fates.includes('maybe') ? 'maybe' : 'no'
  return {
    items: parts.flatMap(({ items }) => items),
    order: parts.length === 1 && parts[0].order,
    values: parts.every(({ values }) => values),
    count: parts.every(({ count }) => count) && fate === 'no',
    workFails: fate,
    endsEarly: parts.some(({ endsEarly }) => endsEarly),
    whole: false,
    isCut: parts.some(({ isCut }) => isCut),
  }
}
