// A loop that never has to wait yields to the host all the same, and can be canceled. The loops are bounded, so that a fault fails.
import {
  all,
  background,
  chan,
  go,
  gosched,
  mapConcurrent,
  mutex,
  never,
  onceValue,
  rateLimiter,
  scope,
  select,
  semaphore,
  singleflight,
  syncMap,
  timeout,
  waitGroup,
  withCancel,
  withRetry,
  type Goroutine,
  type Job,
  type Op,
} from 'millrace'
import {
  batch,
  broadcast,
  conflate,
  debounce,
  fromGoroutine,
  fromIterable,
  fromSelect,
  groupByKey,
  mergeFair,
  repeatWith,
  retryWith,
  run,
  throttle,
  windowsByCount,
  workerPool,
} from 'millrace/operators'
import { filter, repeat, retry, take, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { hostTurn } from '../support/settle.js'

const ROUNDS = 1_000_000

const ended = withCancel(background)
ended.cancel()
const closed = chan<number>()
closed.close()
const [pair, lock, permits, flights, group] = [chan<number>(1), mutex(), semaphore(1), singleflight<string, number>(), waitGroup()]
const [succeeded, failed, stored] = [onceValue(() => 1), onceValue(() => Promise.reject(new Error('fails'))), syncMap<string, number>()]
stored.store('key', 1)
const unlimited = rateLimiter(Infinity, 1)

function* nothing(): Generator<never, void> {}

const waits: Readonly<Record<string, () => Op<unknown> | Job<unknown>>> = {
  'onceValue that has succeeded': succeeded,
  'onceValue that has failed': failed,
  'loadOrCompute of a stored key': () => stored.loadOrCompute('key', () => 2),
  'a job within a context that has ended': () => all([nothing]).within(ended),
  'all under it': () => all(ended, [nothing]),
  'scope under it': () => scope(ended, nothing),
  'mapConcurrent under it': () => mapConcurrent([1], 1, nothing, { ctx: ended }),
  'withRetry under it': () => withRetry(() => 0, nothing, { ctx: ended }),
  'a wait within it': () => never().within(ended),
  'a timeout of 0 ms': () => never().timeout(0),
  gosched,
  'a closed channel': () => closed.receive(),
  'select of a send and a receive': () => select([pair.send(1), pair.receive()]),
  'a free lock': () => lock.lock().map((guard) => guard[Symbol.dispose]()),
  'a free permit': () => permits.acquire().map((guard) => guard[Symbol.dispose]()),
  'a limiter without a limit': () => unlimited.wait(),
  'a wait group at 0': () => group.wait(),
  singleflight: () => flights.do('key', () => 1),
  'all of functions': () => all([() => 1, () => 2]),
  'timeout of a function': () => timeout(1000, () => 1),
  'a goroutine that ends': () => go(nothing).join(),
}

function* numbers(): Generator<number, void> {
  for (let i = 0; i < ROUNDS; i++) yield i
}
const many = fromIterable({ [Symbol.iterator]: numbers })
const failing = fromIterable<number>({
  [Symbol.iterator]() {
    throw new Error('fails')
  },
})
const pipelines: Readonly<Record<string, Observable<unknown>>> = {
  'a filter that drops everything': many.pipe(filter(() => false)),
  'a goroutine that sends': fromGoroutine<number>(function* (emit) {
    for (const i of numbers()) yield* emit.send(i)
  }).pipe(filter(() => false)),
  'fromSelect over ready cases': fromSelect(() => ({ tick: gosched() })),
  'an async iterator': fromIterable((async function* () {
    for (const i of numbers()) yield await Promise.resolve(i)
  })()), // prettier-ignore
  workerPool: many.pipe(workerPool(2, (n) => n)),
  'workerPool with promises': many.pipe(workerPool(2, (n) => Promise.resolve(n))),
  'work that fails and is skipped': many.pipe(
    workerPool(
      1,
      () => {
        throw new Error('fails')
      },
      { onFailure: 'skip' },
    ),
  ),
  'work that begins anew': many.pipe(workerPool(1, () => { throw new Error('fails') }, { onFailure: 'restart', schedule: () => 0 })), // prettier-ignore
  batch: many.pipe(batch({ size: 3 })),
  windowsByCount: many.pipe(windowsByCount({ size: 3, every: 1 })),
  groupByKey: many.pipe(groupByKey((n) => n % 5, (items) => items)), // prettier-ignore
  'groups that end': many.pipe(groupByKey((n) => n, (items) => items.pipe(take(1)), { most: 9 })), // prettier-ignore
  broadcast: many.pipe(broadcast((branch) => branch, (branch) => branch)), // prettier-ignore
  mergeFair: mergeFair(many, many),
  debounce: many.pipe(debounce(1)),
  throttle: many.pipe(throttle(1)),
  conflate: many.pipe(conflate()),
  'work that is a source': many.pipe(workerPool(1, (n) => fromIterable([n]))),
  'retry of RxJS': failing.pipe(retry(ROUNDS)),
  'repeat of RxJS': fromIterable([1]).pipe(repeat(ROUNDS)),
  retryWith: failing.pipe(retryWith(() => 0)),
  repeatWith: fromIterable([1]).pipe(repeatWith(() => 0)),
}

async function canceled(looping: Goroutine<unknown>): Promise<void> {
  for (let turns = 0; turns < 2; turns++) await hostTurn()
  looping.cancel()
  await expect(looping.join()).rejects.toThrow('context canceled')
}

describe.each(Object.entries(waits))('a loop over %s', (_, make) => {
  it('yields to the host, and is canceled', async () => {
    await make().attempt()
    await canceled(
      go(function* () {
        for (let i = 0; i < ROUNDS; i++) yield* make().attempt()
      }),
    )
  })
})

describe.each(Object.entries(pipelines))('a pipeline with %s', (_, pipeline) => {
  it('yields to the host, and is canceled', () => canceled(run(background, pipeline)))
})
