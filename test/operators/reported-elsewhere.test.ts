/** Programs from the trackers of R3, RxJS, Reactor, Akka and others: what is held, lost or left where time, re-entrance and ends meet. */
import { background, chan, go, gosched, rateLimiter, sleep, withCancel, withTimeout, type Context, type Op } from 'millrace'
import { batch, broadcast, byKey, collect, conflate, debounce, decode, fanOut, fromGoroutine, fromIterable, fromReceiver, fromSelect, groupByKey, mergeFair, pausable, pauseControls, prioritize, progress, queue, rateLimit, relay, repeatWith, retryWith, run, sample, sendTo, tee, throttle, timeoutEach, toReceiver, until, windowsByCount, windowsByTime, withContext, workerPool, zipBounded } from 'millrace/operators' // prettier-ignore
import { bubble } from 'millrace/testing'
import { catchError, defer, EMPTY, expand, map, mergeMap, of, Subject, take, tap, throwError, toArray, type MonoTypeOperatorFunction, type Observable } from 'rxjs' // prettier-ignore
import { describe, expect, it } from 'vitest'

type Wait<T> = Generator<never, T>

/** Items at times in ms; a last time is that of the end, or of the error. */
const at = (times: readonly number[], end?: Error): Observable<number> =>
  fromGoroutine<number>(function* (emit) {
    let now = 0
    for (const [i, time] of times.entries()) {
      yield* sleep(time - now)
      now = time
      if (i < times.length - 1) yield* emit.send(i)
    }
    if (end !== undefined) throw end
  })

const numbers = (n: number): Observable<number> => fromIterable(Array(n).keys())
const slowly =
  (ms: number) =>
  <T>(item: T): Op<T> =>
    sleep(ms).map(() => item)
const boom = new Error('boom')
const throwing = (): never => {
  throw boom
}

/** What a pipeline emits, and how it ends. */
function* ends(pipeline: Observable<unknown>, ctx: Context = background): Wait<[unknown[], unknown]> {
  const seen: unknown[] = []
  const end = yield* run(ctx, pipeline.pipe(tap((item) => seen.push(item)))).join().attempt() // prettier-ignore
  return [seen, end._tag === 'Right' ? 'completes' : end.left instanceof Error && end.left !== boom ? end.left.name : end.left]
}

/** An endless source that counts how often it was released, after a wait. */
function endless(): { source: Observable<number>; released: () => number } {
  let released = 0 // race-ok: the test looks from outside, after virtual time
  const source = fromGoroutine<number>(function* (emit) {
    try {
      for (let i = 0; ; i++) yield* emit.send(i)
    } finally {
      yield* sleep(3)
      released++
    }
  })
  return { source, released: () => released }
}

/** A Subject whose next item is emitted from within the item before. */
function* reentrant(stage: MonoTypeOperatorFunction<number>): Wait<number[]> {
  const source = new Subject<number>()
  const seen: number[] = []
  const again = tap((n: number) => {
    seen.push(n)
    if (n < 3) source.next(n + 1)
    else source.complete()
  })
  const running = run(background, source.pipe(relay(), stage, again))
  yield* sleep(1)
  source.next(1)
  yield* running.join()
  return seen
}

const programs: Readonly<Record<string, readonly [program: () => Wait<unknown>, right: unknown]>> = {
  'R3 318: an item from within an item of debounce': [() => reentrant(debounce(1)), [1, 2, 3]],
  'R3 318: an item from within an item of throttle': [() => reentrant(throttle(2, { trailing: true })), [1, 2, 3]],
  'R3 318: an item from within an item of conflate': [() => reentrant(conflate()), [1, 2, 3]],
  'rxjs 5732: throttle emits the item that waits as its source ends': [
    () => ends(at([0, 1, 2]).pipe(throttle(10, { trailing: true }))),
    [[0, 1], 'completes'],
  ],
  'reactor 1099: windows by time lose nothing above slow work': [
    function* () {
      const [seen, end] = yield* ends(at([...Array(31).keys()]).pipe(windowsByTime({ ms: 3, most: 4 }), workerPool(1, ({ items }) => sleep(20).map(() => items)))) // prettier-ignore
      return [seen.flat(), end]
    },
    [[...Array(30).keys()], 'completes'],
  ],
  'reactor 2236: batches by time lose nothing above slow work': [
    function* () {
      const [seen, end] = yield* ends(at([...Array(31).keys()]).pipe(batch({ size: 4, within: 3 }), workerPool(1, slowly(20))))
      return [seen.flat(), end]
    },
    [[...Array(30).keys()], 'completes'],
  ],
  'akka 25814: groups that collect do not hang where fewer may be open': [
    function* () {
      const grouped = groupByKey<number, number, number[]>((n) => n % 3, (group) => group.pipe(toArray()), { most: 2 }) // prettier-ignore
      const [seen, end] = yield* ends(numbers(10).pipe(grouped), withTimeout(background, 1000))
      return [seen.flat().length, end]
    },
    [10, 'completes'],
  ],
  'an error of the function of conflate ends the pipeline': [() => ends(at([0, 1, 2, 3]).pipe(conflate<number>(throwing), workerPool(1, slowly(10)))), [[], boom]], // prettier-ignore
  'an error of the notifier of sample ends the pipeline': [() => ends(at([0, 5, 9]).pipe(sample(at([1, 2]).pipe(map(throwing))))), [[], boom]], // prettier-ignore
  'a notifier that completes leaves the rest to the source': [() => ends(at([0, 5, 9, 12]).pipe(sample(at([1, 2])))), [[0], 'completes']],
  'a slow consumer is no timeout': [() => ends(numbers(3).pipe(timeoutEach(5), workerPool(1, slowly(50)))), [[0, 1, 2], 'completes']],
  'a source that never begins is one': [() => ends(fromReceiver(chan<number>()).pipe(timeoutEach(5))), [[], 'DeadlineExceededError']],
  'a pause that ends within the item that began it': [
    () => {
      const controls = pauseControls()
      const toggle = tap(() => {
        controls.pause()
        controls.resume()
      })
      return ends(numbers(5).pipe(pausable(controls), toggle))
    },
    [[0, 1, 2, 3, 4], 'completes'],
  ],
  'an error of the report of progress ends the pipeline': [
    () => ends(numbers(3).pipe(progress(throwing, { every: 1 }))),
    [[0, 1, 2], boom],
  ],
  'a sink of tee that fails ends the pipeline': [
    () => ends(numbers(5).pipe(tee(map((n) => (n === 3 ? throwing() : n))))),
    [[0, 1, 2], boom],
  ],
  'a zip whose one source fails waits for the clean-up of the other': [
    function* () {
      const { source, released } = endless()
      return [yield* ends(zipBounded(source, at([2, 4], boom))), released()]
    },
    [[[[0, 0]], boom], 1],
  ],
  'a priority that is no number is refused': [
    () => ends(fromIterable([1, NaN]).pipe(prioritize((n) => n, { size: 5 }))),
    [[1], 'RangeError'],
  ],
  'a reader of toReceiver that stops reading holds nothing after the end of the context': [
    function* () {
      const { source, released } = endless()
      const ctx = withCancel(background)
      const items = toReceiver(source, { ctx, capacity: 2 })
      yield* items.receive()
      ctx.cancel(boom)
      yield* sleep(10)
      return released()
    },
    1,
  ],
  'a case that fails ends a for-select': [
    () => {
      let round = 0
      return ends(fromSelect(() => ({ it: round++ === 0 ? sleep(1) : go(throwing).join() })).pipe(map(() => 'round')))
    },
    [['round'], boom],
  ],
  'two pipelines share a limiter, and one is canceled': [
    function* () {
      const limiter = rateLimiter(1000, 1)
      const other = run(background, numbers(100).pipe(rateLimit(limiter)))
      const own = collect(background, numbers(5).pipe(rateLimit(limiter)))
      yield* sleep(5)
      other.cancel()
      return yield* own.join()
    },
    [0, 1, 2, 3, 4],
  ],
  'a retry within work ends with the run': [
    function* () {
      let tries = 0
      const failing = defer(() => throwError(() => new Error(`try ${++tries}`))).pipe(retryWith(() => 10))
      const running = run(background, fromIterable([1]).pipe(workerPool(1, () => failing)))
      yield* sleep(25)
      running.cancel()
      yield* sleep(100)
      return tries
    },
    3,
  ],
  'a queue that fails releases its source': [
    function* () {
      const { source, released } = endless()
      const [, end] = yield* ends(source.pipe(mergeMap((n) => of(n, n)), queue(1, 'error'), workerPool(1, slowly(10)))) // prettier-ignore
      return [end, released()]
    },
    ['QueueFullError', 1],
  ],
  'a repeat of an empty source can be canceled': [
    function* () {
      const running = run(background, EMPTY.pipe(repeatWith(() => 0)))
      for (let i = 0; i < 10; i++) yield* gosched()
      running.cancel()
      return (yield* running.join().attempt())._tag
    },
    'Left',
  ],
  'a fan-out whose branches all have enough releases its source': [
    function* () {
      const { source, released } = endless()
      const [seen, end] = yield* ends(source.pipe(fanOut(2, (branch) => branch.pipe(take(2)))))
      return [seen.length, end, released()]
    },
    [4, 'completes', 1],
  ],
  'a branch that recovers by itself stops no other': [
    () => ends(numbers(3).pipe(broadcast((b) => b.pipe(map((n) => (n === 1 ? throwing() : 'a')), catchError(() => of('c'))), (b) => b.pipe(map((n) => n + 10))))), // prettier-ignore
    [['a', 10, 'c', 11, 12], 'completes'],
  ],
  'an error of a commit ends the pipeline': [
    () => ends(numbers(3).pipe(byKey((n) => n, 2, (n) => sleep(1).map(() => n), { commit: (n) => void (n === 1 && throwing()) }))), // prettier-ignore
    [[0, 1], boom],
  ],
  'a schema that rejects ends the pipeline': [
    () => ends(numbers(2).pipe(decode({ '~standard': { version: 1, vendor: 'test', validate: () => Promise.reject(boom) } }))),
    [[], boom],
  ],
  'a producer that closes its own end': [
    () =>
      ends(
        fromGoroutine<number>(function* (emit) {
          yield* emit.send(1)
          emit.close(boom)
          yield* sleep(5)
        }),
      ),
    [[1], boom],
  ],
  'the windows before an error leave, those after a gap too': [
    () => ends(at([0, 1, 2, 3, 4], boom).pipe(windowsByCount({ size: 2, every: 3 }))),
    [[[0, 1], [3]], boom], // prettier-ignore
  ],
  'an operation of until that fails': [() => ends(at([0, 10]).pipe(until(go(throwing).join()))), [[], boom]],
  'a context of one branch ends the pipeline': [
    () => ends(at([0, 3, 9, 12]).pipe(broadcast((b) => b.pipe(withContext(withTimeout(background, 5))), (b) => b))), // prettier-ignore
    [[0, 0, 1, 1], 'DeadlineExceededError'],
  ],
  'a sink whose channel closes meanwhile': [
    function* () {
      const full = chan<number>(1)
      full.trySend(0)
      const running = run(background, numbers(3).pipe(sendTo(full)))
      yield* sleep(1)
      full.close()
      return (yield* running.join().attempt())._tag
    },
    'Left',
  ],
  'a source merged with itself': [() => ends(mergeFair(numbers(3), numbers(3))), [[0, 0, 1, 1, 2, 2], 'completes']],
  'expand over pools': [
    () => ends(fromIterable([3]).pipe(expand((n) => (n > 1 ? fromIterable([n - 1]).pipe(workerPool(1, (m) => sleep(1).map(() => m))) : EMPTY)))), // prettier-ignore
    [[3, 2, 1], 'completes'],
  ],
}

describe('reported elsewhere', () => {
  it.each(Object.keys(programs))('%s', async (name) => {
    const [program, right] = programs[name]
    let result: unknown
    await bubble(function* () {
      result = yield* program()
    })
    expect(result).toEqual(right)
  })
})
