/** The other stages, each by what it promises; and what `bounds` says of them. */
import { background, chan, rateLimiter, sleep, withCancel } from 'millrace'
import {
  batch,
  bounds,
  broadcast,
  byKey,
  collect,
  fanOut,
  fromIterable,
  fromReceiver,
  mergeFair,
  onUnpaced,
  queue,
  QueueFullError,
  rateLimit,
  relay,
  run,
  sendTo,
  until,
  withContext,
  workerPool,
} from 'millrace/operators'
import fc from 'fast-check'
import { EMPTY, from, map, merge, NEVER, of, share, Subject, take, throwError, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

/** Counts what was taken from it. */
function counted(n: number): { taken: number; items: Generator<number> } {
  const it = { taken: 0, items: items() }
  function* items(): Generator<number> {
    while (it.taken < n) yield it.taken++
  }
  return it
}

describe('batch', () => {
  it('goes when it is full, and the last with what there is', async () => {
    expect(await all(fromIterable([1, 2, 3, 4, 5]).pipe(batch({ size: 2 })))).toEqual([[1, 2], [3, 4], [5]]) // prettier-ignore
    expect(await all(EMPTY.pipe(batch({ size: 2 })))).toEqual([])
  })

  it('goes with what it has, `within` after its first item', async () => {
    using clock = virtualTime()
    const source = new Subject<number>()
    const got: unknown[] = []
    source.pipe(batch({ size: 3, within: 10 })).subscribe((items) => got.push([clock.now() - Date.UTC(2000, 0, 1), ...items]))
    source.next(1)
    await clock.advance(4)
    source.next(2)
    await clock.advance(7)
    source.next(3)
    source.next(4)
    source.next(5)
    await clock.advance(20)
    expect(got).toEqual([[10, 1, 2], [11, 3, 4, 5]]) // prettier-ignore
    expect(clock.waiting).toBe(0)
  })

  it('pauses its source while a full batch waits', async () => {
    const source = counted(100)
    const subscription = fromIterable(source.items)
      .pipe(
        batch({ size: 4 }),
        workerPool(1, () => NEVER),
      )
      .subscribe()
    await settle()
    expect(source.taken).toBe(8)
    subscription.unsubscribe()
  })

  it('leaves no timer when the subscriber leaves', async () => {
    using clock = virtualTime()
    const source = new Subject<number>()
    const subscription = source.pipe(batch({ size: 3, within: 10 })).subscribe()
    source.next(1)
    subscription.unsubscribe()
    expect(clock.waiting).toBe(0)
  })

  it('refuses a size of 0 and a time that is none', () => {
    expect(() => batch({ size: 0 })).toThrow(/batch\(\{ size \}\): expected a whole number from 1 up, got 0/)
    expect(() => batch({ size: 1, within: NaN })).toThrow(/got NaN/)
    expect(() => batch(undefined as never)).toThrow(/batch\(options\): expected { size, within\? }, got undefined/)
  })
})

describe('queue', () => {
  it('block: takes n ahead of the stage below, and no more', async () => {
    const source = counted(100)
    const subscription = fromIterable(source.items)
      .pipe(
        queue(3),
        workerPool(1, () => NEVER),
      )
      .subscribe()
    await settle()
    expect(source.taken).toBe(4)
    subscription.unsubscribe()
  })

  const lossy: [policy: 'drop-oldest' | 'drop-newest', expected: number[]][] = [
    ['drop-oldest', [1, 4, 5]],
    ['drop-newest', [1, 2, 3]],
  ]
  it.each(lossy)('%s: takes from any source, and warns of nothing', async (policy, expected) => {
    const warned: unknown[] = []
    const off = onUnpaced((one) => warned.push(one))
    const pipeline = from([1, 2, 3, 4, 5]).pipe(
      queue(2, policy),
      workerPool(1, (i) => Promise.resolve(i)),
    )
    expect(await all(pipeline)).toEqual(expected)
    off()
    expect(warned).toEqual([])
  })

  it('error: fails when an item finds it full', async () => {
    const pipeline = from([1, 2, 3, 4]).pipe(
      queue(2, 'error', { name: 'inbox' }),
      workerPool(1, (i) => Promise.resolve(i)),
    )
    const failed = await all(pipeline).catch((cause: unknown) => cause)
    expect(failed).toBeInstanceOf(QueueFullError)
    expect(String(failed)).toMatch(/"inbox" is full: 2 items wait/)
  })

  it('refuses what is no size and no policy', () => {
    expect(() => queue(0)).toThrow(/got 0/)
    expect(() => queue(1, 'drop' as never)).toThrow(/queue\(n, policy\): expected .*, got "drop"/)
  })
})

describe('byKey', () => {
  it('any keys and latencies: in order within a key, never two of a key at once, never more than n, nothing lost', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ key: fc.nat(3), ms: fc.nat(9) }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(6),
        async (jobs, n, waiting) => {
          using clock = virtualTime()
          const busy = new Set<number>()
          const finished: number[] = []
          let most = 0
          const g = run(
            background,
            fromIterable(jobs.entries()).pipe(
              byKey(
                ([, { key }]) => key,
                n,
                function* ([i, { key, ms }]) {
                  expect(busy.has(key)).toBe(false)
                  busy.add(key)
                  most = Math.max(most, busy.size)
                  yield* sleep(ms)
                  busy.delete(key)
                  finished.push(i)
                },
                { waiting },
              ),
            ),
          )
          await clock.advance(1000)
          await g.join()
          expect(most).toBeLessThanOrEqual(n)
          expect([...finished].sort((a, b) => a - b)).toEqual([...jobs.keys()])
          for (const key of [0, 1, 2, 3]) {
            const ofKey = finished.filter((i) => jobs[i].key === key)
            expect(ofKey).toEqual([...ofKey].sort((a, b) => a - b))
          }
        },
      ),
      { numRuns: 100, seed: 3 },
    )
  })

  it('a slow key holds up the others only when as many as may wait do', async () => {
    const started: number[] = []
    const subscription = fromIterable([0, 0, 0, 1, 2, 0, 0, 3])
      .pipe(
        byKey(
          (k) => k,
          2,
          (k) => {
            started.push(k)
            return k === 0 ? NEVER : k
          },
          { waiting: 2 },
        ),
      )
      .subscribe()
    await settle()
    expect(started).toEqual([0, 1, 2]) // then four of key 0 have all four places, and 3 does not come in
    subscription.unsubscribe()
  })

  it('a throw of key or of work is the error', async () => {
    const boom = (): never => {
      throw new Error('boom')
    }
    await expect(all(of(1).pipe(byKey(boom, 1, (i) => i)))).rejects.toThrow('boom')
    await expect(all(of(1).pipe(byKey((i) => i, 1, boom)))).rejects.toThrow('boom')
  })
})

describe('fanOut', () => {
  it('gives each item to one branch, the next that has demand', async () => {
    const got = await all(fromIterable([0, 1, 2, 3, 4, 5]).pipe(fanOut(3, (b, i) => b.pipe(map((n) => `${i}:${n}`)))))
    expect(got).toEqual(['0:0', '1:1', '2:2', '0:3', '1:4', '2:5'])
  })

  it('passes over a branch that is full, and pauses its source when all are', async () => {
    const source = counted(100)
    const seen: string[] = []
    const subscription = fromIterable(source.items)
      .pipe(
        fanOut(2, (b, i) =>
          b.pipe(
            workerPool(i + 1, (n) => {
              seen.push(`${i}:${n}`)
              return NEVER
            }),
          ),
        ),
      )
      .subscribe()
    await settle()
    expect(seen).toEqual(['0:0', '1:1', '1:2'])
    expect(source.taken).toBe(4) // one is held
    subscription.unsubscribe()
  })

  it('a branch that completes early gets no more; all done completes', async () => {
    const got = await all(fromIterable([0, 1, 2, 3]).pipe(fanOut(2, (b, i) => (i === 0 ? b.pipe(take(1)) : b))))
    expect(got).toEqual([0, 1, 2, 3])
    expect(await all(NEVER.pipe(fanOut(2, () => EMPTY)))).toEqual([])
  })

  it('the error of a branch, of its building, or of the source is its error', async () => {
    await expect(all(of(1).pipe(fanOut(2, () => throwError(() => 'branch'))))).rejects.toBe('branch')
    const bad = (): never => {
      throw new Error('build')
    }
    await expect(all(of(1).pipe(fanOut(2, bad)))).rejects.toThrow('build')
    await expect(all(throwError(() => 'source').pipe(fanOut(2, (b) => b)))).rejects.toBe('source')
  })
})

describe('broadcast', () => {
  it('gives each item to every branch, at the pace of the slowest', async () => {
    const source = counted(100)
    const slow = chan<void>()
    const seen: string[] = []
    const subscription = fromIterable(source.items)
      .pipe(
        broadcast(
          (b: Observable<number>) =>
            b.pipe(
              workerPool(1, function* (n) {
                yield* slow.receive()
                seen.push(`slow ${n}`)
              }),
            ),
          (b: Observable<number>) => b.pipe(map((n) => seen.push(`fast ${n}`))),
        ),
      )
      .subscribe()
    await settle()
    expect([source.taken, seen]).toEqual([2, ['fast 0']]) // prettier-ignore
    slow.trySend()
    await settle()
    expect([source.taken, seen]).toEqual([3, ['fast 0', 'slow 0', 'fast 1']]) // prettier-ignore
    subscription.unsubscribe()
  })

  it('a branch with a queue of its own runs ahead', async () => {
    const source = counted(100)
    const subscription = fromIterable(source.items)
      .pipe(
        broadcast(
          (b: Observable<number>) => b.pipe(queue(2, 'drop-newest'), workerPool(1, () => NEVER)), // prettier-ignore
          (b: Observable<number>) => b,
        ),
      )
      .subscribe()
    await settle()
    expect(source.taken).toBe(100)
    subscription.unsubscribe()
  })

  it('conserves: all branches get all items in order, whatever their pace', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }), fc.nat(20), async (paces, n) => {
        using clock = virtualTime()
        const seen = paces.map((): number[] => [])
        const g = run(
          background,
          fromIterable(counted(n).items).pipe(
            broadcast(
              ...paces.map(
                (ms, i) => (b: Observable<number>) =>
                  b.pipe(
                    workerPool(1, function* (v) {
                      yield* sleep(ms)
                      seen[i].push(v)
                    }),
                  ),
              ),
            ),
          ),
        )
        await clock.advance(1000)
        await g.join()
        for (const one of seen) expect(one).toEqual(Array.from({ length: n }, (_, i) => i))
      }),
      { numRuns: 40, seed: 5 },
    )
  })

  it('needs a branch', () => {
    expect(() => broadcast()).toThrow(/at least one branch/)
  })
})

describe('mergeFair', () => {
  it('takes one of each in turn, and starves none', async () => {
    const merged = await all(mergeFair(fromIterable([1, 2, 3]), fromIterable('abcde'), fromIterable(['x', 'y'])))
    expect(merged).toEqual([1, 'a', 'x', 2, 'b', 'y', 3, 'c', 'd', 'e'])
  })
  it('keeps what a source that cannot wait pours in, and says so', async () => {
    const seen: string[] = []
    const off = onUnpaced((one) => seen.push(one.stage))
    expect(new Set(await all(mergeFair(from([1, 2, 3]), fromIterable('ab'))))).toEqual(new Set([1, 2, 3, 'a', 'b']))
    off()
    expect(seen).toEqual(['mergeFair'])
  })
  it('pauses its sources while the stage below is full', async () => {
    const a = counted(100)
    const b = counted(100)
    const subscription = mergeFair(fromIterable(a.items), fromIterable(b.items))
      .pipe(workerPool(2, () => NEVER))
      .subscribe()
    await settle()
    expect([a.taken, b.taken]).toEqual([2, 2])
    subscription.unsubscribe()
  })
  it('completes when all have, fails with the first error, and of none is complete', async () => {
    expect(await all(mergeFair())).toEqual([])
    await expect(
      all(
        mergeFair(
          NEVER,
          throwError(() => 'one'),
        ),
      ),
    ).rejects.toBe('one')
  })
})

describe('bounds', () => {
  const jobs = chan<number>()
  it('adds up what each stage holds', () => {
    const pipeline = fromReceiver(jobs).pipe(
      map((n) => n + 1),
      rateLimit(rateLimiter(10, 1)),
      workerPool(5, (n) => n, { name: 'enrich' }),
      until(chan()),
      batch({ size: 10 }),
      queue(8, 'drop-oldest'),
      relay(),
      withContext(background),
      sendTo(chan<number[]>()),
    )
    expect(String(bounds(pipeline))).toBe(
      'holds at most 26 items: fromReceiver 1, rateLimit 1, enrich 5, until 0, batch 10, queue 8 (drop-oldest), relay 0, withContext 0, sendTo 1',
    )
  })
  it('counts the stages in branches', () => {
    const two = bounds(fromReceiver(jobs).pipe(fanOut(2, (b) => b.pipe(workerPool(3, (n) => n)))))
    expect(two.items).toBe(1 + 1 + 2 * 3)
    expect(bounds(fromIterable([1]).pipe(broadcast((b: Observable<number>) => b.pipe(queue(4))))).items).toBe(5)
  })
  it('names what it cannot know', () => {
    expect(String(bounds(merge(fromReceiver(jobs), NEVER).pipe(workerPool(1, (n) => n))))).toMatch(
      /^cannot be bounded: a foreign source, .*; known: workerPool 1$/,
    )
    expect(() => bounds(3 as never)).toThrow(/expected an Observable, got 3/)
  })
})

it('a pipeline run within a worker is its own: no demand of the outer reaches it', async () => {
  const outer = fromIterable([1, 2, 3, 4]).pipe(
    workerPool(2, () => all(fromIterable([1, 2, 3]).pipe(workerPool(1, (n) => Promise.resolve(n))))),
    workerPool(1, (n) => Promise.resolve(n)),
  )
  expect(await all(outer)).toEqual([1, 2, 3, 4].map(() => [1, 2, 3]))
})

it('two subscribers of a shared source: the one who stays is not held up by the one who left', async () => {
  const off = onUnpaced(() => {})
  const source = fromIterable([1, 2, 3, 4, 5]).pipe(share())
  const ctx = withCancel(background)
  const stuck = run(ctx, source.pipe(workerPool(1, () => NEVER)))
  const other = all(source)
  await settle()
  ctx.cancel()
  await expect(stuck.join()).rejects.toThrow()
  expect(await other).toEqual([1, 2, 3, 4, 5])
  off()
})
