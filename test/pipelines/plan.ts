/**
 * A random pipeline as data: a source, stages, and the way it ends. fast-check draws it, shrinks it to the shortest
 * pipeline that fails, and prints it.
 *
 * Each stage takes numbers and emits numbers, so that any may follow any.
 */
import fc from 'fast-check'

/** How a worker works: the kinds of `Work`, prompt and slow. The last five meet items that fail, each kind of `Work` in its way. */
const works = [
  'value', 'promise', 'async', 'operation', 'generator', 'observable', 'foreign', 'job', 'thread', 'canceling', 'unwinding', 're-entrant', 'several',
  'throws', 'skipped', 'restarted', 'retried', 'dead letters',
] as const // prettier-ignore
export type WorkKind = (typeof works)[number]

const finite = [
  'iterable', 'async iterable', 'channel', 'buffered channel', 'goroutine', 'operations', 'select', 'slow', 'foreign', 'shared',
] as const // prettier-ignore
export interface SourcePlan {
  readonly source: (typeof finite)[number] | 'endless' | 'ticker'
  readonly size: number
}

/** Stages of Millrace, and operators of RxJS, without a part that varies. */
const ours = [
  'named', 'meter', 'relay', 'withContext', 'until', 'rateLimit', 'repeatWith', 'retryWith', 'toReceiver', 'sendTo', 'queue that loses',
  'conflate', 'conflate, combine', 'debounce', 'throttle', 'throttle, trailing', 'sample', 'sample, notifier',
  'timeoutEach', 'pausable', 'paused', 'prioritize', 'progress', 'decode', 'decode, async', 'decode, invalid', 'rateLimit by key', 'tee', 'tee, slow', 'tee, ends early',
  'retryEach', 'catchTo', 'fails once, retryWith', 'deep row', 'queue, drop-newest', 'queue, drop-oldest', 'batch, within', 'windowsByCount, gaps',
  'groupByKey, most', 'byKey, waiting', 'adaptive, errors', 'decode, sender', 'throttle, trailing only', 'rateLimit by key, forgets',
  'through a stream', 'through a web stream', 'tee, fails', 'timeoutEach, fires', 'catchError, wraps',
] as const // prettier-ignore
const theirs = [
  'map', 'tap', 'scan', 'skip', 'skipWhile', 'skipLast', 'skipUntil', 'take', 'takeWhile', 'takeLast', 'takeUntil', 'filter', 'distinct',
  'distinctUntilChanged', 'pairwise', 'startWith', 'endWith', 'defaultIfEmpty', 'ignoreElements', 'share', 'share, replay', 'defer', 'iif',
  'finalize', 'catchError', 'retry', 'repeat', 'race', 'materialize', 'concatMap', 'mergeMap', 'mergeMap 2', 'filter, mergeMap', 'mergeScan',
  'switchMap', 'exhaustMap', 'expand', 'bufferCount', 'windowCount', 'groupBy, mergeMap', 'toArray', 'reduce', 'count', 'isEmpty',
  'zipWith', 'combineLatestWith', 'withLatestFrom', 'timestamp', 'debounceTime', 'throttleTime', 'auditTime', 'sampleTime', 'delay', 'delayWhen',
  'bufferTime', 'windowTime', 'buffer, notifier', 'observeOn, asap', 'observeOn, async', 'subscribeOn', 'retry, delay', 'repeat, delay', 'timeout',
  'mergeAll', 'concatAll', 'switchAll', 'exhaustAll', 'switchMap, slow', 'exhaustMap, slow', 'switchScan', 'concatWith', 'mergeWith', 'connect',
  'shareReplay', 'using', 'timeInterval', 'groupBy, duration',
] as const // prettier-ignore
const plain = [...ours, ...theirs]

export type StagePlan =
  | { readonly stage: (typeof plain)[number] }
  | {
      readonly stage: 'workerPool' | 'adaptive'
      readonly n: number
      readonly work: WorkKind
      readonly ordered: boolean
      readonly ms: number
    }
  | { readonly stage: 'byKey'; readonly n: number; readonly work: WorkKind; readonly ms: number; readonly commits: boolean }
  | { readonly stage: 'batch' | 'windowsByCount' | 'windowsByTime' | 'queue'; readonly n: number }
  | { readonly stage: 'fanOut' | 'broadcast' | 'groupByKey'; readonly branches: readonly (readonly StagePlan[])[] }
  | { readonly stage: 'merge' | 'mergeFair' | 'zipBounded' | 'concat'; readonly other: SourcePlan }

export type EndPlan =
  | { readonly end: 'completes' | 'two subscribers' }
  | { readonly end: 'take' | 'one of two takes' | 'leaves in next' | 'unsubscribes in next'; readonly n: number }
  | { readonly end: 'until' | 'context' | 'cancel'; readonly ms: number }
  | { readonly end: 'fails' | 'fails, retry'; readonly at: number }
  | { readonly end: 'fails, take'; readonly at: number; readonly n: number }
  | { readonly end: 'fails, cancel'; readonly at: number; readonly ms: number }

export interface PipelinePlan {
  readonly source: SourcePlan
  readonly stages: readonly StagePlan[]
  readonly end: EndPlan
}

const size = fc.nat(12)
const other = fc.record({ source: fc.constantFrom(...finite), size })
const source: fc.Arbitrary<SourcePlan> = fc.record({ source: fc.constantFrom(...finite, 'endless' as const, 'ticker' as const), size })
const few = fc.integer({ min: 1, max: 4 })
const ms = fc.constantFrom(0, 1, 7)
const work = fc.constantFrom(...works)

/** Stages with further rounds. The items of a branch do not come again, so there they have no simple specification. */
export const again = new Set<StagePlan['stage']>(['repeatWith', 'repeat', 'retry', 'repeat, delay', 'retry, delay'])

const stage = fc.letrec<{ stage: StagePlan; branch: readonly StagePlan[] }>((tie) => ({
  branch: fc.array(tie('stage'), { maxLength: 2 }).filter((stages) => !stages.some(({ stage }) => again.has(stage))),
  stage: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 2, arbitrary: fc.record({ stage: fc.constantFrom(...ours) }) },
    { weight: 4, arbitrary: fc.record({ stage: fc.constantFrom(...theirs) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        stage: fc.constantFrom('workerPool' as const, 'workerPool' as const, 'adaptive' as const),
        n: few,
        work,
        ordered: fc.boolean(),
        ms,
      }),
    },
    fc.record({ stage: fc.constant('byKey' as const), n: few, work, ms, commits: fc.boolean() }),
    fc.record({ stage: fc.constantFrom('batch' as const, 'windowsByCount' as const, 'windowsByTime' as const, 'queue' as const), n: few }),
    fc.record({ stage: fc.constantFrom('merge' as const, 'mergeFair' as const, 'zipBounded' as const, 'concat' as const), other }),
    fc.record({
      stage: fc.constantFrom('fanOut' as const, 'broadcast' as const, 'groupByKey' as const),
      branches: fc.array(tie('branch'), { minLength: 1, maxLength: 3 }),
    }),
  ),
})).stage

const end: fc.Arbitrary<EndPlan> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ end: 'completes' as const }) },
  fc.constant({ end: 'two subscribers' as const }),
  fc.record({
    end: fc.constantFrom('take' as const, 'one of two takes' as const, 'leaves in next' as const, 'unsubscribes in next' as const),
    n: few,
  }),
  fc.record({ end: fc.constantFrom('until' as const, 'context' as const, 'cancel' as const), ms: fc.nat(20) }),
  fc.record({ end: fc.constantFrom('fails' as const, 'fails, retry' as const), at: size }),
  fc.record({ end: fc.constant('fails, take' as const), at: size, n: few }),
  fc.record({ end: fc.constant('fails, cancel' as const), at: size, ms: fc.nat(20) }),
)

/** Up to 8 stages; a failure shrinks to fewer. */
const any: fc.Arbitrary<PipelinePlan> = fc.record({ source, stages: fc.array(stage, { minLength: 1, maxLength: 8 }), end })

/** Pipelines that fail, of stages that an error may not overtake. */
const failing: fc.Arbitrary<PipelinePlan> = fc.record({
  source,
  stages: fc.array(fc.record({ stage: fc.constantFrom('rateLimit' as const, 'toReceiver' as const, 'sendTo' as const, 'map' as const) }), { minLength: 2, maxLength: 5 }), // prettier-ignore
  end: fc.record({ end: fc.constant('fails' as const), at: size }),
})

/** A part that is shared by two subscribers above slow work, one of which leaves first. */
const sharing: fc.Arbitrary<PipelinePlan> = fc.record({
  source,
  stages: fc
    .tuple(
      fc.record({ stage: fc.constantFrom('share' as const, 'share, replay' as const) }),
      fc.record({ stage: fc.constant('workerPool' as const), n: few, work: fc.constant('operation' as const), ordered: fc.boolean(), ms }),
      fc.array(stage, { maxLength: 1 }),
    )
    .map(([shared, pool, more]) => [shared, pool, ...more]),
  end: fc.oneof(fc.constant({ end: 'two subscribers' as const }), fc.record({ end: fc.constantFrom('one of two takes' as const), n: few })),
})

/** Stages that hold items, and pass each on. */
const holding: fc.Arbitrary<StagePlan> = fc.oneof(
  fc.record({ stage: fc.constant('queue' as const), n: few }),
  fc.record({ stage: fc.constantFrom('rateLimit' as const, 'paused' as const, 'prioritize' as const, 'decode, async' as const, 'tee, slow' as const, 'map' as const) }), // prettier-ignore
  fc.record({
    stage: fc.constant('workerPool' as const),
    n: few,
    work: fc.constantFrom('value' as const, 'operation' as const),
    ordered: fc.boolean(),
    ms,
  }),
  fc.record({ stage: fc.constant('broadcast' as const), branches: fc.array(fc.array(fc.record({ stage: fc.constant('queue' as const), n: few }), { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 1 }) }), // prettier-ignore
)

/** Items that are committed, the stages below in which they wait until then, and slow work at the end. */
const committing: fc.Arbitrary<PipelinePlan> = fc.record({
  source,
  stages: fc
    .tuple(
      fc.record({ stage: fc.constant('byKey' as const), n: few, work: fc.constantFrom('value' as const, 'operation' as const), ms, commits: fc.constant(true) }), // prettier-ignore
      fc.array(holding, { minLength: 1, maxLength: 3 }),
      fc.record({ stage: fc.constant('workerPool' as const), n: few, work: fc.constant('operation' as const), ordered: fc.boolean(), ms }),
    )
    .map(([byKey, below, slow]) => [byKey, ...below, slow]),
  end,
})

/** Work that fails, below a place where items and an error wait. */
const failingWork: fc.Arbitrary<StagePlan> = fc.record({ stage: fc.constant('workerPool' as const), n: few, work: fc.constantFrom('throws' as const, 'skipped' as const, 'dead letters' as const), ordered: fc.boolean(), ms }) // prettier-ignore

/** Failures that a stage holds, or that come beside another, while the pipeline ends. */
const failingTwice: fc.Arbitrary<PipelinePlan> = fc.record({
  source,
  stages: fc
    .tuple(
      fc.array(
        fc.oneof(
          holding,
          failingWork,
          fc.record({ stage: fc.constant('broadcast' as const), branches: fc.array(fc.tuple(fc.record({ stage: fc.constant('queue' as const), n: few }), failingWork), { minLength: 1, maxLength: 2 }) }), // prettier-ignore
        ),
        { minLength: 1, maxLength: 3 },
      ),
      fc.record({ stage: fc.constant('workerPool' as const), n: few, work: fc.constant('operation' as const), ordered: fc.boolean(), ms }),
    )
    .map(([above, slow]) => [...above, slow]),
  end: fc.oneof(
    fc.record({ end: fc.constant('fails' as const), at: size }),
    fc.record({ end: fc.constant('fails, take' as const), at: size, n: few }),
    fc.record({ end: fc.constant('fails, cancel' as const), at: size, ms: fc.nat(20) }),
    fc.record({ end: fc.constantFrom('context' as const, 'cancel' as const), ms: fc.nat(20) }),
  ),
})

/** Dead letters that wait for their reader when the pipeline ends. */
const unsent: fc.Arbitrary<PipelinePlan> = fc.record({
  source,
  stages: fc.array(fc.record({ stage: fc.constantFrom('workerPool' as const, 'adaptive' as const), n: few, work: fc.constant('dead letters' as const), ordered: fc.boolean(), ms }), { minLength: 1, maxLength: 2 }), // prettier-ignore
  end: fc.oneof(
    fc.record({ end: fc.constantFrom('context' as const, 'cancel' as const), ms: fc.nat(20) }),
    fc.record({ end: fc.constant('take' as const), n: few }),
    fc.record({ end: fc.constant('fails' as const), at: size }),
  ),
})

export const pipelinePlan: fc.Arbitrary<PipelinePlan> = fc.oneof(
  { weight: 13, arbitrary: any },
  { weight: 1, arbitrary: failing },
  { weight: 1, arbitrary: sharing },
  { weight: 1, arbitrary: committing },
  { weight: 2, arbitrary: failingTwice },
  { weight: 1, arbitrary: unsent },
)

/** Every kind that a pipeline may be made of: each of them has to be drawn. */
export const kinds = {
  sources: [...finite, 'endless', 'ticker'],
  works,
  stages: [
    ...plain, 'workerPool', 'adaptive', 'byKey', 'batch', 'windowsByCount', 'windowsByTime', 'queue', 'merge', 'mergeFair', 'zipBounded', 'concat',
    'fanOut', 'broadcast', 'groupByKey',
  ],
  ends: [
    'completes', 'two subscribers', 'take', 'one of two takes', 'leaves in next', 'unsubscribes in next', 'until', 'context', 'cancel', 'fails', 'fails, retry',
    'fails, take', 'fails, cancel',
  ],
} as const // prettier-ignore
