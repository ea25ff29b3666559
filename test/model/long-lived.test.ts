/**
 * What lives long keeps nothing of the items that have passed: 0 bytes for each. A row for each kind of thing that stays alive, with a
 * function that pushes items through it. (What loses: no-growth.test.ts.)
 */
import {
  addProbe,
  afterFunc,
  background,
  chan,
  cond,
  errgroup,
  go,
  gosched,
  keyedMutex,
  mapConcurrent,
  mutex,
  onceValue,
  pool,
  race,
  range,
  rateLimiter,
  rwMutex,
  scope,
  select,
  semaphore,
  singleflight,
  sliding,
  sleep,
  syncMap,
  syncPool,
  ticker,
  traceStarts,
  waitGroup,
  withCancel,
  withRetry,
  withTimeout,
  withValue,
  contextKey,
  workers,
  type Receiver,
} from 'millrace'
import { batch, broadcast, byKey, catchTo, conflate, fromReceiver, graph, groupByKey, mergeFair, meter, named, prioritize, progress, queue, rateLimit, relay, retryEach, run, tee, until, windowsByCount, withContext, workerPool } from 'millrace/operators' // prettier-ignore
import { bubble, watchGoroutines } from 'millrace/testing'
import { inline, onThreads } from 'millrace/threads'
import { identity, map, type Observable, type OperatorFunction } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { someOf } from '../support/portion.js'

const ITEMS = 10_000
const WARM_UP = 3_000
/** Less than the smallest thing that could be kept for each item: a slot of an array and a number. */
const BYTES = 16
/** On a busy machine the engine and the test runner keep as much in some rounds, but not in all. */
const ROUNDS = 30

/** Pushes n items through. */
type Push = (n: number) => PromiseLike<unknown>
/** Makes the thing; `over` takes the functions that end it. */
type Make = (over: (end: () => unknown) => void) => Push

/** For each item a body in a goroutine. */
const each =
  (body: (i: number) => Generator<never, unknown>): Push =>
  (n) =>
    go(function* () {
      for (let i = 0; i < n; i++) yield* body(i)
    }).join()

interface Item {
  readonly id: number
}

/** A pipeline that stays alive; its items are objects. */
const through =
  (operator: (source: Observable<Item>) => Observable<unknown>): Make =>
  (over) => {
    const items = chan<Item>()
    const ctx = withCancel(background)
    let arrived = 0
    void run(ctx, operator(fromReceiver(items).pipe(map((item) => (arrived++, item))))).join().attempt().then(identity) // prettier-ignore
    over(() => ctx.cancel())
    return (n) =>
      go(function* () {
        const until = arrived + n
        for (let id = 0; id < n; id++) yield* items.send({ id })
        while (arrived < until) yield* gosched()
      }).join()
  }
const stage = (operator: OperatorFunction<Item, unknown>): Make => through((source) => source.pipe(operator))

const pipelines: Record<string, Make> = {
  workerPool: stage(workerPool(4, async (item) => item)),
  'workerPool, in order': stage(workerPool(4, (item) => gosched().map(() => item), { ordered: true })),
  'workerPool that skips failures': stage(workerPool(2, () => Promise.reject(new Error('no')), { onFailure: 'skip' })),
  'workerPool that adapts': stage(workerPool({ min: 1, max: 4, by: 'latency' }, async (item) => item)),
  catchTo: (over) => {
    const dead = chan(sliding(8))
    return stage((source) =>
      source.pipe(
        workerPool(2, () => Promise.reject(new Error('no'))),
        catchTo(dead),
      ),
    )(over)
  },
  'byKey, many keys': stage(
    byKey(
      (item) => item.id,
      4,
      async (item) => item,
      { commit: () => {} },
    ),
  ),
  'groupByKey, one key': stage(groupByKey(() => 0, (group) => group.pipe(map(identity)))), // prettier-ignore
  batch: stage(batch({ size: 10, within: 1000 })),
  windowsByCount: stage(windowsByCount({ size: 10 })),
  queue: stage(queue(16)),
  'queue that drops': through((source) =>
    source.pipe(
      queue(16, 'drop-oldest'),
      workerPool(1, async (item) => item),
    ),
  ),
  conflate: through((source) =>
    source.pipe(
      conflate(),
      workerPool(1, async (item) => item),
    ),
  ),
  prioritize: stage(prioritize(({ id }: Item) => id)),
  'meter and graph': (over) => {
    let last: Observable<unknown> | null = null
    const push = through(
      (source) =>
        (last = source.pipe(
          meter('meter'),
          named('part'),
          workerPool(1, async (item) => item),
        )),
    )(over)
    return (n) => {
      for (let i = 0; i < 10; i++) if (last !== null) graph(last)
      return push(n)
    }
  },
  'broadcast and tee': stage(broadcast((branch) => branch.pipe(tee(map(identity))), (branch) => branch.pipe(relay()))), // prettier-ignore
  mergeFair: through((source) => mergeFair(source, fromReceiver(chan<Item>()))),
  'rateLimit by a key': stage(rateLimit(() => rateLimiter(1e9, 1000), { by: ({ id }) => id % 10 })),
  retryEach: (over) => {
    let calls = 0
    const failing = (item: Item): Item => {
      if (calls++ % 2 === 0) throw new Error('again')
      return item
    }
    return stage((source) => source.pipe(workerPool(1, failing), retryEach(() => 0)))(over) // prettier-ignore
  },
  'progress, until, withContext': stage((source) =>
    source.pipe(
      progress(() => {}, { every: 1000 }),
      until(chan<void>().receive()),
      withContext(background),
    ),
  ),
}

const groups: Record<string, Make> = {
  errgroup: () => {
    const group = errgroup()
    group.setLimit(4)
    return each(function* (i) {
      group.go(async () => ({}))
      if (i % 100 === 99) yield* group.wait()
    })
  },
  'errgroup under a context': (over) => {
    const ctx = withCancel(background)
    over(() => ctx.cancel())
    const group = errgroup(ctx)
    return each(function* () {
      group.go(() => ({}))
      yield* gosched()
    })
  },
  pool: () => {
    const tasks = pool<object>({ size: 4 })
    return each(function* (i) {
      tasks.go(() => ({}))
      if (i % 100 === 99) yield* tasks.wait()
    })
  },
  waitGroup: () => {
    const wg = waitGroup()
    return each(function* () {
      wg.go(() => ({}))
      yield* wg.wait()
    })
  },
  workers: (over) => {
    const jobs = chan<Item>()
    over(() => jobs.close())
    const results: Receiver<Item> = workers(2, jobs, (item) => item)
    return each(function* (id) {
      yield* jobs.send({ id })
      yield* results.receive()
    })
  },
  scope: (over) => {
    const inside = chan<() => void>()
    over(() => inside.close())
    void go(
      scope(background, function* (s) {
        for (const it = range(inside); yield* it.next();) s.go(it.value)
      }),
    )
    return each(() => inside.send(() => ({}))[Symbol.iterator]() as Generator<never, void>) // an operation is performed as a routine is
  },
  'a race in a loop under one context': (over) => {
    const ctx = withCancel(background)
    over(() => ctx.cancel())
    return each(function* (i) {
      if (i % 10 === 0) yield* race([() => ({}), () => chan().receive()], { ctx })
    })
  },
  mapConcurrent: () => (n) => mapConcurrent(Array.from({ length: n / 10 }, (_, id) => ({ id })), 4, () => undefined), // prettier-ignore
  withRetry: () =>
    each(function* (i) {
      if (i % 10 === 0) yield* withRetry(() => null, () => ({})) // prettier-ignore
    }),
}

const key = contextKey<object>('key')
const parts: Record<string, Make> = {
  'channel and select': () => {
    const [ch, quiet] = [chan<Item>(1), chan<Item>()]
    return each(function* (id) {
      ch.trySend({ id })
      yield* select({ item: ch.receive(), quiet: quiet.receive() })
    })
  },
  'context: children, timeouts and functions': (over) => {
    const ctx = withCancel(background)
    over(() => ctx.cancel())
    const { signal } = ctx
    return each(function* () {
      withTimeout(withValue(ctx, key, {}), 1e6).cancel()
      const stop = afterFunc(ctx, () => {})
      signal.addEventListener('abort', stop)
      signal.removeEventListener('abort', stop)
      yield* gosched().within(ctx)
      stop()
    })
  },
  limiter: () => {
    const limiter = rateLimiter(1e9, 10)
    return each(function* () {
      limiter.reserve(1).cancel()
      yield* limiter.wait()
    })
  },
  'ticker and timers': (over) => {
    const beats = ticker(1e6)
    over(() => beats.stop())
    return each(function* () {
      yield* select({ beat: beats.receive(), now: gosched(), never: sleep(1e6) })
    })
  },
  locks: () => {
    const [mu, rw, permits, keyed] = [mutex(), rwMutex(), semaphore(2), keyedMutex<number>()]
    return each(function* (i) {
      using _a = yield* mu.lock()
      using _b = yield* rw.rLock()
      using _c = yield* permits.acquire()
      using _d = yield* keyed.lock(i)
    })
  },
  condition: (over) => {
    const mu = mutex()
    const filled = cond(mu)
    let isOver = false
    go(function* () {
      using _guard = yield* mu.lock()
      while (!isOver) yield* filled.wait()
    })
    over(() => ((isOver = true), filled.signal()))
    return each(function* () {
      filled.signal()
      yield* gosched()
    })
  },
  'maps and shared work': () => {
    const [map, flights, objects, value] = [
      syncMap<number, object>(),
      singleflight<number, object>(),
      syncPool(() => ({})),
      onceValue(() => ({})),
    ]
    return each(function* (i) {
      yield* map.loadOrCompute(i, () => ({}))
      map.delete(i)
      if (i % 10 === 0) yield* flights.do(i, () => ({}))
      objects.put(objects.get())
      if (i % 10 === 0) yield* value()
    })
  },
}

/** Goroutines that are started, joined and canceled. */
const goroutines = each(function* (i) {
  const goroutine = go(() => chan().receive())
  goroutine.cancel()
  if (i % 2 === 0) yield* go(() => ({})).join()
  yield* goroutine.join().attempt()
})

const probes: Record<string, Make> = {
  'a probe': (over) => {
    over(addProbe({ spawn: () => {}, end: () => {} }))
    return goroutines
  },
  traceStarts: (over) => {
    over(traceStarts())
    return (n) => goroutines(n / 10)
  },
  watchGoroutines: (over) => {
    const watch = watchGoroutines()
    over(() => watch.stop())
    return goroutines
  },
  threads: (over) => {
    const here = inline()
    over(() => here[Symbol.dispose]())
    const { echo } = onThreads({ url: 'file:///long-lived.js' }, { echo: (n: number) => n })
    return each(function* (i) {
      if (i % 50 === 0) yield* echo(i)
    })
  },
}

function heap(): number {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc')
  globalThis.gc()
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

/** Bytes kept for each item: the least of some rounds, as the engine itself keeps something now and then. */
async function keptBy(push: Push): Promise<number> {
  await push(WARM_UP)
  let kept = Infinity
  for (let round = 0; round < ROUNDS && kept >= BYTES; round++) {
    const before = heap()
    await push(ITEMS)
    kept = Math.min(kept, (heap() - before) / ITEMS)
  }
  return kept
}

describe.each(Object.entries({ pipelines, groups, parts, probes }))('%s', (_, rows) => {
  it.each(someOf(Object.entries(rows)))(`%s keeps nothing of ${ITEMS} items`, async (_name, make) => {
    const ends: (() => unknown)[] = []
    try {
      expect(await keptBy(make((end) => ends.push(end)))).toBeLessThan(BYTES)
    } finally {
      for (const end of ends) await end()
    }
  })
})

it('a bubble keeps nothing of the goroutines and timers in it', async () => {
  const push: Push = (n) =>
    go(function* () {
      for (let i = 0; i < n; i++) {
        yield* sleep(1)
        yield* go(() => ({})).join()
      }
    }).join()
  expect(await bubble(() => keptBy((n) => push(n / 5)))).toBeLessThan(BYTES)
})
