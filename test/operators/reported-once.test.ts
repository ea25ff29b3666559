/** Each failure is reported once: at the end of the pipeline, as a dead letter, or as a late failure. */
import { background, chan, CanceledError, go, onLateFailure, rateLimiter, sleep, withCancel, type RateLimiter } from 'millrace'
import { batch, broadcast, byKey, catchTo, collect, fanOut, fromGoroutine, fromIterable, fromOp, groupByKey, mergeFair, queue, rateLimit, run, tee, workerPool, zipBounded, type DeadLetter } from 'millrace/operators' // prettier-ignore
import { bubble } from 'millrace/testing'
import { catchError, concat, from, map, NEVER, Observable, share, skip, take, tap, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'

const boom = new Error('boom')
const other = new Error('other')
/** The cause of an ended context: an error that repeats it is an echo. */
const stopped = new Error('stopped')

/** Emits 1, 2 and 3 at once, and fails. */
const failing = new Observable<number>((subscriber) => {
  for (const item of [1, 2, 3]) subscriber.next(item)
  subscriber.error(boom)
})

function* slow(n: number): Generator<never, number> {
  yield* sleep(10)
  return n
}

/** The end of the pipeline, and the late failures. */
function reports(pipeline: Observable<unknown>, cancelAt = Infinity) {
  return bubble(function* () {
    const late: unknown[] = []
    const off = onLateFailure((error) => late.push(error))
    const running = run(background, pipeline)
    const canceling = go(function* () {
      if (cancelAt === Infinity) return
      yield* sleep(cancelAt)
      running.cancel()
    })
    const end = yield* running.join().attempt()
    yield* canceling.join()
    yield* sleep(100)
    off()
    return { end: end._tag === 'Right' ? 'completed' : end.left, late }
  })
}

const identity = (branch: Observable<number>): Observable<number> => branch.pipe(queue(5), workerPool(1, slow))

const losing = (branch: Observable<number>): Observable<number> => branch.pipe(queue(5, 'drop-oldest'), workerPool(1, slow))

/** Pipelines in which a stage holds the error of the source while the last item that is wanted leaves. */
const holding: Readonly<Record<string, Observable<unknown>>> = {
  queue: failing.pipe(queue(5), workerPool(1, slow)),
  'several queues': failing.pipe(queue(2), queue(2), queue(2), workerPool(1, slow)),
  'a queue that loses items': failing.pipe(queue(5, 'drop-oldest'), workerPool(1, slow)),
  rateLimit: failing.pipe(rateLimit(rateLimiter(100, 1)), skip(1)),
  batch: failing.pipe(
    batch({ size: 2 }),
    queue(5),
    workerPool(1, (items) => sleep(10).map(() => items)),
  ),
  'broadcast to three branches': failing.pipe(broadcast(identity, identity, identity)),
  fanOut: failing.pipe(fanOut(2, identity)),
  groupByKey: failing.pipe(groupByKey((n) => n % 2, identity)),
  tee: failing.pipe(tee(identity), workerPool(1, slow)),
  'queues that lose items in branches': failing.pipe(broadcast(losing, losing)),
  'branches within one another': failing.pipe(broadcast((branch) => branch.pipe(broadcast(identity, identity)), identity)),
  'a long row in a branch': failing.pipe(
    broadcast((branch) => Array.from({ length: 400 }).reduce<Observable<number>>((row) => row.pipe(map((n) => n)), branch).pipe(queue(5), workerPool(1, slow)), identity), // prettier-ignore
  ),
  mergeFair: mergeFair(failing).pipe(workerPool(1, slow)),
  zipBounded: zipBounded<[number, number]>(failing, from([1, 2, 3])).pipe(map(([n]) => n), workerPool(1, slow)), // prettier-ignore
}

describe('an error that a stage holds is a late failure, once,', () => {
  it.each(Object.keys(holding))('where the subscriber of %s has all the items it wants', async (name) => {
    expect(await reports(holding[name].pipe(take(1)))).toEqual({ end: 'completed', late: [boom] })
  })

  it.each(Object.keys(holding))('where the run over %s is canceled', async (name) => {
    expect(await reports(holding[name], 1)).toEqual({ end: expect.any(CanceledError) as unknown, late: [boom] })
  })

  it.each(Object.keys(holding))('and none where it ends the pipeline of %s', async (name) => {
    expect(await reports(holding[name])).toEqual({ end: boom, late: [] })
  })

  it('where the source is shared', async () => {
    const shared = failing.pipe(share())
    expect(await reports(shared.pipe(broadcast(identity), take(1)))).toEqual({ end: 'completed', late: [boom] })
  })

  it('and none where the error only repeats the end of the context', async () => {
    const late: unknown[] = []
    const off = onLateFailure((error) => late.push(error))
    await bubble(function* () {
      const ctx = withCancel(background)
      const ended = new Observable<number>((subscriber) => {
        subscriber.next(1)
        ctx.cancel(stopped)
        subscriber.error(stopped)
      })
      const end = yield* run(ctx, ended.pipe(queue(5), workerPool(1, slow)))
        .join()
        .attempt()
      expect(end).toMatchObject({ left: stopped })
    })
    off()
    expect(late).toEqual([])
  })
})

it('an error that comes while the leaving of its subscriber is postponed, in a long row, is a late failure', async () => {
  const one = (): Observable<number> =>
    from(
      (function* () {
        yield 1
        throw boom
      })(),
    )
  const row = (source: Observable<number>): Observable<number> =>
    Array.from({ length: 300 }).reduce<Observable<number>>((above) => above.pipe(map((n) => n)), source)
  const rows: Record<string, (source: Observable<number>) => Observable<unknown>> = {
    queue: (source) => source.pipe(queue(1)),
    losing: (source) => source.pipe(queue(1, 'drop-newest')),
    broadcast: (source) => source.pipe(broadcast((branch) => branch)),
    mergeFair: (source) => mergeFair(source),
  }
  for (const [name, stage] of Object.entries(rows))
    expect(await reports(stage(row(one())).pipe(take(1))), name).toEqual({ end: 'completed', late: [boom] })
})

describe('a second failure beside an error that is held', () => {
  const breaking = (): RateLimiter => Object.assign(rateLimiter(100, 1), { wait: () => sleep(5).map(() => { throw other }) }) // prettier-ignore

  it('is a late failure: of an operation of a stage', async () => {
    expect(await reports(failing.pipe(rateLimit(breaking())))).toEqual({ end: boom, late: [other] })
  })

  it('is a late failure: of the commit of an item before', async () => {
    const commits = failing.pipe(
      byKey((n) => n, 1, (n) => n, { commit: () => { throw other } }), // prettier-ignore
      queue(5),
      workerPool(1, slow),
    )
    const { end, late } = await reports(commits)
    expect([end, ...late].filter((error) => error === other)).toHaveLength(1)
    expect([end, ...late].filter((error) => error === boom)).toHaveLength(1)
  })

  it('is a late failure: of a branch', async () => {
    const throwing = (n: number): number => {
      if (n === 2) throw other
      return n
    }
    const branch = (source: Observable<number>) => source.pipe(queue(5), workerPool(1, slow), map(throwing))
    expect(await reports(failing.pipe(broadcast(branch)))).toEqual({ end: boom, late: [other] })
  })

  it('is a late failure: of another source of zipBounded', async () => {
    const second = concat(
      fromIterable([1, 2]),
      throwError(() => other),
    )
    const { end, late } = await reports(
      zipBounded(failing, second).pipe(
        map(([n]) => n),
        workerPool(1, slow),
      ),
    )
    expect({ end, late }).toEqual({ end: other, late: [boom] })
  })

  it('is none where a branch passes the same error on', async () => {
    const again = (branch: Observable<number>): Observable<number> => branch.pipe(catchError((cause: unknown) => throwError(() => cause)))
    expect(await reports(failing.pipe(broadcast(again, again)))).toEqual({ end: boom, late: [] })
  })
})

describe('the failure of work is a late failure where the pipeline ends before its report:', () => {
  it('its results wait, and the subscriber leaves', async () => {
    const work = (n: number): number => {
      if (n === 3) throw boom
      return n
    }
    const pipeline = fromIterable([1, 2, 3]).pipe(workerPool(3, work), workerPool(1, slow), take(1))
    expect(await reports(pipeline)).toEqual({ end: 'completed', late: [boom] })
  })

  it('its dead letter waits for a reader', async () => {
    const dead = chan<DeadLetter>()
    const work = (): never => {
      throw boom
    }
    const pipeline = fromIterable([1]).pipe(workerPool(1, work), catchTo(dead))
    expect(await reports(pipeline, 5)).toEqual({ end: expect.any(CanceledError) as unknown, late: [boom] })
  })

  it('the channel of the dead letters is closed', async () => {
    const dead = chan<DeadLetter>()
    dead.close()
    const work = (): never => {
      throw boom
    }
    const { end, late } = await reports(fromIterable([1]).pipe(workerPool(1, work), catchTo(dead)))
    expect(String(end)).toContain('closed channel')
    expect(late).toEqual([boom])
  })

  it('and none where its dead letter is sent as the pipeline ends', async () => {
    const dead = chan<DeadLetter>()
    const work = (): never => {
      throw boom
    }
    const pipeline = fromIterable([1]).pipe(workerPool(1, work), catchTo(dead))
    await bubble(function* () {
      const late: unknown[] = []
      const off = onLateFailure((error) => late.push(error))
      const running = run(background, pipeline)
      yield* sleep(5)
      expect(dead.tryReceive()).toMatchObject({ right: { cause: boom } })
      running.cancel()
      yield* running.join().attempt()
      off()
      expect(late).toEqual([])
    })
  })

  it('the goroutine of a source fails while its end waits for demand', async () => {
    const source = fromGoroutine<number>(function* (emit) {
      yield* emit.send(1)
      throw boom
    })
    expect(await reports(source.pipe(workerPool(1, slow), take(1)))).toEqual({ end: 'completed', late: [boom] })
    expect(await reports(source.pipe(workerPool(1, slow)))).toEqual({ end: boom, late: [] })
  })

  it('the run is canceled in the turn in which its pipeline fails', async () => {
    await bubble(function* () {
      const late: unknown[] = []
      const off = onLateFailure((error) => late.push(error))
      const running = collect(
        background,
        fromOp(() => sleep(5)).pipe(
          tap(() => {
            go(() => running.cancel())
            throw boom
          }),
        ),
      )
      const end = yield* running.join().attempt()
      off()
      const reported = [...(end._tag === 'Left' && end.left === boom ? [boom] : []), ...late]
      expect(reported).toEqual([boom])
    })
  })

  it('the context of the run ends just before', async () => {
    await bubble(function* () {
      const late: unknown[] = []
      const off = onLateFailure((error) => late.push(error))
      const ctx = withCancel(background)
      const failsAfter = fromOp(() => sleep(5)).pipe(
        tap(() => {
          ctx.cancel(stopped)
          throw boom
        }),
      )
      const end = yield* run(ctx, failsAfter).join().attempt()
      off()
      expect(end).toMatchObject({ left: stopped })
      expect(late).toEqual([boom])
    })
  })
})

it('an error that a branch handles still ends the pipeline, and is no late failure', async () => {
  const handled = (branch: Observable<number>): Observable<number> => branch.pipe(catchError(() => fromIterable<number>([])))
  expect(await reports(failing.pipe(broadcast(handled, identity)))).toEqual({ end: boom, late: [] })
  const endless = (branch: Observable<number>): Observable<number> => branch.pipe(catchError(() => NEVER))
  expect(await reports(failing.pipe(broadcast(endless)), 5)).toEqual({ end: expect.any(CanceledError) as unknown, late: [boom] })
})
