/**
 * A random pipeline as data: a source, stages, and the way it ends. fast-check draws it, shrinks it to the shortest
 * pipeline that fails, and prints it.
 *
 * Each stage takes numbers and emits numbers, so that any may follow any.
 */
import fc from 'fast-check'

/** How a worker works: the kinds of `Work`, prompt and slow. */
const works = ['value', 'promise', 'async', 'operation', 'generator', 'observable', 'foreign'] as const
export type WorkKind = (typeof works)[number]

const sources = [
  'iterable',
  'async iterable',
  'channel',
  'buffered channel',
  'goroutine',
  'operations',
  'slow',
  'foreign',
  'shared',
] as const
export interface SourcePlan {
  readonly source: (typeof sources)[number]
  readonly size: number
}

/** Stages without a part that varies. */
const plain = [
  'named', 'meter', 'relay', 'withContext', 'until', 'map', 'tap', 'scan', 'skip', 'filter', 'share', 'defer', 'startWith',
  'distinctUntilChanged', 'pairwise', 'concatMap', 'mergeMap', 'mergeMap 2', 'filter, mergeMap', 'bufferCount', 'groupBy, mergeMap', 'repeatWith', 'retryWith',
] as const // prettier-ignore

export type StagePlan =
  | { readonly stage: (typeof plain)[number] }
  | { readonly stage: 'workerPool'; readonly n: number; readonly work: WorkKind; readonly ordered: boolean; readonly ms: number }
  | { readonly stage: 'byKey'; readonly n: number; readonly work: WorkKind; readonly ms: number }
  | { readonly stage: 'batch' | 'windowsByCount' | 'queue'; readonly n: number }
  | { readonly stage: 'fanOut' | 'broadcast' | 'groupByKey'; readonly branches: readonly (readonly StagePlan[])[] }
  | { readonly stage: 'merge' | 'mergeFair' | 'zipBounded' | 'concat'; readonly other: SourcePlan }

export type EndPlan =
  | { readonly end: 'completes' }
  | { readonly end: 'take' | 'leaves in next'; readonly n: number }
  | { readonly end: 'until' | 'context' | 'cancel'; readonly ms: number }
  | { readonly end: 'fails'; readonly at: number }

export interface PipelinePlan {
  readonly source: SourcePlan
  readonly stages: readonly StagePlan[]
  readonly end: EndPlan
}

const source = fc.record({ source: fc.constantFrom(...sources), size: fc.nat(12) })
const few = fc.integer({ min: 1, max: 4 })
const ms = fc.constantFrom(0, 1, 7)
const work = fc.constantFrom(...works)

const stage = fc.letrec<{ stage: StagePlan; branch: readonly StagePlan[] }>((tie) => ({
  // The items of a branch do not come again, so a repeat there has no simple specification.
  branch: fc.array(tie('stage'), { maxLength: 2 }).filter((stages) => stages.every(({ stage }) => stage !== 'repeatWith')),
  stage: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ stage: fc.constantFrom(...plain) }),
    fc.record({ stage: fc.constant('workerPool' as const), n: few, work, ordered: fc.boolean(), ms }),
    fc.record({ stage: fc.constant('byKey' as const), n: few, work, ms }),
    fc.record({ stage: fc.constantFrom('batch' as const, 'windowsByCount' as const, 'queue' as const), n: few }),
    fc.record({ stage: fc.constantFrom('merge' as const, 'mergeFair' as const, 'zipBounded' as const, 'concat' as const), other: source }),
    fc.record({
      stage: fc.constantFrom('fanOut' as const, 'broadcast' as const, 'groupByKey' as const),
      branches: fc.array(tie('branch'), { minLength: 1, maxLength: 3 }),
    }),
  ),
})).stage

const end: fc.Arbitrary<EndPlan> = fc.oneof(
  fc.constant({ end: 'completes' as const }),
  fc.record({ end: fc.constantFrom('take' as const, 'leaves in next' as const), n: few }),
  fc.record({ end: fc.constantFrom('until' as const, 'context' as const, 'cancel' as const), ms: fc.nat(20) }),
  fc.record({ end: fc.constant('fails' as const), at: fc.nat(12) }),
)

export const pipelinePlan: fc.Arbitrary<PipelinePlan> = fc.record({
  source,
  stages: fc.array(stage, { minLength: 1, maxLength: 6 }),
  end,
})
