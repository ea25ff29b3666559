/** The length of a pipeline: no stack grows with it, and a row of operators that does not fit fails with a clear error. */
import { background, never, sleep, withCancel } from 'millrace'
import {
  batch,
  broadcast,
  byKey,
  collect,
  fanOut,
  fromGoroutine,
  fromIterable,
  groupByKey,
  named,
  queue,
  rateLimit,
  relay,
  retryWith,
  run,
  workerPool,
} from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { left } from 'fp-ts/Either'
import { concat, concatMap, concatWith, defer, EMPTY, map, merge, NEVER, repeat, retry, take, throwError, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'

type Step = (source: Observable<number>) => Observable<number>

const limiter = { wait: () => sleep(0) }
const steps: Record<string, Step> = {
  'a synchronous pool': workerPool(1, (n: number) => n),
  'an ordered pool': workerPool(2, async (n: number) => Promise.resolve(n), { ordered: true }),
  byKey: byKey(
    (n: number) => n,
    1,
    (n: number) => n,
  ),
  queue: queue(2),
  rateLimit: rateLimit(limiter),
  batch: (source) => source.pipe(batch({ size: 2, within: 1 }), workerPool(1, fromIterable<number>)),
  broadcast: (source) => source.pipe(broadcast((b: Observable<number>) => b)),
  'a pool among operators of RxJS': (source) =>
    source.pipe(
      map((n) => n),
      workerPool(1, (n) => n),
      map((n) => n),
      relay(),
      map((n) => n),
    ),
}

function repeated(source: Observable<number>, count: number, step: Step): Observable<number> {
  let pipeline = source
  for (let i = 0; i < count; i++) pipeline = step(pipeline)
  return pipeline
}

describe.each(Object.entries(steps))('%s, 1,600 times', (_, step) => {
  const deep = (source: Observable<number>) => repeated(source, 1600, step)

  it('passes every item in order', () =>
    bubble(function* () {
      expect(yield* collect(background, deep(fromIterable([1, 2, 3]))).join()).toEqual([1, 2, 3])
    }))

  it('passes the error of the source', () =>
    bubble(function* () {
      const boom = new Error('boom')
      const end = yield* collect(background, deep(throwError(() => boom)))
        .join()
        .attempt()
      expect(end).toMatchObject({ left: boom })
    }))

  it('is unsubscribed from up to its source', () =>
    bubble(function* () {
      let isReleased = false
      // Of few items: an endless source would fill every stage.
      const source = fromGoroutine<number>(function* (emit) {
        try {
          for (let i = 0; i < 4; i++) yield* emit.send(i)
          yield* never()
        } finally {
          isReleased = true
        }
      })
      expect(yield* collect(background, deep(source).pipe(take(2))).join()).toEqual([0, 1])
      expect(isReleased).toBe(true)
    }))

  it('ends with its context', () =>
    bubble(function* () {
      const ctx = withCancel(background)
      const running = run(ctx, deep(NEVER))
      yield* sleep(1)
      ctx.cancel(new Error('over'))
      expect(yield* running.join().attempt()).toMatchObject({ left: { message: 'over' } })
    }))
})

it('passes items through 10,000 stages', () =>
  bubble(function* () {
    const pipeline = repeated(fromIterable([1, 2, 3]), 10_000, steps['a pool among operators of RxJS'])
    expect(yield* collect(background, pipeline).join()).toEqual([1, 2, 3])
  }))

describe('operators in a row that hold nothing', () => {
  const rows: Record<string, Step> = { map: map((n: number) => n), named: named('part'), retryWith: retryWith(() => null), relay: relay() }

  it.each(Object.entries(rows))('fail with their number: %s', (_, step) =>
    bubble(function* () {
      for (const below of [map((n: number) => n), workerPool(1, (n: number) => n)]) {
        const end = yield* run(background, repeated(fromIterable([1]), 1600, step).pipe(below))
          .join()
          .attempt()
        const { name, message } = (end as { left: Error }).left
        expect(name).toBe('RangeError')
        expect(message).toMatch(/^millrace: 160[01] operators in a row/)
      }
    }),
  )

  it('pass items where they fit', () =>
    bubble(function* () {
      expect(yield* collect(background, repeated(fromIterable([1, 2]), 700, map((n) => n))).join()).toEqual([1, 2]) // prettier-ignore
    }))
})

describe('no stack grows with', () => {
  const flaky = () => {
    let left = 20_000
    return defer(() => (left-- > 0 ? throwError(() => new Error('again')) : fromIterable([1])))
  }
  const rounds: Record<string, () => Observable<unknown>> = {
    'the rounds of retryWith': () => flaky().pipe(retryWith(() => 0)),
    'the rounds of repeat': () => fromIterable([1]).pipe(repeat(20_000), take(20_000)),
    'the rounds of retry': () => {
      let left = 20_000
      return fromIterable([1]).pipe(
        map(() => {
          if (left-- > 0) throw new Error('again')
        }),
        retry(),
      )
    },
    'the parts of a concat': () => concat(...Array.from({ length: 20_000 }, (_, i) => fromIterable([i]))),
    'the empty parts of a concat': () => concat(...Array.from({ length: 20_000 }, () => fromIterable([]))),
  }
  it.each(Object.entries(rounds))('%s', (_, pipeline) =>
    bubble(function* () {
      yield* run(background, pipeline().pipe(workerPool(2, (n) => n))).join()
    }),
  )
})

describe('operators that are nested 5,000 deep work, or fail with the reason, and hang never', () => {
  const last = fromIterable([7])
  const nested = (step: (inner: Observable<number>, i: number) => Observable<number>): Observable<number> => {
    let pipeline: Observable<number> = last
    for (let i = 0; i < 5000; i++) pipeline = step(pipeline, i)
    return pipeline
  }
  const deferred = (i: number): Observable<number> => defer(() => (i === 0 ? last : concat(fromIterable([i]), deferred(i - 1))))
  const branches =
    (step: (build: Step) => Step, depth: number): Step =>
    (branch) =>
      depth === 0 ? branch : step(branches(step, depth - 1))(branch)
  const within = (step: (build: Step) => Step): Observable<number> => branches(step, 5000)(last)
  const mapped = (i: number): Observable<number> => fromIterable([i]).pipe(concatMap((n) => (n === 0 ? last : mapped(n - 1))))
  it.each<[string, Observable<number>]>([
    ['concat, at the end', nested((inner, i) => concat(fromIterable([i]), inner))],
    ['concat, at the beginning', nested((inner, i) => concat(inner, fromIterable([i])))],
    ['concatWith', nested((inner) => EMPTY.pipe(concatWith(inner)))],
    ['merge', nested((inner, i) => merge(inner, fromIterable([i])))],
    ['defer', nested((inner) => defer(() => inner))],
    ['defer and concat', deferred(5000)],
    ['concatMap', mapped(5000)],
    ['defer below a stage', nested((inner) => defer(() => inner)).pipe(queue(1))],
    ['branches of broadcast', within((build) => broadcast(build))],
    ['branches of fanOut', within((build) => fanOut(1, build))],
    ['groups of groupByKey', within((build) => groupByKey((n: number) => n, build))],
    ['branches with a place for results', within((build) => broadcast((b: Observable<number>) => build(b).pipe(queue(1))))],
    ['defer and workerPool', nested((inner) => defer(() => inner).pipe(workerPool(1, (n) => n)))],
  ])('%s', (_, pipeline) =>
    bubble(function* () {
      const end = yield* collect(background, pipeline).join().attempt(String)
      if (end._tag === 'Left') expect(end.left).toMatch(/^RangeError: millrace: .* stack/)
      else expect(end.right).toContain(7)
    }),
  )
  it('and branches fit 700 deep', () =>
    bubble(function* () {
      expect(yield* collect(background, branches((build) => broadcast(build), 700)(last)).join()).toEqual([7])
    }))
  it('and a failure of a function is passed on', () =>
    bubble(function* () {
      const recurses = (n: number): number => recurses(n) + 1
      const end = yield* collect(background, fromIterable([1]).pipe(map(recurses)))
        .join()
        .attempt(String)
      expect(end).toEqual(left(expect.stringMatching(/^RangeError: Maximum call stack size exceeded/)))
    }))
})
