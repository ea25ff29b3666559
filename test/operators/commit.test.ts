/** Commits of byKey wait for the passage of the results to the end of the pipeline. */
import { background, backoff, chan, rateLimiter, sleep, type Sender } from 'millrace'
import { batch, broadcast, byKey, conflate, fanOut, fromGoroutine, fromIterable, groupByKey, mergeFair, prioritize, queue, rateLimit, retryWith, run, sendTo, windowsByCount, workerPool } from 'millrace/operators' // prettier-ignore
import { bubble } from 'millrace/testing'
import { left } from 'fp-ts/Either'
import { catchError, EMPTY, filter, identity, pipe, take, tap, type Observable, type OperatorFunction } from 'rxjs'
import { describe, expect, it } from 'vitest'

const boom = new Error('boom')
const numbers = (n: number): Observable<number> => fromIterable(Array(n).keys())
const committing = (log: unknown[]): ReturnType<typeof byKey<number, number, number>> =>
  byKey(
    (n) => n,
    2,
    (n) => n,
    { commit: (n) => log.push(`commit ${n}`) },
  )

function* slowly(n: number): Generator<never, number> {
  yield* sleep(10)
  return n
}

describe('a commit waits', () => {
  it('for the stages below, and comes before the pipeline completes', () =>
    bubble(function* () {
      const log: unknown[] = []
      const pipeline = numbers(2).pipe(committing(log), queue(4), workerPool(1, slowly))
      yield* run(background, pipeline.pipe(tap({ next: (n) => log.push(n), complete: () => log.push('complete') }))).join()
      expect(log).toEqual([0, 'commit 0', 1, 'commit 1', 'complete'])
    }))
  it('for the last item of a batch that leaves at the completion', () =>
    bubble(function* () {
      const log: unknown[] = []
      yield* run(background, numbers(3).pipe(committing(log), batch({ size: 10 }), workerPool(1, (items) => sleep(1).map(() => log.push(items))))).join() // prettier-ignore
      expect(log).toEqual([[0, 1, 2], 'commit 0', 'commit 2'])
    }))
  it('for the sink', () =>
    bubble(function* () {
      const log: unknown[] = []
      const results = chan<number>(0)
      const running = run(background, numbers(2).pipe(committing(log), sendTo(results)))
      yield* sleep(1)
      expect(log).toEqual([])
      yield* results.receive()
      yield* sleep(1)
      expect(log).toEqual(['commit 0'])
      yield* results.receive()
      yield* running.join()
      expect(log).toEqual(['commit 0', 'commit 1'])
    }))
  it('not for an item that an operator drops, nor for items that a branch does not want', () =>
    bubble(function* () {
      const log: unknown[] = []
      const dropped = numbers(3).pipe(committing(log), filter((n) => n === 0), workerPool(1, slowly)) // prettier-ignore
      yield* run(background, dropped).join()
      expect(log.at(-1)).toBe('commit 2')
      const few = numbers(5).pipe(committing(log), broadcast((b: Observable<number>) => b.pipe(queue(2), workerPool(2, slowly), take(1)), (b) => b)) // prettier-ignore
      yield* run(background, few).join()
      expect(log.at(-1)).toBe('commit 4')
    }))
  it('and follows a pipeline that is always full', () =>
    bubble(function* () {
      const log: unknown[] = []
      const endless = fromGoroutine<number>(function* (emit) {
        for (let n = 0; ; n++) yield* emit.send(n)
      })
      yield* run(background, endless.pipe(committing(log), queue(8), fanOut(2, (b) => b.pipe(workerPool(2, slowly))), take(100))).join() // prettier-ignore
      const last = Number(String(log.at(-1)).slice(7))
      expect(last).toBeGreaterThan(60) // within two fillings of the pipeline
      expect(last).toBeLessThan(100)
    }))
})

const rejects = (n: number): Promise<number> => (n === 2 ? Promise.reject(boom) : Promise.resolve(n))

/** Later items end first. */
function* late(n: number): Generator<never, number> {
  yield* sleep(9 - n)
  if (n === 2) throw boom
  return n
}

describe('where a stage below fails', () => {
  it.each<[string, OperatorFunction<number, unknown>]>([
    ['at once', workerPool(1, rejects)],
    ['while other items are under way', workerPool(3, late, { ordered: true })],
    ['behind a queue', pipe(queue(2), workerPool(1, rejects))],
    ['in a branch', broadcast((b: Observable<number>) => b.pipe(workerPool(1, rejects)))],
    [
      'and the failure is caught',
      pipe(
        workerPool(1, rejects),
        catchError(() => EMPTY),
      ),
    ],
    ['and the stage begins again', pipe(workerPool(1, rejects), retryWith(backoff({ attempts: 2 })))],
    ['in the sink', sendTo(failingSender())],
  ])('%s, neither the item that was lost nor an item after it is committed', async (_, below) => {
    await bubble(function* () {
      const log: unknown[] = []
      yield* run(background, numbers(6).pipe(committing(log), below)).join().attempt() // prettier-ignore
      expect(log.filter((entry) => !['commit 0', 'commit 1'].includes(String(entry)))).toEqual([])
    })
  })
  it.each<[string, OperatorFunction<number, unknown>]>([
    ['queue', pipe(queue<number>(3), workerPool(1, slowly))],
    ['queue that loses items', pipe(queue<number>(3, 'drop-newest'), workerPool(1, slowly))],
    ['workerPool', workerPool(3, slowly)],
    ['ordered workerPool', workerPool(3, slowly, { ordered: true })],
    ['adaptive workerPool', workerPool({ min: 1, max: 3, by: 'errors' }, slowly)],
    ['adaptive workerPool that is ordered', workerPool({ min: 1, max: 3, by: 'errors' }, slowly, { ordered: true })],
    ['byKey of one key', byKey(() => 0, 1, slowly)],
    ['byKey of many keys', byKey((n) => n, 1, slowly)],
    [
      'batch',
      pipe(
        batch<number>({ size: 2 }),
        workerPool(1, (items) => sleep(10).map(() => items)),
      ),
    ],
    [
      'windowsByCount',
      pipe(
        windowsByCount<number>({ size: 1 }),
        workerPool(1, (items) => sleep(10).map(() => items)),
      ),
    ],
    [
      'prioritize',
      pipe(
        prioritize((n: number) => -n, { size: 3 }),
        workerPool(1, slowly),
      ),
    ],
    ['rateLimit', rateLimit(rateLimiter(100, 1))],
    ['rateLimit by key', rateLimit(() => rateLimiter(100, 1), { by: () => 0, waiting: 3 })],
    ['branches', broadcast((b: Observable<number>) => b.pipe(queue(3), workerPool(1, slowly)))],
    [
      'groups',
      groupByKey(
        () => 0,
        (b: Observable<number>) => b.pipe(queue(3), workerPool(1, slowly)),
      ),
    ],
    ['conflate', pipe(conflate<number>(), workerPool(1, slowly))],
    ['mergeFair', (source) => mergeFair(source).pipe(workerPool(1, slowly))],
  ])('an item that a %s has when the subscriber leaves is not committed', async (_, below) => {
    // prettier-ignore
    await bubble(function* () {
      const log: unknown[] = []
      yield* run(background, numbers(6).pipe(committing(log), below, take(1))).join()
      yield* sleep(100)
      expect(log.filter((entry) => entry !== 'commit 0')).toEqual([])
    })
  })
  it('an item that is skipped there counts as finished', () =>
    bubble(function* () {
      const log: unknown[] = []
      yield* run(background, numbers(4).pipe(committing(log), workerPool(2, rejects, { onFailure: 'skip' }))).join()
      expect(log.at(-1)).toBe('commit 3')
    }))
})

/** A sender whose sends wait, and fail from item 2 on. */
const failingSender = (): Sender<number> =>
  Object.assign(chan<number>(9), {
    send: (n: number) =>
      sleep(1).map(() => {
        if (n >= 2) throw boom
      }),
  })

describe('a throw of commit', () => {
  const bad = byKey(
    (n: number) => n,
    1,
    (n) => n,
    {
      commit: () => {
        throw boom
      },
    },
  )
  it.each<[string, OperatorFunction<number, unknown>]>([
    ['nothing', identity],
    ['a queue', queue(8)],
    ['workers', workerPool(2, slowly)],
    ['ordered workers', workerPool(2, slowly, { ordered: true })],
    ['a batch that leaves when byKey has completed', batch({ size: 10 })],
    ['a branch', broadcast((b: Observable<number>) => b.pipe(workerPool(1, slowly)))],
    ['a queue that loses items', pipe(queue(8, 'drop-oldest'), workerPool(1, slowly))],
    ['mergeFair', (source) => mergeFair(source).pipe(workerPool(1, slowly))],
  ])('is the error of the pipeline, with %s below', async (_, below) => {
    await bubble(function* () {
      expect(yield* run(background, numbers(3).pipe(bad, below)).join().attempt()).toEqual(left(boom))
    })
  })
})
