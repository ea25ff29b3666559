/** The worker pool: bounds, order, the kinds of work, errors, leaving, and the overflow policies. */
import fc from 'fast-check'
import { background, chan, type Context, contextKey, go, select, sleep, withCancel, withValue } from 'millrace'
import {
  collect,
  fromIterable,
  fromOp,
  fromReceiver,
  onUnpaced,
  run,
  strictDemand,
  type Unpaced,
  UnpacedError,
  workerPool,
  type WorkerPoolOptions,
} from 'millrace/operators'
import { defer, from, map, NEVER, type Observable, of, Subject, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { hostTurn, settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

/** Work that ends when it is told to, and knows what is under way. */
class Bench {
  readonly started: number[] = []
  readonly finish = new Map<number, (value: number) => void>()
  readonly fail = new Map<number, (cause: unknown) => void>()
  ctx: Context | null = null
  work = (value: number, ctx: Context): Promise<number> => {
    this.started.push(value)
    this.ctx = ctx
    return new Promise((resolve, reject) => {
      this.finish.set(value, resolve)
      this.fail.set(value, reject)
    })
  }
}

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

describe('a pool of n', () => {
  it('has n under way, and reads no more from its source', async () => {
    const bench = new Bench()
    const jobs = chan<number>(10)
    for (let i = 0; i < 10; i++) jobs.trySend(i)
    const subscription = fromReceiver(jobs).pipe(workerPool(3, bench.work)).subscribe()
    await settle()
    expect(bench.started).toEqual([0, 1, 2])
    expect(jobs.size).toBe(7)
    bench.finish.get(1)?.(1)
    await settle()
    expect(bench.started).toEqual([0, 1, 2, 3])
    subscription.unsubscribe()
  })

  it('lets results go as they come', async () => {
    const bench = new Bench()
    const results = collect(background, fromIterable([0, 1, 2]).pipe(workerPool(3, bench.work)))
    await settle()
    for (const i of [2, 0, 1]) {
      bench.finish.get(i)?.(i)
      await settle()
    }
    expect(await results.join()).toEqual([2, 0, 1])
  })

  it('ordered: lets results go in the order of their items, and a place is taken until its result has left', async () => {
    const bench = new Bench()
    const results = collect(background, fromIterable([0, 1, 2, 3]).pipe(workerPool(3, bench.work, { ordered: true })))
    await settle()
    bench.finish.get(2)?.(2)
    bench.finish.get(1)?.(1)
    await settle()
    expect(bench.started).toEqual([0, 1, 2]) // two results wait for the first
    bench.finish.get(0)?.(0)
    await settle()
    bench.finish.get(3)?.(3)
    expect(await results.join()).toEqual([0, 1, 2, 3])
  })

  it('holds results while the stage below is full', async () => {
    const below = new Bench()
    const above: number[] = []
    const subscription = fromIterable([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      .pipe(
        workerPool(2, (value) => {
          above.push(value)
          return Promise.resolve(value)
        }),
        workerPool(1, below.work),
      )
      .subscribe()
    await settle()
    expect(below.started).toEqual([0])
    expect(above).toEqual([0, 1, 2]) // one below, two whose results wait
    subscription.unsubscribe()
  })

  it('any latencies, any size: every item once, in order when ordered, never more than n under way', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(20), { maxLength: 40 }),
        fc.integer({ min: 1, max: 6 }),
        fc.boolean(),
        async (latencies, n, ordered) => {
          using clock = virtualTime()
          let active = 0
          let most = 0
          const results = collect(
            background,
            fromIterable(latencies.keys()).pipe(
              workerPool(
                n,
                function* (i) {
                  most = Math.max(most, ++active)
                  yield* sleep(latencies[i])
                  active--
                  return i
                },
                { ordered },
              ),
            ),
          )
          await clock.advance(1000)
          const got = await results.join()
          expect(ordered ? got : [...got].sort((a, b) => a - b)).toEqual([...latencies.keys()])
          expect(most).toBeLessThanOrEqual(n)
        },
      ),
      { numRuns: 60, seed: 7 },
    )
  })
})

describe('work is', () => {
  const results = <R>(work: (value: number, ctx: Context) => R): Promise<unknown[]> =>
    Promise.resolve(
      collect(background, fromIterable([1, 2, 3]).pipe(workerPool(2, work as (value: number) => unknown, { ordered: true }))).join(),
    )

  it('a value, undefined and null included', async () => {
    expect(await results((i) => (i === 2 ? undefined : i === 3 ? null : i))).toEqual([1, undefined, null])
  })
  it('an array, which is a value', async () => {
    expect(await results((i) => [i, i])).toEqual([[1, 1], [2, 2], [3, 3]]) // prettier-ignore
  })
  it('a promise', async () => {
    expect(await results((i) => Promise.resolve(i * 2))).toEqual([2, 4, 6])
  })
  it('a thenable that is no promise, and calls back twice', async () => {
    const twice = (i: number) => ({
      then(f: (value: number) => void) {
        f(i)
        f(-1)
      },
    })
    expect(await results(twice)).toEqual([1, 2, 3])
  })
  it('an operation', async () => {
    const ch = chan<string>(3)
    for (const s of 'abc') ch.trySend(s)
    expect(await results(() => ch.receive().map((m) => (m._tag === 'Some' ? m.value : '')))).toEqual(['a', 'b', 'c'])
  })
  it('a generator function, run as a goroutine', async () => {
    using clock = virtualTime()
    const all = results(function* (i) {
      yield* sleep(1)
      return i * 10
    })
    await clock.advance(10)
    expect(await all).toEqual([10, 20, 30])
  })
  it('a plain function that answers a generator', async () => {
    function* later(i: number) {
      return i + 0.5
    }
    expect(await results((i) => later(i))).toEqual([1.5, 2.5, 3.5])
  })
  it('an observable: each of its items is a result', async () => {
    expect(await results((i) => of(i, -i))).toEqual([1, -1, 2, -2, 3, -3])
  })
  it('an observable that is empty', async () => {
    expect(await results((i) => (i === 2 ? of() : of(i)))).toEqual([1, 3])
  })
})

describe('the context given to work', () => {
  it('carries the values of the one the pipeline runs under, and ends when the subscriber leaves', async () => {
    const key = contextKey<string>('user')
    const bench = new Bench()
    const g = run(withValue(background, key, 'a'), fromIterable([1]).pipe(workerPool(1, bench.work)))
    await settle()
    expect(bench.ctx?.value(key)).toEqual({ _tag: 'Some', value: 'a' })
    expect(bench.ctx?.signal.aborted).toBe(false)
    g.cancel()
    await settle()
    expect(bench.ctx?.signal.aborted).toBe(true)
  })

  it('once it has ended no work starts, though the pipeline has not had its turn yet', async () => {
    const ctx = withCancel(background)
    const started: number[] = []
    const pipeline = fromIterable([1, 2, 3]).pipe(
      workerPool(3, (i) => {
        started.push(i)
        ctx.cancel('enough')
        return NEVER
      }),
    )
    await expect(run(ctx, pipeline).join()).rejects.toBe('enough')
    expect(started).toEqual([1])
  })

  it('ends with the cause of the context the pipeline runs under', async () => {
    const bench = new Bench()
    const ctx = withCancel(background)
    const g = run(ctx, fromIterable([1]).pipe(workerPool(1, bench.work)))
    await settle()
    ctx.cancel('enough')
    expect(bench.ctx?.cause()).toEqual({ _tag: 'Some', value: 'enough' })
    await expect(g.join()).rejects.toBe('enough')
  })
})

describe('errors', () => {
  const cause = new Error('no')
  const kinds: Record<string, () => unknown> = {
    'a throw': () => {
      throw cause
    },
    'a promise that rejects': () => Promise.reject(cause),
    'a goroutine that throws': function* () {
      yield* sleep(0)
      throw cause
    },
    'an operation that throws': () => {
      const ch = chan()
      ch.close(cause)
      return ch.receive()
    },
    'an observable that fails': () => throwError(() => cause),
  }
  it.each(Object.keys(kinds))('%s is the error of the pipeline, and the siblings are told', async (kind) => {
    let sibling: Context | null = null
    const work = kinds[kind] as (i: number, ctx: Context) => unknown
    const pipeline = fromIterable([1, 2]).pipe(
      workerPool(2, (i, ctx) => {
        if (i === 2) return kind === 'a goroutine that throws' ? (work as () => Generator<never, unknown>)() : work(i, ctx)
        sibling = ctx
        return NEVER
      }),
    )
    await expect(run(background, pipeline).join()).rejects.toBe(cause)
    expect((sibling as Context | null)?.err()._tag).toBe('Some')
  })

  it('the error of the source ends the pool', async () => {
    const bench = new Bench()
    const source = new Subject<number>()
    const g = run(background, source.pipe(workerPool(2, bench.work)))
    await settle()
    source.next(1)
    source.error(cause)
    await expect(g.join()).rejects.toBe(cause)
    expect(bench.ctx?.err()._tag).toBe('Some')
  })

  it('the first error wins, and what fails after it is forgotten', async () => {
    const bench = new Bench()
    const g = run(background, fromIterable([1, 2]).pipe(workerPool(2, bench.work)))
    await settle()
    bench.fail.get(2)?.(cause)
    bench.fail.get(1)?.(new Error('later'))
    await expect(g.join()).rejects.toBe(cause)
  })
})

describe('a subscriber who leaves', () => {
  it('starts no more work; what waits at an operation is withdrawn, goroutines are unwound', async () => {
    const ch = chan<number>()
    const unwound: string[] = []
    const started: number[] = []
    const subscription = fromIterable([0, 1, 2, 3])
      .pipe(
        workerPool<number, unknown>(3, (i) => {
          started.push(i)
          if (i === 0) return ch.receive()
          if (i === 1) return select([ch.receive()])
          return (function* () {
            try {
              yield* ch.receive()
            } finally {
              unwound.push('goroutine')
            }
          })()
        }),
      )
      .subscribe()
    await settle()
    subscription.unsubscribe()
    await settle()
    expect(started).toEqual([0, 1, 2])
    expect(unwound).toEqual(['goroutine'])
    expect(ch.trySend(1)).toBe(false) // nobody waits there any more
  })

  it('between the grant and the delivery gives back what was granted', async () => {
    const ch = chan<number>()
    const subscription = fromIterable([0])
      .pipe(workerPool(1, () => ch.receive()))
      .subscribe()
    await settle()
    ch.trySend(7)
    subscription.unsubscribe()
    expect(await ch.receive()).toEqual({ _tag: 'Some', value: 7 })
  })
})

describe('an item that arrives while the pool is full', () => {
  const cases: [overflow: 'keep' | 'drop-oldest' | 'drop-newest', results: number[]][] = [
    ['keep', [0, 1, 2, 3, 4, 5]],
    ['drop-newest', [0, 1, 2, 3]],
    ['drop-oldest', [0, 1, 4, 5]],
  ]
  it.each(cases)('%s', async (overflow, expected) => {
    const seen: Unpaced[] = []
    const off = onUnpaced((one) => seen.push(one))
    const pool = workerPool(2, (i: number) => Promise.resolve(i), { overflow, name: 'mine' })
    expect(await collect(background, from([0, 1, 2, 3, 4, 5]).pipe(pool)).join()).toEqual(expected)
    expect(await collect(background, from([0, 1, 2, 3, 4, 5]).pipe(pool)).join()).toEqual(expected)
    off()
    expect(seen.map((one) => one.stage)).toEqual(overflow === 'keep' ? ['mine'] : []) // once
    if (overflow === 'keep') expect(seen[0].message).toMatch(/backpressure of stage "mine" is ignored.*relay\(\)/)
  })

  it('error: fails with UnpacedError', async () => {
    const pool = workerPool(2, (i: number) => Promise.resolve(i), { overflow: 'error' })
    await expect(run(background, from([1, 2, 3]).pipe(pool)).join()).rejects.toBeInstanceOf(UnpacedError)
  })

  it('under strictDemand it is an error, whatever the policy', async () => {
    const off = strictDemand()
    await expect(run(background, from([1, 2, 3]).pipe(workerPool(2, (i) => Promise.resolve(i)))).join()).rejects.toThrow(
      /backpressure of stage "workerPool" is ignored/,
    )
    off()
  })

  it('kept items and synchronous work grow no stack', async () => {
    const off = onUnpaced(() => {})
    const gate = chan<void>()
    let count = 0
    const pipeline = from(Array.from({ length: 50_000 }, (_, i) => i)).pipe(
      workerPool<number, unknown>(1, (i) => (i === 0 ? gate.receive() : i)),
    )
    const g = run(background, pipeline.pipe(workerPool(1, () => count++)))
    await settle()
    go(() => gate.send())
    await g.join()
    off()
    expect(count).toBe(50_000)
  })
})

describe('bad input throws at once, and names the value', () => {
  it.each([[0], [1.5], [-1], [NaN], ['2']])('n of %s', (n) => {
    expect(() => workerPool(n as number, (i) => i)).toThrow(/workerPool\(n\): expected a whole number from 1 up, got/)
  })
  it('work that is no function', () => {
    expect(() => workerPool(1, 3 as unknown as () => number)).toThrow(/workerPool\(n, work\): expected a function, got 3/)
  })
})

describe('work that is none', () => {
  const failed = (work: (i: number) => unknown): Promise<unknown> =>
    Promise.resolve(run(background, fromIterable([1]).pipe(workerPool(1, work))).join()).catch((cause: unknown) => cause)
  it('an async generator, or the handle of a goroutine: an error that says what to do', async () => {
    expect(
      await failed(async function* () {
        yield 1
      }),
    ).toMatchObject({ message: expect.stringMatching(/^the result of a worker: expected .*fromIterable\(\), got/) as string })
    expect(await failed(() => go(() => 1))).toMatchObject({
      message: expect.stringMatching(/its join\(\), got an instance of Task/) as string,
    })
  })
  it('a generator that yields something of its own', async () => {
    expect(
      await failed(function* () {
        yield 1 as never
      }),
    ).toMatchObject({ message: expect.stringMatching(/yielded 1: only operations may be yielded/) as string })
  })
  it('a promise that never settles: the pool waits, and the end of the context ends it', async () => {
    const ctx = withCancel(background)
    const g = run(ctx, fromIterable([1]).pipe(workerPool(1, () => new Promise(() => {}))))
    await settle()
    ctx.cancel('enough')
    await expect(g.join()).rejects.toBe('enough')
  })
})

it('a pipeline run within a worker is its own: no demand of the outer reaches it', async () => {
  const outer = fromIterable([1, 2, 3, 4]).pipe(
    workerPool(2, () => all(fromIterable([1, 2, 3]).pipe(workerPool(1, (n) => Promise.resolve(n))))),
    workerPool(1, (n) => Promise.resolve(n)),
  )
  expect(await all(outer)).toEqual([1, 2, 3, 4].map(() => [1, 2, 3]))
})

describe('observables of workers that ignore demand', () => {
  const kinds: Record<string, (x: number) => Observable<number>> = {
    of: (x) => of(x),
    'an operation': (x) => fromOp(() => sleep(1).map(() => x)),
  }
  const below: Record<string, (x: number) => unknown> = { prompt: (x) => Promise.resolve(x), slow: (x) => sleep(5).map(() => x) }
  for (const [kind, work] of Object.entries(kinds))
    for (const [pace, next] of Object.entries(below))
      for (const ordered of [false, true])
        for (const n of [1, 4])
          it(`${n} workers over ${kind}, ${ordered ? 'ordered, ' : ''}above a ${pace} stage: every result, then the end`, async () => {
            using clock = virtualTime()
            const got = collect(background, fromIterable([1, 2, 3]).pipe(workerPool(n, work, { ordered }), workerPool(1, next))).join()
            await clock.advance(100)
            expect(await got).toEqual([1, 2, 3])
          })

  it('an item keeps its slot until its results have left', async () => {
    let taken = 0
    const source = fromIterable([1, 2, 3, 4, 5]).pipe(map((n) => (taken++, n)))
    const g = run(background, source.pipe(workerPool(2, (x) => of(x)), workerPool(1, () => NEVER))) // prettier-ignore
    await settle()
    expect(taken).toBe(3)
    g.cancel()
  })
  it('results beyond the bound are reported, and fail under overflow: error', async () => {
    const seen: string[] = []
    const off = onUnpaced(({ seen: sign }) => seen.push(sign))
    const many = (options?: WorkerPoolOptions) =>
      fromIterable([1]).pipe(workerPool(1, () => of(1, 2, 3), options), workerPool(1, (x) => Promise.resolve(x))) // prettier-ignore
    expect(await collect(background, many()).join()).toEqual([1, 2, 3])
    expect(seen).toEqual(['an observable of a worker emits while the demand below is closed'])
    off()
    await expect(collect(background, many({ overflow: 'error' })).join()).rejects.toThrow(UnpacedError)
  })
  it('an ordered pool needs no stack for the observables that wait', async () => {
    const items = Array.from({ length: 20_000 }, (_, i) => i)
    const work = (n: number) => (n === 0 ? timerOfHost.pipe(map(() => n)) : of(n))
    const timerOfHost = from(hostTurn())
    expect(await collect(background, fromIterable(items).pipe(workerPool(20_000, work, { ordered: true }))).join()).toEqual(items)
  })
  it('an ordered pool restarts an observable that failed', async () => {
    using clock = virtualTime()
    let tries = 0
    const flaky = (x: number) => defer(() => (tries++ < 2 ? throwError(() => new Error('flaky')) : of(x)))
    const got = collect(background, fromIterable([1, 2]).pipe(workerPool(2, flaky, { ordered: true, onFailure: 'restart', schedule: () => 1 }))) // prettier-ignore
    await clock.advance(10)
    expect(await got.join()).toEqual([1, 2])
  })
})
