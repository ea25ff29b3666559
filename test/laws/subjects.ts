/** The operators as the laws judge them: one entry for each way to use one that makes a difference, and the bound that goes with it. */
import {
  background,
  chan,
  contextKey,
  dropping,
  go,
  gosched,
  never,
  range,
  rateLimiter,
  sleep,
  sliding,
  withValue,
  type Context,
  type Op,
  type Receiver,
  type Sender,
} from 'millrace'
import {
  batch,
  broadcast,
  byKey,
  catchTo,
  collect,
  conflate,
  debounce,
  decode,
  fanOut,
  fromGoroutine,
  fromIterable,
  fromOp,
  fromReceiver,
  fromSelect,
  groupByKey,
  mergeFair,
  meter,
  named,
  pausable,
  pauseControls,
  pipeline,
  prioritize,
  progress,
  queue,
  rateLimit,
  relay,
  repeatWith,
  retryEach,
  retryWith,
  run,
  sample,
  sendTo,
  tee,
  throttle,
  timeoutEach,
  toReceiver,
  until,
  windowsByCount,
  windowsByTime,
  withContext,
  workerPool,
  zipBounded,
  type DeadLetter,
  type PauseControls,
  type SchemaResult,
  type StandardSchema,
  type TimeWindow,
} from 'millrace/operators'
import {
  laws,
  type Law,
  type LawOptions,
  type MakeOperator,
  type MakeSink,
  type MakeSource,
  type OperatorLawOptions,
  type SinkLawOptions,
  type SourceLawOptions,
} from 'millrace/testing'
import { defer, EMPTY, finalize, map, throwError, type Observable, type OperatorFunction } from 'rxjs'
import { sampleOf } from '../support/portion.js'

/** What all have in common: how many schedules; .ci/run tries them in full. */
const common: LawOptions = { schedules: Math.max(40, sampleOf(100)), many: 2_000 }

function operator<R = number>(make: MakeOperator<R>, options: OperatorLawOptions<R>): readonly Law[] {
  return laws.operator(make, { ...common, ...options })
}

/** For what does no work. */
const passive = { works: false } as const

const isOdd = (item: number): boolean => item % 2 === 1
const itemsOfAll = (items: readonly number[]): readonly number[] => items
const windowed = (size: number, every: number) => (items: readonly number[]) => {
  const windows: number[] = []
  for (let from = 0; from < items.length; from += every) {
    windows.push(...items.slice(from, from + size))
    if (from + size >= items.length && every >= size) break
  }
  return windows
}

/** Fails once, before its first item. */
function failsOnce<T>(source: Observable<T>): Observable<T> {
  let times = 0
  return defer(() => (++times === 1 ? throwError(() => new Error('not yet')) : source))
}

/** Controls that pause at once, and resume after some turns. */
function pausedFor(turns: number): PauseControls {
  const controls = pauseControls({ paused: true })
  go(function* () {
    for (let i = 0; i < turns; i++) yield* gosched()
    controls.resume()
  })
  return controls
}

const numberSchema = (validate: (value: number) => SchemaResult<number> | Promise<SchemaResult<number>>): StandardSchema<number> => ({
  '~standard': { version: 1, vendor: 'laws', validate: (value) => validate(value as number) }, // the laws have numbers
})

const naturals: Iterable<number> = {
  *[Symbol.iterator]() {
    for (let i = 0; ; i++) yield i
  },
}

const someKey = contextKey<string>('some')

export const operators: Record<string, Record<string, readonly Law[]>> = {
  workerPool: {
    'as they come': operator((work) => workerPool(3, work), { bound: 3, ordered: false }),
    'one at a time': operator((work) => workerPool(1, work), { bound: 1 }),
    ordered: operator((work) => workerPool(3, work, { ordered: true }), { bound: 3 }),
    'adaptive, by latency': operator((work) => workerPool({ min: 1, max: 3, by: 'latency' }, work), { bound: 3, ordered: false }),
    'adaptive, by errors, ordered': operator((work) => workerPool({ min: 1, max: 3, by: 'errors' }, work, { ordered: true }), { bound: 3 }),
    'leaves out what fails': operator((work) => workerPool(2, work, { onFailure: 'skip' }), {
      bound: 2,
      ordered: false,
      onThrow: 'leaves out',
    }),
    'restarts what fails': operator(
      (work) => workerPool(2, work, { onFailure: 'restart', schedule: ({ attempts }) => (attempts < 3 ? 5 : null) }),
      { bound: 2, ordered: false },
    ),
  },
  byKey: {
    'by parity': operator((work) => byKey(isOdd, 2, work, { waiting: 1 }), { bound: 3, ordered: isOdd }),
    'with commits': operator((work) => byKey(isOdd, 2, work, { waiting: 2, commit: () => undefined }), { bound: 4, ordered: isOdd }),
  },
  batch: {
    'by size': operator<number[]>(() => batch({ size: 3 }), { ...passive, bound: 3, itemsOf: itemsOfAll }),
    'by time': operator<number[]>(() => batch({ size: 3, within: 2 }), { ...passive, bound: 3, itemsOf: itemsOfAll }),
  },
  windowsByCount: {
    apart: operator<number[]>(() => windowsByCount({ size: 2 }), { ...passive, bound: 2, itemsOf: itemsOfAll }),
    overlapping: operator<number[]>(() => windowsByCount({ size: 3, every: 2 }), {
      ...passive,
      bound: 3,
      itemsOf: itemsOfAll,
      expected: windowed(3, 2),
    }),
    'with gaps': operator<number[]>(() => windowsByCount({ size: 2, every: 3 }), {
      ...passive,
      bound: 2,
      itemsOf: itemsOfAll,
      expected: windowed(2, 3),
    }),
  },
  windowsByTime: {
    'of 3 ms': operator<TimeWindow<number>>(() => windowsByTime({ ms: 3, most: 2 }), {
      ...passive,
      bound: 2,
      itemsOf: ({ items }) => items,
    }),
  },
  groupByKey: {
    'a pool for each': operator((work) => groupByKey(isOdd, (group) => group.pipe(workerPool(1, work))), { bound: 3, ordered: isOdd }),
    'one group at a time': operator((work) => groupByKey(isOdd, (group) => group.pipe(workerPool(1, work)), { most: 1 }), {
      bound: 2,
      ordered: isOdd,
    }),
    'groups that go idle': operator((work) => groupByKey(isOdd, (group) => group.pipe(workerPool(1, work)), { idle: 1, most: 3 }), {
      bound: 4,
      ordered: false, // a new group begins while the one before it is at work still
    }),
  },
  queue: {
    block: operator(() => queue(2), { ...passive, bound: 2 }),
    'drop-oldest': operator(() => queue(2, 'drop-oldest'), { ...passive, bound: 2, lossy: true }),
    'drop-newest': operator(() => queue(2, 'drop-newest'), { ...passive, bound: 2, lossy: true }),
    error: operator(() => queue(8, 'error'), { ...passive, bound: 8, refusesForeign: true }),
  },
  conflate: {
    plain: operator(() => conflate(), { ...passive, bound: 1, lossy: true }),
    'of arrays': operator<readonly number[]>(
      () => (source) =>
        source.pipe(
          map((item): readonly number[] => [item]),
          conflate((held, next) => [...held, ...next]),
        ),
      { ...passive, bound: 2_000, itemsOf: itemsOfAll },
    ),
  },
  debounce: { 'of 2 ms': operator(() => debounce(2), { ...passive, bound: 1, lossy: true }) },
  throttle: {
    'of 2 ms': operator(() => throttle(2), { ...passive, bound: 1, lossy: true }),
    'with trailing': operator(() => throttle(2, { trailing: true }), { ...passive, bound: 1, lossy: true }),
  },
  sample: {
    'of 2 ms': operator(() => sample(2), { ...passive, bound: 1, lossy: true }),
    'at a notifier': operator(() => sample(fromOp(() => never())), { ...passive, bound: 1, lossy: true }),
  },
  timeoutEach: { 'that is never over': operator(() => timeoutEach(Infinity), { ...passive, bound: 0 }) },
  pausable: {
    'not paused': operator(() => pausable(pauseControls()), { ...passive, bound: 1 }),
    'paused for a while': operator(() => pausable(pausedFor(3)), { ...passive, bound: 1 }),
  },
  prioritize: { 'of one key': operator(() => prioritize(() => 0, { size: 3 }), { ...passive, bound: 3 }) },
  progress: { 'every 2 ms': operator(() => progress(() => undefined, { every: 2, total: 5 }), { ...passive, bound: 0 }) },
  decode: {
    sync: operator(() => decode(numberSchema((value) => ({ value }))), { ...passive, bound: 1 }),
    async: operator(() => decode(numberSchema((value) => Promise.resolve({ value }))), { ...passive, bound: 1 }),
  },
  tee: {
    'to a pool': operator((work) => tee(workerPool(1, work)), { bound: 2 }),
  },
  retryEach: {
    'below a pool': operator(
      (work) => (source) =>
        source.pipe(
          workerPool(2, work),
          retryEach(({ attempts }) => (attempts < 3 ? 5 : null)),
        ),
      {
        bound: 2,
        ordered: false,
      },
    ),
  },
  rateLimit: {
    'by parity': operator(() => rateLimit(() => rateLimiter(1000, 1), { by: isOdd, waiting: 3 }), { ...passive, bound: 3, ordered: isOdd }),
    'one a ms': operator(() => rateLimit(rateLimiter(1000, 1)), { ...passive, bound: 1 }),
  },
  fanOut: {
    'to two pools': operator((work) => fanOut(2, (branch) => branch.pipe(workerPool(1, work))), { bound: 3, ordered: false }),
  },
  broadcast: {
    'to two pools': operator(
      (work) =>
        broadcast<number, [number, number]>(
          (branch) => branch.pipe(workerPool(1, work)),
          (branch) => branch.pipe(workerPool(1, work)),
        ),
      { bound: 3, ordered: false, expected: (items) => items.flatMap((item) => [item, item]) },
    ),
  },
  mergeFair: {
    'with one that is empty': operator(() => (source) => mergeFair(source, EMPTY), { ...passive, bound: 1 }),
  },
  zipBounded: {
    'with numbers': operator<readonly [number, number]>(() => (source) => zipBounded(source, fromIterable(naturals)), {
      ...passive,
      bound: 1,
      itemsOf: ([item]) => [item],
    }),
  },
  retryWith: {
    'that is not needed': operator(() => retryWith(() => null), { ...passive, bound: 0 }),
    'after a failure': operator(() => (source) => failsOnce(source).pipe(retryWith(({ attempts }) => (attempts < 2 ? 3 : null))), {
      ...passive,
      bound: 0,
      resubscribes: true,
    }),
  },
  repeatWith: {
    once: operator(() => repeatWith(() => null), { ...passive, bound: 0 }),
    twice: operator(() => repeatWith(({ attempts }) => (attempts < 2 ? 3 : null)), {
      ...passive,
      bound: 0,
      resubscribes: true,
      expected: (items) => [...items, ...items],
    }),
  },
  until: {
    'a stop that does not come': operator(() => until(never()), { ...passive, bound: 0 }),
    'a context that does not end': operator(() => until(withValue(background, someKey, '')), { ...passive, bound: 0 }),
  },
  withContext: {
    'of no end': operator(() => withContext(background), { ...passive, bound: 0 }),
  },
  catchTo: {
    'below a pool': operator((work) => (source) => source.pipe(workerPool(2, work), catchTo(chan<DeadLetter>(sliding(1)))), {
      bound: 2,
      ordered: false,
      onThrow: 'leaves out',
    }),
  },
  relay: { plain: operator(() => relay(), { ...passive, bound: 0 }) },
  named: { plain: operator(() => named('part'), { ...passive, bound: 0 }) },
  meter: { plain: operator(() => meter('point') as OperatorFunction<number, number>, { ...passive, bound: 0 }) },
}

export const channels: Record<string, readonly Law[]> = {
  chan: laws.channel((capacity) => chan(capacity), common),
  'chan(sliding)': laws.channel((capacity) => chan(sliding(capacity)), { ...common, capacities: [1, 2], lossy: true }),
  'chan(dropping)': laws.channel((capacity) => chan(dropping(capacity)), { ...common, capacities: [1, 2], lossy: true }),
}

/** Sends the items to whoever receives, until the run is over. */
function feed(items: Iterable<number>, ctx: Context, capacity: number): Receiver<number> {
  const ch = chan<number>(capacity)
  go(function* feeding() {
    for (const item of items) {
      const sent = yield* ch.send(item).within(ctx).attempt()
      if (sent._tag === 'Left') return
    }
    ch.close()
  })
  return ch
}

function* inTurn(items: Iterable<number>, cause?: Error): Generator<number, void> {
  yield* items
  if (cause !== undefined) throw cause
}

const fails = (items: Iterable<number>, cause: Error): Iterable<number> => ({ [Symbol.iterator]: () => inTurn(items, cause) })

function source(make: MakeSource, options: SourceLawOptions = {}): readonly Law[] {
  return laws.source(make, { ...common, ...options })
}

/** Of one iterator for each subscriber; it is given back when they leave. */
function ofIterator<T>(items: Iterable<number>, use: (iterator: Iterator<number>) => Observable<T>): Observable<T> {
  return defer(() => {
    const iterator = items[Symbol.iterator]()
    return use(iterator).pipe(finalize(() => iterator.return?.()))
  })
}

async function* promised(items: Iterable<number>, cause?: Error): AsyncGenerator<number, void> {
  yield* items
  if (cause !== undefined) throw cause
}

const inPromises = (items: Iterable<number>, cause?: Error): AsyncIterable<number> => ({
  [Symbol.asyncIterator]: () => promised(items, cause),
})

const thereAndBack = [map((n: number) => `${n}`), map((text: string) => Number(text))] as const

export const sources: Record<string, Record<string, readonly Law[]>> = {
  pipeline: {
    'of a source and two stages': source((items) => pipeline(fromIterable(items), ...thereAndBack), {
      failing: (items, cause) => pipeline(fromIterable(fails(items, cause)), ...thereAndBack),
    }),
  },
  fromIterable: {
    async: source((items) => fromIterable(inPromises(items)), {
      usesPromises: true,
      failing: (items, cause) => fromIterable(inPromises(items, cause)),
    }),
    sync: source((items) => fromIterable(items), { failing: (items, cause) => fromIterable(fails(items, cause)) }),
  },
  fromReceiver: {
    'of an unbuffered channel': source((items, ctx) => fromReceiver(feed(items, ctx, 0)), { cold: false, bound: 2 }),
    'of a buffered channel': source((items, ctx) => fromReceiver(feed(items, ctx, 2)), { cold: false, bound: 4 }),
    'of a channel that is closed with a cause': source((items, ctx) => fromReceiver(feed(items, ctx, 0)), {
      cold: false,
      bound: 2,
      failing(items, cause) {
        const ch = chan<number>(100)
        for (const item of items) ch.trySend(item)
        ch.close(cause)
        return fromReceiver(ch)
      },
    }),
  },
  fromGoroutine: {
    'that sends': source(
      (items) =>
        fromGoroutine<number>(function* supply(emit: Sender<number>) {
          for (const item of items) yield* emit.send(item)
        }),
      {
        bound: 2,
        failing: (items, cause) =>
          fromGoroutine<number>(function* supply(emit: Sender<number>) {
            for (const item of items) yield* emit.send(item)
            throw cause
          }),
      },
    ),
  },
  fromOp: {
    'one after the other': source((items) => fromIterable(items).pipe(workerPool(1, (item) => fromOp(() => gosched().map(() => item)))), {
      bound: 2,
      failing: (items, cause) =>
        fromIterable([...items, -1]).pipe(workerPool(1, (item) => fromOp(() => gosched().map(() => (item < 0 ? raise(cause) : item))))),
    }),
  },
  fromSelect: {
    'over sleeps': source((items) =>
      ofIterator(items, (iterator) =>
        fromSelect(() => {
          const it = iterator.next()
          return it.done === true ? null : { late: sleep(2).map(() => it.value), soon: gosched().map(() => it.value) }
        }).pipe(map(({ value }) => value)),
      ),
    ),
  },
  mergeFair: {
    'of two that share': source(
      (items) => ofIterator(items, (iterator) => mergeFair(fromIterable(sharing(iterator)), fromIterable(sharing(iterator)))),
      { bound: 3, ordered: false },
    ),
  },
  zipBounded: {
    'with numbers': source((items) => zipBounded(fromIterable(items), fromIterable(naturals)).pipe(map(([item]) => item)), { bound: 2 }),
  },
}

function sharing(iterator: Iterator<number>): Iterable<number> {
  return { [Symbol.iterator]: () => ({ next: () => iterator.next() }) }
}

function raise(cause: Error): never {
  throw cause
}

function sink(make: MakeSink, options: SinkLawOptions = {}): readonly Law[] {
  return laws.sink(make, { ...common, ...options })
}

/** Consumes what a receiver has, until it is closed. */
function* consume(received: Receiver<number>, seen: (item: number) => Op<void>): Generator<never, void> {
  for (const it = range(received); yield* it.next();) yield* seen(it.value)
}

export const sinks: Record<string, Record<string, readonly Law[]>> = {
  run: {
    'of a pool of one': sink((ctx, source, seen) => run(ctx, source.pipe(workerPool(1, seen))), { bound: 1 }),
    'of a pool of three': sink((ctx, source, seen) => run(ctx, source.pipe(workerPool(3, seen))), { bound: 3, ordered: false }),
  },
  collect: {
    'then all of it': sink((ctx, source, seen) =>
      go(function* all() {
        for (const item of yield* collect(ctx, source).join()) yield* seen(item)
      }),
    ),
  },
  toReceiver: {
    'that holds none': sink((ctx, source, seen) => go(consume, toReceiver(source, { capacity: 0, ctx }), seen), { bound: 2 }),
    'that holds two': sink((ctx, source, seen) => go(consume, toReceiver(source, { capacity: 2, ctx }), seen), { bound: 4 }),
  },
  sendTo: {
    'and close': sink(
      (ctx, source, seen) => {
        const results = chan<number>()
        const pipeline = run(ctx, source.pipe(sendTo(results, { close: true })))
        return go(function* both() {
          const consumer = go(consume, results, seen)
          try {
            yield* pipeline.join()
          } finally {
            if (!results.isClosed) results.close()
            yield* consumer.join().attempt()
          }
        })
      },
      { bound: 2 },
    ),
  },
}
