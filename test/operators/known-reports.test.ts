/**
 * Pipelines from public bug reports of other libraries, at which those hung, lost items, or lost the error. Each names its
 * report.
 */
import { background, chan, go, sleep } from 'millrace'
import {
  batch,
  broadcast,
  collect,
  debounce,
  fromGoroutine,
  fromIterable,
  fromOp,
  fromReceiver,
  groupByKey,
  queue,
  retryWith,
  workerPool,
  zipBounded,
} from 'millrace/operators'
import { bubble } from 'millrace/testing'
import {
  concat,
  concatMap,
  defer,
  EMPTY,
  expand,
  finalize,
  map,
  mergeMap,
  reduce,
  shareReplay,
  switchMap,
  take,
  takeUntil,
  throwError,
  timer,
  type Observable,
} from 'rxjs'
import { describe, expect, it } from 'vitest'

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
const sorted = (items: readonly number[]): number[] => [...items].sort((a, b) => a - b)
const after = <T>(ms: number, item: T): Observable<T> => fromOp(() => sleep(ms).map(() => item))
const endless = (ms: number): Observable<number> =>
  fromGoroutine<number>(function* (emit) {
    for (let i = 0; ; i++) {
      yield* sleep(ms)
      yield* emit.send(i)
    }
  })

function all<T>(pipeline: Observable<T>): Promise<readonly T[]> {
  return bubble(function* () {
    return yield* collect(background, pipeline).join()
  })
}

describe('RxJS', () => {
  it('6682: concatMap goes on where the first inner sources take time and the others none', async () => {
    const pipeline = fromIterable(upTo(2000)).pipe(concatMap((n, i) => (i < 3 ? after(500, n) : fromIterable([n]))))
    expect(await all(pipeline)).toEqual(upTo(2000))
  })
  it('expand over thousands of inner sources ends', async () => {
    const counting = fromIterable([1]).pipe(expand((n) => (n < 2000 ? fromIterable([n + 1]) : EMPTY)))
    expect(await all(counting.pipe(workerPool(2, (n) => n)))).toHaveLength(2000)
  })
  it('switchMap unwinds the goroutines of the inner sources that it leaves', async () => {
    let unwound = 0
    const inner = (n: number): Observable<number> =>
      fromGoroutine<number>(function* (emit) {
        try {
          yield* sleep(n === 2 ? 1 : 50)
          yield* emit.send(n)
        } finally {
          unwound++
        }
      })
    expect(await all(endless(3).pipe(take(3), switchMap(inner)))).toEqual([2])
    expect(unwound).toBe(3)
  })
  it('an error in mergeMap finalizes every inner source that has begun, and no other', async () => {
    let finalized = 0
    const inner = (n: number): Observable<number> =>
      after(n === 3 ? 1 : 3, n).pipe(map((item) => (item === 3 ? fail() : item)), finalize(() => finalized++)) // prettier-ignore
    await expect(all(fromIterable(upTo(10)).pipe(mergeMap(inner, 2)))).rejects.toThrow('fails')
    expect(finalized).toBe(4)
  })
})

describe('Reactor and RxJava', () => {
  it('reactor-core 596: thousands of groups that end with the source', async () => {
    const pipeline = fromIterable(upTo(6000)).pipe(groupByKey((n) => n, (group) => group.pipe(reduce((a, b) => a + b)), { most: 100 })) // prettier-ignore
    expect(sorted(await all(pipeline))).toEqual(upTo(6000))
  })
  it('reactor-core 3442: few groups with concatMap keep the order of each', async () => {
    const items = await all(fromIterable(upTo(344)).pipe(groupByKey((n) => n % 4, (group) => group.pipe(concatMap((n) => after(0, n)))))) // prettier-ignore
    for (const key of upTo(4)) expect(items.filter((n) => n % 4 === key)).toEqual(upTo(344).filter((n) => n % 4 === key))
  })
  it('reactor-core 2138: a group that ends early begins anew, and loses nothing', async () => {
    const part = (group: Observable<number>): Observable<number> => group.pipe(take(3), workerPool(1, (n) => sleep(0).map(() => n))) // prettier-ignore
    expect(sorted(await all(fromIterable(upTo(300)).pipe(groupByKey((n) => n % 4, part))))).toEqual(upTo(300))
  })
  it('RxJava 6982: groups that end by time, above a queue', async () => {
    const items = await all(endless(1).pipe(take(200), groupByKey((n) => n % 4, (group) => group.pipe(takeUntil(timer(50)), queue(4))))) // prettier-ignore
    expect(new Set(items).size).toBe(items.length)
    expect(items.length).toBeGreaterThan(150)
  })
  it('RxJava 6185: two subscribers of one replay', () =>
    bubble(function* () {
      const shared = fromIterable([1]).pipe(shareReplay(1))
      const both = [collect(background, shared), collect(background, shared)]
      for (const one of both) expect(yield* one.join()).toEqual([1])
    }))
  it('a retry below a batch sees no item of the round before', async () => {
    let rounds = 0
    const source = defer(() => concat(fromIterable([1, 2, 3]), rounds++ === 0 ? throwError(() => new Error('first')) : EMPTY))
    const retried = source.pipe(
      batch({ size: 10 }),
      retryWith(({ attempts }) => (attempts < 3 ? 0 : null)),
    )
    expect((await all(retried)).at(-1)).toEqual([1, 2, 3])
  })
})

describe('Akka Streams, Kotlin Flow, Node, xstream', () => {
  it('akka 24370: the failure of a group releases the source', async () => {
    let isReleased = false
    const source = endless(1).pipe(finalize(() => (isReleased = true)))
    const pipeline = source.pipe(groupByKey((n) => n % 10, (group) => group.pipe(map((n) => (n === 10 ? fail() : n))))) // prettier-ignore
    await expect(all(pipeline)).rejects.toThrow('fails')
    expect(isReleased).toBe(true)
  })
  it('akka: a branch that takes one item stops no other', async () => {
    const one = (b: Observable<number>): Observable<number> => b.pipe(take(1))
    expect(await all(fromIterable(upTo(20)).pipe(broadcast(one, (b: Observable<number>) => b)))).toHaveLength(21)
  })
  it('kotlin-flow-extensions 29: take(1) below a queue ends while its source is idle', () =>
    bubble(function* () {
      const ch = chan<number>()
      go(() => ch.send(1))
      expect(yield* collect(background, fromReceiver(ch).pipe(queue(10), take(1))).join()).toEqual([1])
    }))
  it('node 33792: the error of an async generator is the error of the pipeline', async () => {
    async function* fails(): AsyncGenerator<number> {
      yield await Promise.resolve(1)
      fail()
    }
    await expect(all(fromIterable(fails()).pipe(workerPool(1, (n) => n)))).rejects.toThrow('fails')
  })
  it('xstream 257: debounce emits the item that waits when its source completes', async () => {
    expect(await all(fromIterable([1, 2]).pipe(debounce(20)))).toEqual([2])
  })
  it('a zip ends with its shorter source, and releases the endless one', async () => {
    let isReleased = false
    const forever = endless(1).pipe(finalize(() => (isReleased = true)))
    expect(await all(zipBounded(fromIterable(upTo(3)), forever))).toEqual([[0, 0], [1, 1], [2, 2]]) // prettier-ignore
    expect(isReleased).toBe(true)
  })
})

function fail(): never {
  throw new Error('fails')
}
