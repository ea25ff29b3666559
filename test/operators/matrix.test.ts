/**
 * The matrix of shapes: for 20,000 items and a pool of 5, what may be between the source and the pool, the bound that holds, and the most that
 * was ever between them. What cannot be paced is detected, with the message that names the stage.
 */
import { background, chan, go } from 'millrace'
import {
  collect,
  fromGoroutine,
  fromIterable,
  fromOp,
  fromReceiver,
  fromSelect,
  onUnpaced,
  relay,
  run,
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
  groupBy,
  map,
  merge,
  mergeAll,
  mergeMap,
  type Observable,
  observeOn,
  repeat,
  retry,
  scan,
  share,
  startWith,
  Subject,
  subscribeOn,
  switchMap,
  take,
  tap,
  throwError,
  timer,
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
    await null
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
    make(b) {
      const ch = chan<number>()
      go(function* () {
        for (const item of b.items(ITEMS)) yield* ch.send(item)
        ch.close()
      })
      return fromReceiver(ch)
    },
  },
  {
    name: 'fromReceiver, capacity 16',
    bound: POOL + 1 + 16,
    make(b) {
      const ch = chan<number>(16)
      go(function* () {
        for (const item of b.items(ITEMS)) yield* ch.send(item)
        ch.close()
      })
      return fromReceiver(ch)
    },
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
        const { done, value } = items.next()
        if (done === true) return null
        ready.trySend(value)
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
          return j as number // two went in
        }),
      ),
    items: ITEMS / 10,
  },
]

interface Foreign {
  readonly name: string
  readonly seen: Unpaced['seen']
  make(between: Between): Observable<number>
}

const detected: Foreign[] = [
  { name: 'from(array)', seen: 'arrival while the demand is closed', make: (b) => from(b.items(ITEMS)) },
  {
    name: 'a Subject',
    seen: 'arrival while the demand is closed',
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
    seen: 'arrival while the demand is closed',
    make: (b) => timer(0).pipe(switchMap(() => fromIterable(b.items(ITEMS)))),
  },
  {
    name: 'observeOn',
    seen: 'arrival outside the turn of a source that claimed the demand',
    make: (b) => fromIterable(b.items(ITEMS)).pipe(observeOn(asyncScheduler)),
  },
  {
    name: 'delay',
    seen: 'arrival outside the turn of a source that claimed the demand',
    make: (b) => fromIterable(b.items(ITEMS)).pipe(delay(0)),
  },
  {
    name: 'async mergeMap',
    seen: 'arrival outside the turn of a source that claimed the demand',
    make: (b) => fromIterable(b.items(ITEMS)).pipe(mergeMap(async (i) => i)),
  },
  {
    name: 'subscribeOn',
    seen: 'arrival while the demand is closed',
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

  it.each(detected)('$name: detected, nothing lost', async ({ name, seen, make }) => {
    const unpaced: Unpaced[] = []
    const off = onUnpaced((one) => unpaced.push(one))
    const between = new Between()
    expect(await results(make(between).pipe(between.pool))).toBe(ITEMS)
    off()
    rows.push(`${name} | detected | ${between.most}`)
    expect(unpaced.map((one) => [one.stage, one.seen])).toEqual([['workerPool', seen]])
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

/** Receives an item that was counted. */
function chanOf(between: Between) {
  const ch = chan<number>(1)
  ch.trySend(between.count(0))
  return ch.receive().map(() => 0)
}
