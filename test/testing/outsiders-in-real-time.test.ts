/**
 * Code outside waits for real time while a bubble, a marble test or an exploration runs beside it: no wait of it comes early, none is
 * lost, and virtual time stays what the code inside makes of it. A row for each export that takes a time.
 */
import {
  after,
  all,
  background,
  backoff,
  chan,
  go,
  hedge,
  never,
  newTimer,
  now,
  rateEvery,
  rateLimiter,
  sleep,
  sometimes,
  ticker,
  timeout,
  withDeadline,
  withRetry,
  withTimeout,
} from 'millrace'
import { requestContext } from 'millrace/node'
import {
  batch,
  byKey,
  collect,
  debounce,
  fromIterable,
  fromReceiver,
  groupByKey,
  progress,
  rateLimit,
  repeatWith,
  retryEach,
  retryWith,
  sample,
  throttle,
  timeoutEach,
  windowsByTime,
  workerPool,
} from 'millrace/operators'
import { bubble, explore, marbles } from 'millrace/testing'
import { lastValueFrom, of, take, timer, toArray, type Observable, type OperatorFunction } from 'rxjs'
import { expect, it } from 'vitest'
import { placesOf } from '../api/bad-input/places.js'

const HOUR = 3_600_000
/** Ms of real time that each row waits at least. */
const MS = 30
/** The host rounds times. */
const EARLY = 2

type Row = () => PromiseLike<unknown>

const failing = (): never => {
  throw new Error('again')
}
const once = () => {
  let failures = 0
  return () => (failures++ === 0 ? failing() : failures)
}
const ended = (pipeline: Observable<unknown>) => collect(background, pipeline).join()
/** An item now, and no end before the time. */
const slow = (operator: OperatorFunction<number, unknown>) => {
  const items = chan<number>(1)
  items.trySend(1)
  return ended(fromReceiver(items).pipe(operator, take(1)))
}
/** An item each ms, and the end of the second result. */
async function steady(operator: OperatorFunction<number, unknown>): Promise<void> {
  const items = chan<number>(1)
  const results = ended(fromReceiver(items).pipe(operator, take(2)))
  let isOver = false
  const feeding = (async () => {
    while (!isOver) {
      items.trySend(1)
      await sleep(1)
    }
  })()
  await results
  isOver = true
  await feeding
}

const rows: Record<string, Row> = {
  'after(ms)': () => after(MS),
  'sleep(ms)': () => sleep(MS),
  'sleep(ms) of a goroutine': () => go(() => sleep(MS)).join(),
  'newTimer(ms)': () => newTimer(MS).fired(),
  'Timer.reset(ms)': async () => {
    const later = newTimer(HOUR)
    later.reset(MS)
    await later.fired()
  },
  'ticker(ms)': async () => {
    const beats = ticker(MS / 3)
    for (let i = 0; i < 3; i++) await beats.receive()
    beats.stop()
  },
  'Ticker.reset(ms)': async () => {
    const beats = ticker(HOUR)
    beats.reset(MS)
    await beats.receive()
    beats.stop()
  },
  'Op.timeout(ms)': () => never().timeout(MS).attempt(),
  'Job.timeout(ms)': () =>
    all([() => never()])
      .timeout(MS)
      .attempt(),
  'timeout(ms)': () => timeout(MS, () => never()).attempt(),
  'withTimeout(ms)': () => withTimeout(background, MS).done(),
  'withDeadline(at)': () => withDeadline(background, now() + MS).done(),
  'requestContext({ timeout })': () => requestContext({}, { once: () => {} }, { timeout: MS }).done(), // no response is needed
  'hedge(afterMs)': () => hedge(MS, [() => never(), () => 1]),
  'withRetry(schedule)': () => withRetry(() => MS, once()),
  'backoff({ first })': () => withRetry(backoff({ first: MS, jitter: 0 }), once()),
  'rateEvery(ms)': async () => {
    const limiter = rateLimiter(rateEvery(MS), 1)
    limiter.allow()
    await limiter.wait()
  },
  'sometimes({ interval })': async () => {
    const seldom = sometimes({ interval: MS })
    let calls = 0
    while (calls < 2) {
      seldom.do(() => calls++)
      await sleep(1)
    }
  },
  'batch({ within })': () => slow(batch({ size: 2, within: MS })),
  'windowsByTime({ ms })': () => steady(windowsByTime({ ms: MS, most: 999 })), // of the clock: the first is shorter
  'debounce(ms)': () => slow(debounce(MS)),
  'throttle(ms)': () => steady(throttle(MS)),
  'sample(every)': () => slow(sample(MS)),
  'timeoutEach(ms)': () => ended(fromReceiver(chan<number>()).pipe(timeoutEach(MS))).attempt(),
  'rateLimit(limiter)': () => ended(fromIterable([1, 2]).pipe(rateLimit(rateLimiter(rateEvery(MS), 1)))),
  'rateLimit(limiterOf)': () => ended(fromIterable([1, 2]).pipe(rateLimit(() => rateLimiter(rateEvery(MS), 1), { by: () => 0 }))),
  'retryWith(schedule)': () => {
    const work = once()
    return ended(
      fromIterable([1]).pipe(
        workerPool(1, work),
        retryWith(() => MS),
      ),
    )
  },
  'retryEach(schedule)': () =>
    ended(
      fromIterable([1]).pipe(
        workerPool(1, once()),
        retryEach(() => MS),
      ),
    ),
  'repeatWith(schedule)': () => {
    let rounds = 0
    return ended(fromIterable([1]).pipe(repeatWith(() => (rounds++ === 0 ? MS : null))))
  },
  'workerPool({ schedule })': () => ended(fromIterable([1]).pipe(workerPool(1, once(), { onFailure: 'restart', schedule: () => MS }))),
  'byKey({ schedule })': () => ended(fromIterable([1]).pipe(byKey(() => 0, 1, once(), { onFailure: 'restart', schedule: () => MS }))),
  'groupByKey({ idle })': () =>
    slow(
      groupByKey(
        () => 0,
        (group) => group.pipe(toArray()),
        { idle: MS },
      ),
    ),
  'progress({ every })': () => {
    const items = chan<number>(4)
    const reported = chan<void>(4)
    void ended(fromReceiver(items).pipe(progress(() => void reported.trySend(), { every: MS })))
    items.trySend(1)
    return go(function* () {
      yield* reported.receive()
      yield* sleep(MS)
      items.close()
    }).join()
  },
  'a timer of RxJS': () => lastValueFrom(timer(MS)),
  'a timer of the host': () => new Promise((resolve) => setTimeout(resolve, MS)),
}

const insides: Record<string, (isOver: () => boolean) => Promise<unknown>> = {
  'a bubble': (isOver) =>
    bubble(function* (b) {
      let hours = 0
      while (!isOver()) {
        yield* sleep(HOUR)
        expect(b.now()).toBe(++hours * HOUR)
      }
    }),
  'a bubble of async functions': (isOver) =>
    bubble(async (b) => {
      let hours = 0
      while (!isOver()) {
        await sleep(HOUR)
        expect(b.now()).toBe(++hours * HOUR)
      }
    }),
  'a marble test': (isOver) =>
    marbles(function* ({ expectObservable }) {
      expectObservable(of(1)).toBe('(1|)', { 1: 1 })
      while (!isOver()) yield* sleep(HOUR)
    }),
  'an exploration': async (isOver) => {
    const program = function* (trial: { now(): number }) {
      const done = chan<void>()
      go(function* () {
        yield* sleep(HOUR)
        yield* done.send()
      })
      yield* done.receive()
      expect(trial.now()).toBe(HOUR)
    }
    while (!isOver()) await explore(program, { schedules: 50 })
  },
}

type Took = readonly [row: string, ms: number]

const timed = () =>
  Promise.all(
    Object.entries(rows).map(async ([name, row]): Promise<Took> => {
      const start = performance.now()
      await row()
      return [name, performance.now() - start]
    }),
  )

it.each(Object.entries(insides))('beside %s, each wait outside takes its real time', async (_inside, run) => {
  let isOver = false
  const before = timed()
  const inside = run(() => isOver)
  const took = [...(await before), ...(await timed())]
  isOver = true
  await inside
  expect(took.filter(([, ms]) => ms < MS - EARLY)).toEqual([])
  expect(took).toHaveLength(2 * Object.keys(rows).length)
})

/** Parameters and options that are times, or say when. */
const TIMED = /\((ms|afterMs|schedule|limiter|limiterOf)\)|\{ (within|idle|every|ms|interval|first|schedule|timeout) \}/
/** Options with these names that are numbers of items or calls, or only bound the memory. */
const NUMBERS = ['sometimes({ every })', 'sometimes({ first })', 'windowsByCount({ every })', 'rateLimit({ idle })']

it('each export that takes a time has a row', () => {
  const timed = ['', '-operators'].flatMap((entry) => placesOf(entry).filter((place) => TIMED.test(place)))
  expect(timed.filter((place) => !(place in rows) && !NUMBERS.includes(place))).toEqual([])
})
