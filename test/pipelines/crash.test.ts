/**
 * A crash at every point. A consumer of a log works on its items, delivers them, and commits its offset. It is stopped at
 * every step of an exploration, by its context or as a goroutine, and starts again from its offset:
 *
 * - no item is committed that was not delivered;
 * - no item is delivered twice without a restart;
 * - after the restart every item has been delivered.
 */
import { background, chan, go, gosched, rateLimiter, sleep, withCancel, type Context } from 'millrace'
import { batch, broadcast, byKey, conflate, debounce, decode, fanOut, fromIterable, fromOp, groupByKey, mergeFair, pausable, pauseControls, prioritize, queue, rateLimit, retryEach, run, sample, sendTo, tee, throttle, windowsByCount, windowsByTime, workerPool, zipBounded, type StandardSchema } from 'millrace/operators' // prettier-ignore
import { explore, type ExploreOptions, type Trial } from 'millrace/testing'
import { concat, concatMap, filter, ignoreElements, map, tap, type MonoTypeOperatorFunction, type Observable, type OperatorFunction } from 'rxjs' // prettier-ignore
import { describe, expect, it } from 'vitest'
import { sampleOf } from '../support/portion.js'

const ITEMS = 6
/** Steps within which the consumer may be stopped; it ends in fewer. */
const STEPS = 60

type Commit = (position: number) => void
type Deliver = (item: number) => void
type Consumer = (source: Observable<number>, deliver: Deliver, commit: Commit) => Observable<unknown>

function* slowly(item: number): Generator<never, number> {
  yield* sleep(item % 3)
  return item
}

function* slowlyAll(items: number[]): Generator<never, number[]> {
  yield* sleep(items[0] % 3)
  return items
}

const consumers: Readonly<Record<string, Consumer>> = {
  'byKey, delivered by the work': (source, deliver, commit) =>
    source.pipe(byKey((n) => n % 2, 2, delivering(deliver), { waiting: 2, commit })),
  'byKey, delivered below': (source, deliver, commit) =>
    source.pipe(
      byKey((n) => n % 2, 2, slowly, { waiting: 2, commit }),
      tap(deliver),
    ),
  'workerPool, byKey': (source, deliver, commit) =>
    source.pipe(workerPool(2, slowly, { ordered: true }), byKey((n) => n % 3, 2, slowly, { commit }), tap(deliver)), // prettier-ignore
  'batch, byKey of the batches': (source, deliver, commit) =>
    source.pipe(
      batch({ size: 2, within: 2 }),
      byKey(([first]) => first % 2, 2, slowlyAll, { commit: (items) => commit(items[items.length - 1]) }),
      tap((items) => items.forEach(deliver)),
    ),
}

/** Consumers whose results wait in further stages below `byKey` before they are delivered. */
const deep: Readonly<Record<string, Consumer>> = {
  'byKey, queue, workerPool': (source, deliver, commit) => source.pipe(committing(commit), queue(2), workerPool(1, slowly), tap(deliver)),
  'byKey, batch, workerPool': (source, deliver, commit) =>
    source.pipe(committing(commit), batch({ size: 2, within: 2 }), workerPool(1, (items) => sleep(1).map(() => items)), concatMap((items) => items), tap(deliver)), // prettier-ignore
  'byKey, broadcast': (source, deliver, commit) =>
    source.pipe(
      committing(commit),
      broadcast((b: Observable<number>) => b.pipe(workerPool(1, slowly), tap(deliver))),
    ),
  'byKey, unordered workerPool, ordered workerPool': (source, deliver, commit) =>
    source.pipe(committing(commit), workerPool(3, slowly), workerPool(2, slowly, { ordered: true }), tap(deliver)),
  'byKey, byKey, filter, workerPool': (source, deliver, commit) =>
    source.pipe(committing(commit), byKey((n) => n % 3, 2, slowly), filter(() => true), workerPool(1, slowly), tap(deliver)), // prettier-ignore
  'byKey, byKey that commits as well': (source, deliver, commit) =>
    source.pipe(committing(commit), byKey((n) => n % 3, 2, slowly, { commit: () => {} }), workerPool(1, slowly), tap(deliver)), // prettier-ignore
  'byKey, fanOut, queue': (source, deliver, commit) =>
    source.pipe(committing(commit), fanOut(2, (b) => b.pipe(queue(1), workerPool(1, slowly))), queue(1), workerPool(1, slowly), tap(deliver)), // prettier-ignore
  'byKey, groupByKey': (source, deliver, commit) =>
    source.pipe(committing(commit), groupByKey((n) => n % 4, (group) => group.pipe(workerPool(1, slowly)), { most: 2 }), tap(deliver)), // prettier-ignore
  'byKey, mergeFair': (source, deliver, commit) => mergeFair(source.pipe(committing(commit))).pipe(workerPool(1, slowly), tap(deliver)),
  'byKey, zipBounded': (source, deliver, commit) =>
    zipBounded(source.pipe(committing(commit)), fromIterable(Array(ITEMS).keys())).pipe(map(([n]) => n), workerPool(1, slowly), tap(deliver)), // prettier-ignore
  'byKey, a queue that loses items if it must': (source, deliver, commit) =>
    source.pipe(committing(commit), queue(ITEMS, 'drop-oldest'), workerPool(1, slowly), tap(deliver)),
  'byKey, windows, workers with several results': (source, deliver, commit) =>
    source.pipe(committing(commit), windowsByCount({ size: 2 }), workerPool(2, (items) => fromIterable(items)), workerPool(1, slowly), tap(deliver)), // prettier-ignore
  'byKey, prioritize': (source, deliver, commit) =>
    source.pipe(
      committing(commit),
      prioritize((n) => n % 3, { size: 3 }),
      workerPool(1, slowly),
      tap(deliver),
    ),
  'byKey, adaptive workerPool': (source, deliver, commit) =>
    source.pipe(committing(commit), workerPool({ min: 1, max: 3, by: 'latency' }, slowly), workerPool(1, slowly), tap(deliver)),
  'byKey, adaptive workerPool that fails, retryEach': (source, deliver, commit) => {
    const failed = new Set<number>()
    const flaky = function* (n: number): Generator<never, number> {
      yield* sleep(n % 3)
      if (n % 2 === 0 && !failed.delete(n)) throw new Error(`no ${failed.add(n).size}`)
      return n
    }
    return source.pipe(
      committing(commit),
      workerPool({ min: 1, max: 3, by: 'errors' }, flaky),
      retryEach(() => 1),
      tap(deliver),
    )
  },
  'byKey, rateLimit by key, pausable': (source, deliver, commit) =>
    source.pipe(
      committing(commit),
      rateLimit(() => rateLimiter(1000, 1), { by: (n) => n % 2, waiting: 3 }),
      pausable(pauseControls()),
      workerPool(1, slowly),
      tap(deliver),
    ),
  'byKey, tee': (source, deliver, commit) =>
    source.pipe(committing(commit), tee(workerPool(1, slowly)), workerPool(1, slowly), tap(deliver)),
  'byKey, decode': (source, deliver, commit) => source.pipe(committing(commit), decode(later), workerPool(1, slowly), tap(deliver)),
  'byKey, workerPool, batch, workers with several results': (source, deliver, commit) =>
    source.pipe(committing(commit), workerPool(2, slowly, { ordered: true }), batch({ size: 2, within: 2 }), workerPool(1, (items) => fromIterable(items)), workerPool(1, slowly), tap(deliver)), // prettier-ignore
  'byKey, windowsByTime': (source, deliver, commit) =>
    source.pipe(
      committing(commit),
      windowsByTime({ ms: 2, most: 3 }),
      workerPool(1, ({ items }) => fromIterable(items)),
      tap(deliver),
    ),
  'byKey that fails, retryEach, rateLimit': (source, deliver, commit) => {
    const failed = new Set<number>()
    const flaky = function* (n: number): Generator<never, number> {
      yield* sleep(n % 3)
      if (n % 2 === 0 && !failed.delete(n)) throw new Error(`no ${failed.add(n).size}`)
      return n
    }
    return source.pipe(
      byKey((n) => n % 2, 2, flaky, { waiting: 2, commit }),
      retryEach(() => 1),
      rateLimit(rateLimiter(1000, 1)),
      workerPool(1, slowly),
      tap(deliver),
    )
  },
  'byKey, groupByKey of batches, rateLimit': (source, deliver, commit) =>
    source.pipe(committing(commit), groupByKey((n) => n % 2, (group) => group.pipe(batch({ size: 2, within: 2 })), { most: 1 }), rateLimit(rateLimiter(1000, 2)), workerPool(1, (items) => fromIterable(items)), tap(deliver)), // prettier-ignore
  'byKey, a sink': (source, deliver, commit) =>
    source.pipe(committing(commit), sendTo(Object.assign(chan<number>(0), { send: (n: number) => sleep(1).map(() => deliver(n)) }))),
}

/** Stages that may lose items, over items that come more slowly than they may leave: timers fire only when nothing else can run. */
const spaced: Readonly<Record<string, Consumer>> = {
  'byKey, conflate': (source, deliver, commit) => source.pipe(committing(commit), apart(), conflate(), workerPool(1, slowly), tap(deliver)),
  'byKey, debounce': (source, deliver, commit) =>
    source.pipe(committing(commit), apart(), debounce(1), workerPool(1, slowly), tap(deliver)),
  'byKey, throttle': (source, deliver, commit) =>
    source.pipe(committing(commit), apart(), throttle(2), workerPool(1, slowly), tap(deliver)),
  'byKey, throttle, trailing': (source, deliver, commit) =>
    source.pipe(committing(commit), apart(), throttle(2, { trailing: true }), workerPool(1, slowly), tap(deliver)),
  'byKey, sample': (source, deliver, commit) =>
    source.pipe(committing(commit), apart(), endingLate(), sample(1), workerPool(1, slowly), tap(deliver)),
}

/** An item in each 4 ms. */
const apart = (): MonoTypeOperatorFunction<number> => rateLimit(rateLimiter(250, 1))

/** Completes 4 ms after its source: the span of the last item ends before. */
const endingLate = (): MonoTypeOperatorFunction<number> => (source) => concat(source, fromOp(() => sleep(4)).pipe(ignoreElements()))

const later: StandardSchema<number> = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => Promise.resolve({ value: value as number }) }, // the stage above emits numbers
}

function committing(commit: Commit): OperatorFunction<number, number> {
  return byKey((n) => n % 2, 2, slowly, { waiting: 2, commit })
}

function delivering(deliver: Deliver): (item: number) => Generator<never, number> {
  return function* (item) {
    yield* slowly(item)
    deliver(item)
    return item
  }
}

class Log {
  /** Items below it are committed. */
  offset = 0
  readonly delivered = new Set<number>()
  twice: number[] = []
  early: number[] = []
  private _round = new Set<number>()

  begin(): void {
    this._round = new Set()
  }

  readonly deliver = (item: number): void => {
    if (this._round.has(item)) this.twice.push(item)
    this._round.add(item)
    this.delivered.add(item)
  }

  readonly commit = (item: number): void => {
    for (let n = this.offset; n <= item; n++) if (!this.delivered.has(n)) this.early.push(n)
    this.offset = item + 1
  }
}

function consume(ctx: Context, log: Log, consumer: Consumer): ReturnType<typeof run> {
  log.begin()
  const from = log.offset
  const source = fromIterable(Array.from({ length: ITEMS - from }, (_, i) => from + i))
  return run(
    ctx,
    consumer(source, log.deliver, (item) => log.commit(item)),
  )
}

const stoppedAt = (step: number, consumer: Consumer) =>
  function* (trial: Trial): Generator<never, void> {
    const log = new Log()
    const ctx = withCancel(background)
    const consuming = consume(ctx, log, consumer)
    const stopping = go(function* () {
      for (let i = 0; i < step; i++) yield* gosched()
      if (trial.choose(2) === 0) ctx.cancel(new Error('stopped'))
      else consuming.cancel()
    })
    yield* consuming.join().attempt()
    yield* stopping.join()
    const atTheStop = log.offset
    yield* sleep(100) // nothing is committed or delivered after the end
    expect(log.offset, 'committed after the end').toBe(atTheStop)
    yield* consume(background, log, consumer).join()
    expect(log.early, 'committed before it was delivered').toEqual([])
    expect(log.twice, 'delivered twice in one run').toEqual([])
    expect([...log.delivered].sort()).toEqual([0, 1, 2, 3, 4, 5])
    expect(log.offset).toBe(ITEMS)
  }

async function atEveryStep(consumer: Consumer, options: ExploreOptions = {}): Promise<void> {
  const schedules = sampleOf(20)
  for (let step = 0; step < STEPS; step++) await explore(stoppedAt(step, consumer), { ...options, schedules, seed: step })
}

describe('stopped at every step, a consumer commits only what it has delivered', () => {
  it.each(Object.keys(consumers))('%s', (name) => atEveryStep(consumers[name]))
  it.each(Object.keys(deep))('%s', (name) => atEveryStep(deep[name]))
  it.each(Object.keys(spaced))('%s', (name) => atEveryStep(spaced[name], { timers: 'when-idle' }))
})
