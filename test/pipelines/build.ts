/** The pipeline of a plan. `Watch` counts what its first source has emitted. */
import { background, chan, go, sleep } from 'millrace'
import {
  batch,
  broadcast,
  byKey,
  fanOut,
  fromGoroutine,
  fromIterable,
  fromOp,
  fromReceiver,
  groupByKey,
  mergeFair,
  meter,
  named,
  queue,
  relay,
  repeatWith,
  retryWith,
  until,
  windowsByCount,
  withContext,
  workerPool,
  zipBounded,
} from 'millrace/operators'
import {
  bufferCount,
  concat,
  concatMap,
  defer,
  distinctUntilChanged,
  filter,
  from,
  groupBy,
  map,
  merge,
  mergeMap,
  of,
  pairwise,
  scan,
  share,
  skip,
  startWith,
  tap,
  type Observable,
  type OperatorFunction,
} from 'rxjs'
import type { SourcePlan, StagePlan, WorkKind } from './plan.js'
import { itemsOf, keyOf, OTHER } from './specification.js'

export const boom = new Error('boom')

export function sourceOf(plan: SourcePlan, start = 0, failsAt = Infinity): Observable<number> {
  const items = itemsOf(plan, start)
  function* checked(): Generator<number, void> {
    for (const [i, item] of items.entries()) {
      if (i === failsAt) throw boom
      yield item
    }
    if (failsAt !== Infinity) throw boom
  }
  switch (plan.source) {
    case 'iterable':
      return fromIterable({ [Symbol.iterator]: checked })
    case 'async iterable':
      return fromIterable({ [Symbol.asyncIterator]: () => later(checked()) })
    case 'channel':
      return fromChannel(checked, 0)
    case 'buffered channel':
      return fromChannel(checked, 3)
    case 'goroutine':
      return fromGoroutine<number>(function* (emit) {
        for (const item of checked()) yield* emit.send(item)
      })
    case 'slow':
      return fromGoroutine<number>(function* (emit) {
        for (const item of checked()) {
          yield* sleep(2)
          yield* emit.send(item)
        }
      })
    case 'operations':
      return fromIterable({ [Symbol.iterator]: checked }).pipe(concatMap((item) => fromOp(() => sleep(0).map(() => item))))
    case 'foreign':
      return from({ [Symbol.iterator]: checked })
    case 'shared':
      return fromIterable({ [Symbol.iterator]: checked }).pipe(share())
  }
}

async function* later(items: Iterable<number>): AsyncGenerator<number, void> {
  for (const item of items) {
    await Promise.resolve()
    yield item
  }
}

/** A cold source over a channel that a goroutine fills. */
const fromChannel = (items: () => Iterable<number>, capacity: number): Observable<number> =>
  defer(() => {
    const ch = chan<number>(capacity)
    const filling = go(function* () {
      try {
        for (const item of items()) yield* ch.send(item)
        ch.close()
      } catch (cause) {
        ch.close(cause)
      }
    })
    return fromReceiver(ch).pipe(finallyCancel(() => filling.cancel()))
  })

/** As RxJS's finalize, with a name that says what for. */
const finallyCancel =
  (cancel: () => void) =>
  (source: Observable<number>): Observable<number> =>
    new (source.constructor as typeof Observable)((subscriber) => {
      subscriber.add(cancel)
      subscriber.add(source.subscribe(subscriber))
    })

/** The work on an item: results in the item after `ms`. */
function workOf(kind: WorkKind, ms: number): (item: number) => unknown {
  switch (kind) {
    case 'value':
      return (item) => item
    case 'promise':
      return (item) => Promise.resolve(item)
    case 'async':
      return async (item) => {
        await sleep(ms)
        return item
      }
    case 'operation':
      return (item) => sleep(ms).map(() => item)
    case 'generator':
      return function* (item) {
        yield* sleep((item * 5) % (ms + 1))
        return item
      }
    case 'observable':
      return (item) => fromOp(() => sleep(ms).map(() => item))
    case 'foreign':
      return (item) => of(item)
  }
}

const twice = (item: number): Observable<number> => fromIterable([item, item])
const flat = concatMap((items: readonly number[]) => fromIterable(items))

export function stageOf(plan: StagePlan): OperatorFunction<number, number> {
  switch (plan.stage) {
    case 'named':
      return named('part')
    case 'meter':
      return meter('meter')
    case 'relay':
      return relay()
    case 'withContext':
      return withContext(background)
    case 'until':
      return until(chan<void>())
    case 'map':
      return map((n) => n + 1)
    case 'tap':
      return tap()
    case 'scan':
      return scan((sum, n) => sum + n, 0)
    case 'skip':
      return skip(1)
    case 'filter':
      return filter((n) => n % 2 === 0)
    case 'share':
      return share()
    case 'defer':
      return (source) => defer(() => source)
    case 'startWith':
      return startWith(-1)
    case 'distinctUntilChanged':
      return distinctUntilChanged()
    case 'pairwise':
      return (source) => source.pipe(pairwise(), map(([a, b]) => b - a)) // prettier-ignore
    case 'concatMap':
      return concatMap(twice)
    case 'mergeMap':
      return mergeMap(twice)
    case 'mergeMap 2':
      return mergeMap(twice, 2)
    case 'filter, mergeMap':
      return (source) => source.pipe(filter((n) => n % 2 === 0), mergeMap((n) => fromOp(() => sleep(1).map(() => n)))) // prettier-ignore
    case 'bufferCount':
      return (source) => source.pipe(bufferCount(3), flat)
    case 'groupBy, mergeMap':
      return (source) => source.pipe(groupBy((n) => n % 3), mergeMap((group) => group)) // prettier-ignore
    case 'repeatWith':
      return repeatWith(({ attempts }) => (attempts < 2 ? 3 : null))
    case 'retryWith':
      return retryWith(() => null)
    case 'workerPool':
      return workerPool(plan.n, workOf(plan.work, plan.ms) as (n: number) => number, { ordered: plan.ordered })
    case 'byKey':
      return byKey((n) => n % 3, plan.n, workOf(plan.work, plan.ms) as (n: number) => number)
    case 'batch':
      return (source) => source.pipe(batch({ size: plan.n }), flat)
    case 'windowsByCount':
      return (source) => source.pipe(windowsByCount({ size: plan.n }), flat)
    case 'queue':
      return queue(plan.n)
    case 'merge':
      return (source) => merge(source, sourceOf(plan.other, OTHER))
    case 'mergeFair':
      return (source) => mergeFair(source, sourceOf(plan.other, OTHER))
    case 'concat':
      return (source) => concat(source, sourceOf(plan.other, OTHER))
    case 'zipBounded':
      return (source) => zipBounded(source, sourceOf(plan.other, OTHER)).pipe(map(([n]) => n))
    case 'fanOut':
      return fanOut(plan.branches.length, (branch, i) => pipe(branch, plan.branches[i]))
    case 'broadcast':
      return broadcast(...plan.branches.map((stages) => (branch: Observable<number>) => pipe(branch, stages)))
    case 'groupByKey':
      return groupByKey((n) => keyOf(n, plan.branches.length), (group, key) => pipe(group, plan.branches[key])) // prettier-ignore
  }
}

export const pipe = (source: Observable<number>, stages: readonly StagePlan[]): Observable<number> =>
  stages.reduce((above, stage) => stageOf(stage)(above), source)
