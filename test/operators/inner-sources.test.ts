/**
 * concatMap and mergeMap(f, n) over sources of millrace: the results and the speed of RxJS, a warning where items pile up inside them, and no
 * warning where they do not.
 */
import { background, chan, go, sleep, type Receiver } from 'millrace'
import { fromGoroutine, fromIterable, fromReceiver, onUnpaced, run, workerPool, type Unpaced } from 'millrace/operators'
import {
  concat,
  concatMap,
  exhaustMap,
  filter,
  from,
  lastValueFrom,
  mergeMap,
  switchMap,
  take,
  tap,
  toArray,
  type Observable,
  type OperatorFunction,
} from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const OUTER = 2000
const INNER = 20
const PILED = 'items pile up inside an operator while inner sources run'

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
const innerItems = (i: number): number[] => numbers(INNER).map((j) => INNER * i + j)

async function* later(items: Iterable<number>): AsyncGenerator<number> {
  for (const item of items) {
    await Promise.resolve()
    yield item
  }
}

function* endless(i: number): Generator<number> {
  for (let j = 0; ; j++) yield INNER * i + j
}

const inners: Record<string, (i: number) => Observable<number>> = {
  fromIterable: (i) => fromIterable(innerItems(i)),
  'fromIterable, async': (i) => fromIterable(later(innerItems(i))),
  fromGoroutine: (i) =>
    fromGoroutine<number>(function* (emit) {
      for (const item of innerItems(i)) yield* emit.send(item)
    }),
  fromReceiver: (i) => fromReceiver(channelOf(innerItems(i))),
  'one with take': (i) => fromIterable(endless(i)).pipe(take(INNER)),
  concat: (i) => concat(fromIterable(innerItems(i).slice(0, -1)), fromIterable(innerItems(i).slice(-1))),
  'a pool': (i) => fromIterable(innerItems(i)).pipe(workerPool(1, (item) => Promise.resolve(item))),
}

async function seenDuring(f: () => Promise<void>): Promise<Unpaced[]> {
  const seen: Unpaced[] = []
  const off = onUnpaced((unpaced) => seen.push(unpaced))
  await f()
  off()
  return seen
}

function channelOf(items: Iterable<number>): Receiver<number> {
  const ch = chan<number>()
  go(function* () {
    for (const item of items) yield* ch.send(item)
    ch.close()
  })
  return ch
}

type Flatten = (f: (i: number) => Observable<number>) => OperatorFunction<number, number>
const flattened: [name: string, flatten: Flatten, isOrdered: boolean][] = [
  ['concatMap', (f) => concatMap(f), true],
  ['mergeMap(f, 2)', (f) => mergeMap(f, 2), false],
  ['mergeMap(f, 4)', (f) => mergeMap(f, 4), false],
]
const works: [name: string, work: (i: number) => number | Promise<number>][] = [
  ['sync', (i) => i],
  ['async', (i) => Promise.resolve(i)],
]

const inOrder = (items: readonly number[], isOrdered: boolean): number[] => (isOrdered ? [...items] : [...items].sort((a, b) => a - b))

describe.each(flattened)('%s onto sources of millrace', (_, flatten, isOrdered) => {
  /** What RxJS alone makes of the same items. */
  const oracle = lastValueFrom(from(numbers(OUTER)).pipe(flatten((i) => from(innerItems(i))), toArray())) // prettier-ignore

  describe.each(works)('into a pool of %s work', (__, work) => {
    it.each(Object.keys(inners))('%s: the results of RxJS, and the pile-up is reported once', async (kind) => {
      const results: number[] = []
      const seen = await seenDuring(async () => {
        const pipeline = fromIterable(numbers(OUTER)).pipe(
          flatten(inners[kind]),
          workerPool(5, work),
          tap((item) => results.push(item)),
        )
        await run(background, pipeline).join()
      })
      expect(inOrder(results, isOrdered)).toEqual(inOrder(await oracle, isOrdered))
      expect(seen.map(({ stage, seen }) => [stage, seen])).toEqual([['workerPool', PILED]])
    })
  })

  it('with a stage as the outer source', async () => {
    const results: number[] = []
    const seen = await seenDuring(async () => {
      const pipeline = fromIterable(numbers(OUTER)).pipe(
        workerPool(2, (i) => Promise.resolve(i), { name: 'above' }),
        flatten(inners.fromIterable),
        workerPool(5, (i) => Promise.resolve(i), { name: 'below' }),
        tap((item) => results.push(item)),
      )
      await run(background, pipeline).join()
    })
    expect(inOrder(results, isOrdered)).toEqual(inOrder(await oracle, isOrdered))
    expect(seen.map(({ stage, seen }) => [stage, seen])).toEqual([['below', PILED]])
  })

  it('without a stage below: the run reports the pile-up', async () => {
    const results: number[] = []
    const seen = await seenDuring(async () => {
      const pipeline = fromIterable(numbers(OUTER)).pipe(
        flatten(inners['fromIterable, async']),
        tap((item) => results.push(item)),
      )
      await run(background, pipeline).join()
    })
    expect(inOrder(results, isOrdered)).toEqual(inOrder(await oracle, isOrdered))
    expect(seen.map(({ stage, seen }) => [stage, seen])).toEqual([['run', PILED]])
  })
})

describe('the warning', () => {
  const seenFor = (outer: number, inner: (i: number) => Observable<number>, most?: number): Promise<Unpaced[]> =>
    seenDuring(async () => {
      using clock = virtualTime()
      const subscription = fromIterable(numbers(outer)).pipe(mergeMap(inner, most), workerPool(5, (i) => i)).subscribe() // prettier-ignore
      for (let i = 0; i < 5; i++) await clock.advance(1)
      subscription.unsubscribe()
    })

  it('says how many items pile up, where, and what to use', async () => {
    const [{ message }] = await seenFor(OUTER, (i) => fromIterable([i]), 1)
    const count =
      /^millrace: above stage "workerPool" about (\d+) items pile up .*concatMap and mergeMap\(f, n\).*Use workerPool\(n, f\)/.exec(
        message,
      )?.[1]
    expect(Number(count)).toBeGreaterThanOrEqual(1000)
    expect(Number(count)).toBeLessThan(OUTER)
  })
  it('comes at 10,000 items where no inner source ends, not below', async () => {
    const never = (): Observable<number> => fromReceiver(chan<number>())
    expect(await seenFor(10_000, never, 1)).toEqual([])
    expect((await seenFor(10_001, never, 1)).map((unpaced) => unpaced.seen)).toEqual([PILED])
  })
  it('comes at 1,000 items where an inner source begins as another one ends, not below', async () => {
    const short = (i: number): Observable<number> => fromReceiver(closedSoon()).pipe(filter(() => i < 0))
    expect(await seenFor(1000, short, 1)).toEqual([])
    expect((await seenFor(1001, short, 1)).map((unpaced) => unpaced.seen)).toEqual([PILED])
  })
  it('does not come where each item leads to a source at once', async () => {
    expect(await seenFor(20_000, (i) => fromIterable([i]))).toEqual([])
    expect(await seenFor(20_000, (i) => concat(fromIterable([i]), fromIterable([i])))).toEqual([])
  })
  it('does not come where the operator keeps nothing after a filter has dropped items', async () => {
    const seen = await seenDuring(async () => {
      const pipeline = fromIterable(numbers(50_000)).pipe(
        filter((i) => i % 5000 === 0),
        mergeMap(() => fromReceiver(closedSoon())),
        workerPool(5, (i) => i),
      )
      await run(background, pipeline).join()
    })
    expect(seen).toEqual([])
  })
})

/** Closed when all that is ready now has run. */
function closedSoon(): Receiver<never> {
  const ch = chan<never>()
  void settle().then(() => ch.close())
  return ch
}

describe('is not slowed down', () => {
  /** ms of virtual time until the pipeline completes. */
  async function timeOf(make: () => Observable<unknown>): Promise<number> {
    using clock = virtualTime()
    let end = NaN
    const began = clock.now()
    make().subscribe({ complete: () => (end = clock.now() - began) })
    for (let i = 0; i < 2000 && Number.isNaN(end); i++) await clock.advance(10)
    return end
  }

  it('a filter above mergeMap(f, 3): 20 of 200 items, 60 ms each, take 420 ms, as with RxJS alone', async () => {
    const inner = (): Observable<number> =>
      fromGoroutine<number>(function* (emit) {
        yield* sleep(60)
        yield* emit.send(1)
      })
    const tenth = filter((i: number) => i % 10 === 0)
    const ours = await timeOf(() => fromIterable(numbers(200)).pipe(tenth, mergeMap(inner, 3), workerPool(5, (i) => i))) // prettier-ignore
    expect(ours).toBe(420)
    expect(await timeOf(() => fromIterable(numbers(200)).pipe(tenth, workerPool(3, inner)))).toBe(420)
  })

  it('switchMap, whose every item leads to a source', async () => {
    const seen: number[] = []
    await run(background, fromIterable([1, 2, 3]).pipe(switchMap((i) => fromIterable([i, -i])), tap((i) => seen.push(i)))).join() // prettier-ignore
    expect(seen.slice(-2)).toEqual([3, -3])
  })

  it('mergeMap onto sources that never end, behind a filter', async () => {
    using clock = virtualTime()
    const connections = chan<number>()
    const accepted: number[] = []
    const subscription = fromReceiver(connections)
      .pipe(
        filter((i) => i % 2 === 0),
        mergeMap((i) => {
          accepted.push(i)
          return fromReceiver(chan<number>())
        }),
        workerPool(5, (i) => i),
      )
      .subscribe()
    go(function* () {
      for (let i = 0; i < 100; i++) yield* connections.send(i)
    })
    await clock.advance(0)
    expect(accepted).toHaveLength(50)
    subscription.unsubscribe()
    expect(clock.waiting).toBe(0)
  })

  it.each([
    [false, [PILED]],
    [true, []],
  ])('a filter that lets one in a million pass, beside a source that never ends; sparse: %s', async (sparse, warnings) => {
    const accepted: number[] = []
    const seen = await seenDuring(async () => {
      const subscription = fromIterable(endless(0))
        .pipe(
          take(1_000_001),
          filter((i) => i % 1_000_000 === 0),
          mergeMap((i) => {
            accepted.push(i)
            return fromReceiver(chan<number>())
          }),
          workerPool(5, (i) => i, { sparse }),
        )
        .subscribe()
      while (accepted.length < 2) await settle()
      subscription.unsubscribe()
    })
    expect(accepted).toEqual([0, 1_000_000])
    expect(seen.map((unpaced) => unpaced.seen)).toEqual(warnings)
  })

  it('exhaustMap goes on when its inner source has ended', async () => {
    const seen: number[] = []
    await run(background, fromIterable([1, 2, 3, 4, 5]).pipe(exhaustMap((i) => fromIterable([i, i])), tap((i) => seen.push(i)))).join() // prettier-ignore
    expect(seen.slice(0, 2)).toEqual([1, 1])
    expect(seen.length).toBeGreaterThanOrEqual(2)
  })
})
