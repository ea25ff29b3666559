/**
 * The matrix of shapes: for 20,000 items and a pool of 5, what may be between the source and the pool, the bound that holds, and the most that
 * was ever between them. A shape that ignores backpressure is detected, with the message that names the stage.
 */
import { background, chan, go, rateLimiter, type Receiver, type Sender } from 'millrace'
import {
  collect,
  decode,
  fromGoroutine,
  fromIterable,
  fromOp,
  fromReceiver,
  fromSelect,
  onUnpaced,
  pausable,
  pauseControls,
  prioritize,
  progress,
  rateLimit,
  relay,
  retryEach,
  run,
  tee,
  timeoutEach,
  until,
  workerPool,
  type Unpaced,
} from 'millrace/operators'
import {
  asyncScheduler,
  bufferCount,
  concat,
  concatMap,
  defer,
  delay,
  EMPTY,
  filter,
  from,
  fromEvent,
  groupBy,
  map,
  merge,
  mergeAll,
  mergeMap,
  NEVER,
  type Observable,
  observeOn,
  repeat,
  retry,
  scan,
  share,
  shareReplay,
  startWith,
  Subject,
  subscribeOn,
  switchMap,
  take,
  takeUntil,
  tap,
  throwError,
  timer,
  toArray,
  zip,
} from 'rxjs'
import { settle } from '../support/settle.js'
import { afterAll, describe, expect, it } from 'vitest'

const ITEMS = 20_000
const POOL = 5

/** Counts what is between a source and the end of the pool. */
class Between {
  made = 0
  done = 0
  most = 0;

  *items(n: number): Generator<number> {
    for (let i = 0; i < n; i++) yield this.count(i)
  }

  count(item: number): number {
    this.made++
    this.most = Math.max(this.most, this.made - this.done)
    return item
  }

  pool = workerPool(POOL, async (item: number | number[]) => {
    await Promise.resolve()
    this.done += Array.isArray(item) ? item.length : 1
    return item
  })
}

interface Shape {
  readonly name: string
  /** The most items that may be between source and results. */
  readonly bound: number
  make(between: Between): Observable<number | number[]>
  readonly items?: number
}

function channelOf(items: Iterable<number>, capacity: number): Receiver<number> {
  const ch = chan<number>(capacity)
  go(function* () {
    for (const item of items) yield* ch.send(item)
    ch.close()
  })
  return ch
}

const failsThenGoesOn = (between: Between): Observable<number> => {
  let tries = 0
  return defer(() => concat(fromIterable(between.items(ITEMS / 4)), tries++ < 3 ? throwError(() => new Error('again')) : EMPTY))
}

const bounded: Shape[] = [
  { name: 'fromIterable', bound: POOL, make: (b) => fromIterable(b.items(ITEMS)) },
  {
    name: 'fromIterable, async',
    bound: POOL + 1,
    make: (b) =>
      fromIterable(
        (async function* () {
          yield* b.items(ITEMS)
        })(),
      ),
  },
  {
    name: 'fromReceiver, unbuffered',
    bound: POOL + 1,
    make: (b) => fromReceiver(channelOf(b.items(ITEMS), 0)),
  },
  {
    name: 'fromReceiver, capacity 16',
    bound: POOL + 1 + 16,
    make: (b) => fromReceiver(channelOf(b.items(ITEMS), 16)),
  },
  {
    name: 'fromGoroutine',
    bound: POOL + 1,
    make: (b) =>
      fromGoroutine<number>(function* (emit) {
        for (const item of b.items(ITEMS)) yield* emit.send(item)
      }),
  },
  {
    name: 'fromSelect',
    bound: POOL + 1,
    make(b) {
      const items = b.items(ITEMS)
      const ready = chan<number>(1)
      return fromSelect(() => {
        const next = items.next()
        if (next.done === true) return null
        ready.trySend(next.value)
        return { item: ready.receive() }
      }).pipe(map(({ value }) => (value._tag === 'Some' ? value.value : -1)))
    },
  },
  { name: 'fromOp, repeated', bound: POOL, make: (b) => fromOp(() => chanOf(b)).pipe(repeat(ITEMS)) },
  {
    name: 'map, filter, scan, tap',
    bound: POOL,
    make: (b) =>
      fromIterable(b.items(ITEMS)).pipe(
        map((i) => i + 1),
        filter(() => true),
        scan((_, i) => i),
        tap(),
      ),
  },
  { name: 'take', bound: POOL, items: ITEMS / 2, make: (b) => fromIterable(b.items(ITEMS)).pipe(take(ITEMS / 2)) },
  { name: 'defer', bound: POOL, make: (b) => defer(() => fromIterable(b.items(ITEMS))) },
  { name: 'bufferCount(4)', bound: 4 * POOL, items: ITEMS / 4, make: (b) => fromIterable(b.items(ITEMS)).pipe(bufferCount(4)) },
  {
    name: 'groupBy, mergeAll',
    bound: POOL,
    make: (b) =>
      fromIterable(b.items(ITEMS)).pipe(
        groupBy((i) => i % 7),
        mergeAll(),
      ),
  },
  {
    name: 'zip of two that are as fast',
    bound: 2 * (POOL + 64 + 2),
    items: ITEMS / 2,
    make: (b) => zip(fromIterable(b.items(ITEMS / 2)), fromIterable(b.items(ITEMS / 2))),
  },
  {
    name: 'a timer beside',
    bound: POOL,
    make: (b) =>
      merge(fromIterable(b.items(ITEMS)), timer(0)).pipe(
        filter((i, n) => n > 0 || i >= 0),
        take(ITEMS),
      ),
  },
  { name: 'merge of four', bound: POOL + 4, make: (b) => merge(...[1, 2, 3, 4].map(() => fromIterable(b.items(ITEMS / 4)))) },
  {
    name: 'interop: from() of an Observable of ours',
    bound: POOL,
    make: (b) => from({ [Symbol.observable ?? '@@observable']: () => fromIterable(b.items(ITEMS)) } as unknown as Observable<number>),
  },
  { name: 'concat', bound: POOL, make: (b) => concat(fromIterable(b.items(ITEMS / 2)), fromIterable(b.items(ITEMS / 2))) },
  {
    name: 'concat after a foreign one',
    bound: POOL,
    items: ITEMS + 1,
    make: (b) => fromIterable(b.items(ITEMS)).pipe(startWith(b.count(0))),
  },
  {
    name: 'mergeMap onto sources of ours',
    bound: POOL + 4,
    make: (b) => fromIterable([1, 2, 3, 4]).pipe(mergeMap(() => fromIterable(b.items(ITEMS / 4)))),
  },
  {
    name: 'concatMap onto sources of ours',
    bound: POOL,
    make: (b) => fromIterable([1, 2, 3, 4]).pipe(concatMap(() => fromIterable(b.items(ITEMS / 4)))),
  },
  {
    name: 'switchMap onto sources of ours',
    bound: POOL,
    make: (b) => fromIterable([1]).pipe(switchMap(() => fromIterable(b.items(ITEMS)))),
  },
  { name: 'synchronous retry', bound: POOL, make: (b) => failsThenGoesOn(b).pipe(retry(3)) },
  { name: 'synchronous repeat', bound: POOL, make: (b) => defer(() => fromIterable(b.items(ITEMS / 4))).pipe(repeat(4)) },
  {
    name: 'timer, relay, switchMap',
    bound: POOL,
    make: (b) =>
      from(Promise.resolve(1)).pipe(
        relay(),
        switchMap(() => fromIterable(b.items(ITEMS))),
      ),
  },
  {
    name: 'timer, relay, concatMap',
    bound: POOL,
    make: (b) =>
      from(Promise.resolve(1)).pipe(
        relay(),
        concatMap(() => fromIterable(b.items(ITEMS))),
      ),
  },
  { name: 'a pool above the pool', bound: POOL + 3, make: (b) => fromIterable(b.items(ITEMS)).pipe(workerPool(3, async (i) => i)) },
  {
    name: 'an ordered pool above the pool',
    bound: POOL + 3,
    make: (b) => fromIterable(b.items(ITEMS)).pipe(workerPool(3, async (i) => i, { ordered: true })),
  },
  {
    name: 'a keyed rateLimit above the pool',
    bound: POOL + 4,
    make: (b) => fromIterable(b.items(ITEMS)).pipe(rateLimit(() => rateLimiter(Infinity, 1), { by: (i) => i % 3, waiting: 4 })),
  },
  {
    name: 'prioritize above the pool',
    bound: POOL + 4,
    make: (b) => fromIterable(b.items(ITEMS)).pipe(prioritize((i) => i % 3, { size: 4 })),
  },
  {
    name: 'pausable, progress, timeoutEach above the pool',
    bound: POOL + 1,
    make: (b) =>
      fromIterable(b.items(ITEMS)).pipe(
        pausable(pauseControls()),
        progress(() => {}),
        timeoutEach(10_000),
      ),
  },
  {
    name: 'tee to a slower pool above the pool',
    bound: POOL + 2,
    make: (b) => fromIterable(b.items(ITEMS)).pipe(tee(workerPool(1, async (i) => i))),
  },
  {
    name: 'an adaptive pool above the pool',
    bound: POOL + 3,
    make: (b) => fromIterable(b.items(ITEMS)).pipe(workerPool({ min: 1, max: 3, by: 'latency' }, async (i) => i)),
  },
  {
    name: 'a pool with retryEach above the pool',
    bound: POOL + 3,
    make: (b) =>
      fromIterable(b.items(ITEMS)).pipe(
        workerPool(3, async (i) => i),
        retryEach(() => 1),
      ),
  },
  {
    name: 'decode above the pool',
    bound: POOL + 1,
    make: (b) =>
      fromIterable(b.items(ITEMS)).pipe(
        decode({ '~standard': { version: 1, vendor: 'test', validate: async (value) => Promise.resolve({ value: value as number }) } }),
      ),
  },
  {
    name: 'a pool of pipelines above the pool',
    bound: POOL + 2 * 3,
    make: (b) => fromIterable(b.items(ITEMS)).pipe(workerPool(3, (i) => fromIterable([i]))),
  },
  {
    name: 'a worker that runs a pipeline of ours',
    bound: 2 * POOL,
    make: (b) =>
      fromIterable(b.items(ITEMS / 10)).pipe(
        workerPool(POOL, async (i) => {
          const [j] = await collect(background, fromIterable([i, i]).pipe(workerPool(1, (k) => k))).join()
          return j // two went in
        }),
      ),
    items: ITEMS / 10,
  },
]

interface Foreign {
  readonly name: string
  readonly seen: Unpaced['seen']
  make(between: Between): Observable<number | number[]>
  /** Results, where that is not the number of items. */
  readonly items?: number
}

const CLOSED = 'arrival while the demand is closed'
const LATE = 'arrival outside the turn of a source that claimed the demand'
const MISSING = 'many items in a row were emitted above, and none arrived'
const PILED = 'items pile up inside an operator while inner sources run'
const STOP = 'an item that had waited for demand ended the source'

/** Outer items, each of which leads to an inner source. */
const OUTER = Array.from({ length: 2000 }, (_, i) => i)

const detected: Foreign[] = [
  { name: 'from(array)', seen: CLOSED, make: (b) => from(b.items(ITEMS)) },
  {
    name: 'a Subject',
    seen: CLOSED,
    make(b) {
      const subject = new Subject<number>()
      return defer(() => {
        queueMicrotask(() => {
          for (const item of b.items(ITEMS)) subject.next(item)
          subject.complete()
        })
        return subject
      })
    },
  },
  {
    name: 'timer, switchMap without relay',
    seen: CLOSED,
    make: (b) => timer(0).pipe(switchMap(() => fromIterable(b.items(ITEMS)))),
  },
  {
    name: 'observeOn',
    seen: LATE,
    make: (b) => fromIterable(b.items(ITEMS)).pipe(observeOn(asyncScheduler)),
  },
  {
    name: 'delay',
    seen: LATE,
    make: (b) => fromIterable(b.items(ITEMS)).pipe(delay(0)),
  },
  {
    name: 'async mergeMap',
    seen: LATE,
    make: (b) => fromIterable(b.items(ITEMS)).pipe(mergeMap(async (i) => i)),
  },
  {
    name: 'timer, concatMap without relay',
    seen: CLOSED,
    make: (b) => timer(0).pipe(concatMap(() => fromIterable(b.items(ITEMS)))),
  },
  {
    name: 'fetch, switchMap without relay',
    seen: CLOSED,
    make: (b) => from(Promise.resolve()).pipe(switchMap(() => fromIterable(b.items(ITEMS)))),
  },
  {
    name: 'an event',
    seen: CLOSED,
    make(b) {
      const target = new EventTarget()
      return defer(() => {
        queueMicrotask(() => {
          for (const item of b.items(ITEMS)) target.dispatchEvent(new MessageEvent('item', { data: item }))
        })
        return fromEvent(target, 'item').pipe(
          map((event) => (event as MessageEvent<number>).data),
          take(ITEMS),
        )
      })
    },
  },
  {
    name: 'async concatMap',
    seen: LATE,
    make: (b) => fromIterable(b.items(ITEMS)).pipe(concatMap(async (i) => i)),
  },
  {
    name: 'retry after a delay',
    seen: CLOSED,
    make(b) {
      let tries = 0
      return defer(() => (tries++ === 0 ? throwError(() => 'again') : fromIterable(b.items(ITEMS)))).pipe(retry({ delay: 1 }))
    },
  },
  {
    name: 'repeat after a delay',
    seen: CLOSED,
    make(b) {
      let rounds = 0
      return defer(() => (rounds++ === 0 ? EMPTY : fromIterable(b.items(ITEMS)))).pipe(repeat({ count: 2, delay: 1 }))
    },
  },
  {
    name: 'concatMap, many outer items',
    seen: PILED,
    make: (b) => fromIterable(OUTER).pipe(concatMap(() => fromIterable(b.items(ITEMS / OUTER.length)))),
  },
  {
    name: 'mergeMap(f, 3), many outer items',
    seen: PILED,
    make: (b) => fromIterable(OUTER).pipe(mergeMap(() => fromIterable(b.items(ITEMS / OUTER.length)), 3)),
  },
  {
    name: 'concatMap, many outer items of a channel, and a pool in each',
    seen: PILED,
    make: (b) =>
      fromReceiver(channelOf(OUTER, 16)).pipe(
        concatMap(() => fromIterable(b.items(ITEMS / OUTER.length)).pipe(workerPool(2, (i) => Promise.resolve(i)))),
      ),
  },
  {
    name: 'toArray',
    seen: MISSING,
    items: 1,
    make: (b) => fromIterable(b.items(ITEMS)).pipe(toArray()),
  },
  {
    name: 'zip with a slower one',
    seen: MISSING,
    items: 10,
    make(b) {
      const gate = chan<never>() // opens when the faster one is through
      const faster = function* (): Generator<number> {
        yield* b.items(ITEMS)
        gate.close()
      }
      return zip(fromIterable(faster()), fromOp(() => gate.receive()).pipe(repeat(10))).pipe(map(([item]) => item))
    },
  },
  {
    name: 'subscribeOn',
    seen: CLOSED,
    make: (b) => fromIterable(b.items(ITEMS)).pipe(subscribeOn(asyncScheduler)),
  },
]

const rows: string[] = []
afterAll(() => console.log(['shape | bound | measured', ...rows].join('\n')))

async function results(pipeline: Observable<unknown>): Promise<number> {
  let count = 0
  await run(background, pipeline.pipe(tap(() => count++))).join()
  return count
}

describe(`${ITEMS} items, a pool of ${POOL}`, () => {
  it.each(bounded)('$name: at most $bound between source and results', async ({ name, bound, make, items = ITEMS }) => {
    const unpaced: Unpaced[] = []
    const off = onUnpaced((one) => unpaced.push(one))
    const between = new Between()
    expect(await results(make(between).pipe(between.pool))).toBe(items)
    off()
    rows.push(`${name} | ${bound} | ${between.most}`)
    expect(unpaced).toEqual([])
    expect(between.most).toBeLessThanOrEqual(bound)
  })

  it.each(detected)('$name: detected, nothing lost', async ({ name, seen, make, items = ITEMS }) => {
    const unpaced: Unpaced[] = []
    const off = onUnpaced((one) => unpaced.push(one))
    const between = new Between()
    expect(await results(make(between).pipe(between.pool))).toBe(items)
    off()
    rows.push(`${name} | detected | ${between.most}`)
    expect(unpaced.map((one) => [one.stage, one.seen])).toEqual([['workerPool', seen]])
  })

  it('takeUntil(fromReceiver(stop)) while full: the stop is late, and detected', async () => {
    const unpaced: Unpaced[] = []
    const off = onUnpaced((one) => unpaced.push(one))
    const between = new Between()
    const stop = chan<void>()
    const pipeline = stopAfterHalf(between, stop).pipe(takeUntil(fromReceiver(stop)), between.pool)
    const count = await results(pipeline)
    off()
    rows.push(`takeUntil(fromReceiver(stop)) | detected | ${between.most}`)
    expect(count).toBeGreaterThan(ITEMS / 2) // while full it was not read
    expect(count).toBeLessThan(ITEMS)
    expect(unpaced.map((one) => [one.stage, one.seen])).toEqual([['workerPool', STOP]])
    expect(unpaced[0].message).toMatch(/Use until\(stop\) instead/)
  })

  it('until(stop) while full: does not wait for demand', async () => {
    const between = new Between()
    const stop = chan<void>()
    expect(await results(stopAfterHalf(between, stop).pipe(until(stop), between.pool))).toBeLessThan(ITEMS / 2 + 10 * POOL)
    rows.push(`until(stop) | ${POOL} | ${between.most}`)
    expect(between.most).toBeLessThanOrEqual(POOL)
  })

  it('shareReplay: paced by its first subscriber; when that leaves while full, the others get all from the last on', async () => {
    const off = onUnpaced(() => {})
    const between = new Between()
    const shared = fromIterable(between.items(ITEMS)).pipe(shareReplay(1))
    const first = shared.pipe(workerPool(POOL, () => NEVER)).subscribe()
    await settle()
    expect(between.made).toBe(POOL)
    const second = results(shared.pipe(between.pool))
    await settle()
    expect(between.made).toBe(POOL)
    first.unsubscribe()
    expect(await second).toBe(ITEMS - POOL + 1)
    off()
  })

  it.each([
    ['slow', 'fast', []],
    ['fast', 'slow', ['slow']],
  ])('share: paced by its first subscriber, here the %s one; the %s one is told if it cannot keep up', async (first, second, told) => {
    const unpaced: Unpaced[] = []
    const off = onUnpaced((one) => unpaced.push(one))
    const shared = fromIterable(new Between().items(ITEMS)).pipe(share())
    const consumers: Record<string, () => Promise<number>> = {
      slow: () => results(shared.pipe(workerPool(1, async (i) => i, { name: 'slow' }))),
      fast: () => results(shared.pipe(workerPool(POOL, (i) => i, { name: 'fast' }))),
    }
    expect(await Promise.all([consumers[first](), consumers[second]()])).toEqual([ITEMS, ITEMS])
    off()
    expect(unpaced.map((one) => one.stage)).toEqual(told)
  })

  it('a subscriber that leaves while full starves nobody: share, first one leaves', async () => {
    const off = onUnpaced(() => {})
    const between = new Between()
    const shared = fromIterable(between.items(ITEMS)).pipe(share())
    const never = new Promise<number>(() => {})
    const first = shared.pipe(workerPool(POOL, () => never)).subscribe()
    let count = 0
    const second = new Promise<void>((resolve) => shared.pipe(between.pool).subscribe({ next: () => count++, complete: resolve }))
    await settle()
    expect(count).toBe(POOL) // the source waits for the first, who is full
    first.unsubscribe()
    await second
    expect(count).toBe(ITEMS)
    off()
  })
})

/** Sends `stop` in the middle, when the pool is full. */
function stopAfterHalf(between: Between, stop: Sender<void>): Observable<number> {
  return fromIterable(between.items(ITEMS)).pipe(tap((i) => i === ITEMS / 2 + POOL - 1 && stop.trySend()))
}

/** Receives an item that was counted. */
function chanOf(between: Between) {
  const ch = chan<number>(1)
  ch.trySend(between.count(0))
  return ch.receive().map(() => 0)
}
