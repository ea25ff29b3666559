/** Windows by count and by time, groups that do not leak, and zip with a bound. */
import { background, chan, sleep } from 'millrace'
import {
  batch,
  bounds,
  collect,
  fromIterable,
  fromReceiver,
  groupByKey,
  onUnpaced,
  windowsByCount,
  windowsByTime,
  workerPool,
  zipBounded,
  type TimeWindow,
} from 'millrace/operators'
import fc from 'fast-check'
import { bufferCount, EMPTY, from, map, NEVER, of, Subject, take, throwError, toArray, zip, type Observable } from 'rxjs'
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

describe('windowsByCount', () => {
  it('PL-007 bufferCount(3,2) over a..i: [abc],[cde],[efg],[ghi],[i]; pairs; a partial last one at the end', async () => {
    const windows = async (text: string, size: number, every?: number) =>
      (await all(fromIterable(text).pipe(windowsByCount({ size, every })))).map((window) => window.join(''))
    expect(await windows('abcdefghi', 3, 2)).toEqual(['abc', 'cde', 'efg', 'ghi', 'i'])
    expect(await windows('abcdef', 2)).toEqual(['ab', 'cd', 'ef'])
    expect(await windows('abcd', 5)).toEqual(['abcd'])
  })
  it('any size and step: what bufferCount gives', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(30), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), async (n, size, every) => {
        const items = Array.from({ length: n }, (_, i) => i)
        expect(await all(fromIterable(items).pipe(windowsByCount({ size, every })))).toEqual(
          await all(from(items).pipe(bufferCount(size, every))),
        )
      }),
      { numRuns: 100, seed: 11 },
    )
  })
  it('holds `size` items, and pauses its source then', async () => {
    const source = counted(100)
    const subscription = fromIterable(source.items)
      .pipe(
        windowsByCount({ size: 4, every: 2 }),
        workerPool(1, () => NEVER),
      ) // prettier-ignore
      .subscribe()
    await settle()
    expect(source.taken).toBe(6) // the stage below has 0 to 3; 2 to 5 wait to leave, and take all four places
    subscription.unsubscribe()
  })
  it('refuses what is no number of items', () => {
    expect(() => windowsByCount({ size: 0 })).toThrow(/windowsByCount\(\{ size \}\): expected a whole number from 1 up, got 0/)
    expect(() => windowsByCount({ size: 2, every: 1.5 })).toThrow(/\{ every \}.*got 1.5/)
    expect(() => windowsByCount(undefined as never)).toThrow(/got undefined/)
  })
})

describe('windowsByTime', () => {
  const start = Date.UTC(2000, 0, 1)
  const brief = ({ start: from, end, items }: TimeWindow<number>) => [from - start, end - start, ...items]

  it('puts each item into the window of its time, by the clock, and leaves out empty ones', async () => {
    using clock = virtualTime()
    const source = new Subject<number>()
    const got: unknown[] = []
    source.pipe(windowsByTime({ ms: 10, most: 3 })).subscribe({ next: (w) => got.push(brief(w)), complete: () => got.push('end') })
    await clock.advance(4)
    source.next(1)
    await clock.advance(5)
    source.next(2)
    expect(got).toEqual([])
    await clock.advance(1)
    expect(got).toEqual([[0, 10, 1, 2]])
    await clock.advance(25)
    source.next(3)
    source.complete()
    expect(got.slice(1)).toEqual([[30, 40, 3], 'end']) // prettier-ignore
    expect(clock.waiting).toBe(0)
  })
  it('a full one goes at once, what comes then is another part of it', async () => {
    using clock = virtualTime()
    const got = collect(background, fromIterable([1, 2, 3, 4, 5]).pipe(windowsByTime({ ms: 10, most: 2 }), map(brief)))
    await clock.advance(10)
    expect(await got.join()).toEqual([[0, 10, 1, 2], [0, 10, 3, 4], [0, 10, 5]]) // prettier-ignore
  })
  it('a timer that is late mixes no windows', async () => {
    using clock = virtualTime()
    const source = new Subject<number>()
    const got: unknown[] = []
    source.pipe(windowsByTime({ ms: 10, most: 9 })).subscribe((w) => got.push(brief(w)))
    source.next(1)
    clock.block(15)
    source.next(2)
    await clock.advance(10)
    expect(got).toEqual([[0, 10, 1], [10, 20, 2]]) // prettier-ignore
  })
  it('leaves no timer behind, and refuses what is no time', async () => {
    using clock = virtualTime()
    const subscription = from([1]).pipe(windowsByTime({ ms: 10, most: 9 })).subscribe() // prettier-ignore
    subscription.unsubscribe()
    NEVER.pipe(windowsByTime({ ms: 10, most: 9 }))
      .subscribe()
      .unsubscribe()
    await settle()
    expect(clock.waiting).toBe(0)
    for (const ms of [0, -1, NaN, Infinity]) expect(() => windowsByTime({ ms, most: 1 })).toThrow(/windowsByTime\(\{ ms \}\): expected/)
    expect(() => windowsByTime({ ms: 1, most: 0 })).toThrow(/\{ most \}/)
  })
})

describe('groupByKey', () => {
  const label = (group: Observable<number>, key: number) => group.pipe(map((n) => `${key}:${n}`))

  it('builds a pipeline for each key, and lets the results come together', async () => {
    expect(await all(fromIterable([0, 1, 2, 3, 4]).pipe(groupByKey((n) => n % 2, label)))).toEqual(['0:0', '1:1', '0:2', '1:3', '0:4'])
    const pairs = fromIterable([0, 1, 2, 3, 4]).pipe(groupByKey((n) => n % 2, (group) => group.pipe(batch({ size: 2 })))) // prettier-ignore
    expect(await all(pairs)).toEqual([[0, 2], [1, 3], [4]]) // prettier-ignore
    expect(await all(EMPTY.pipe(groupByKey((n: number) => n, label)))).toEqual([])
  })
  it('a group that is full pauses the source', async () => {
    const source = counted(100)
    const subscription = fromIterable(source.items)
      .pipe(
        groupByKey(
          (n) => n % 2,
          (group, key) => group.pipe(workerPool(1, () => (key === 0 ? NEVER : 1))),
        ),
      ) // prettier-ignore
      .subscribe()
    await settle()
    expect(source.taken).toBe(3) // 0 is under way, 1 was done, 2 is held
    subscription.unsubscribe()
  })
  it('a million keys leave nothing: at most `most` groups at a time, the idlest goes', async () => {
    let open = 0
    let most = 0
    const counts = fromIterable(counted(20_000).items).pipe(
      groupByKey(
        (n) => n % 5000,
        (group) => {
          most = Math.max(most, ++open)
          return group.pipe(
            toArray(),
            map((items) => {
              open--
              return items.length
            }),
          )
        },
        { most: 10 },
      ),
    )
    const lengths = await all(counts)
    expect([lengths.reduce((a, b) => a + b), lengths.length, most, open]).toEqual([20_000, 20_000, 10, 0])
  })
  it('waits for the end of the group it completed, before it begins another', async () => {
    using clock = virtualTime()
    let running = 0
    let most = 0
    const pipeline = fromIterable(counted(20).items).pipe(
      groupByKey(
        (n) => n % 5,
        (group) =>
          group.pipe(
            workerPool(1, function* (n) {
              most = Math.max(most, ++running)
              yield* sleep(10)
              running--
              return n
            }),
          ),
        { most: 2 },
      ),
    )
    const g = collect(background, pipeline)
    await clock.advance(1000)
    expect([(await g.join()).length, most]).toEqual([20, 2])
  })
  it('completes the group that was idle longest, not the one begun first', async () => {
    const built: number[] = []
    const build = (group: Observable<number>, key: number) => {
      built.push(key)
      return group
    }
    await all(fromIterable([0, 1, 0, 2, 0]).pipe(groupByKey((n: number) => n, build, { most: 2 })))
    expect(built).toEqual([0, 1, 2])
  })
  it('completes a group that was idle for `idle` ms; the next item of the key begins a new one', async () => {
    using clock = virtualTime()
    const source = chan<number>()
    const got: unknown[] = []
    const subscription = fromReceiver(source)
      .pipe(
        groupByKey(
          (n) => n % 2,
          (group) => group.pipe(toArray()),
          { idle: 100 },
        ),
      ) // prettier-ignore
      .subscribe((items) => got.push(items))
    await settle()
    const send = async (n: number, then: number) => {
      source.trySend(n)
      await clock.advance(then)
    }
    await send(0, 60)
    await send(1, 60)
    expect(got).toEqual([[0]])
    await send(1, 60)
    await send(0, 60)
    expect(got).toEqual([[0], [1, 1]]) // prettier-ignore
    subscription.unsubscribe()
    expect(clock.waiting).toBe(0)
  })
  it('a group that has had enough ends, and the next item of its key begins a new one', async () => {
    expect(
      await all(
        fromIterable([1, 1, 1]).pipe(
          groupByKey(
            (n: number) => n,
            (group) => group.pipe(take(1)),
          ),
        ),
      ),
    ).toEqual([1, 1, 1])
    expect(
      await all(
        fromIterable([1, 1]).pipe(
          groupByKey(
            (n: number) => n,
            () => EMPTY,
          ),
        ),
      ),
    ).toEqual([])
  })
  it('the error of a group, of build, of key or of the source is the error', async () => {
    const boom = (): never => {
      throw new Error('boom')
    }
    await expect(
      all(
        of(1).pipe(
          groupByKey(
            (n: number) => n,
            () => throwError(() => 'group'),
          ),
        ),
      ),
    ).rejects.toBe('group')
    await expect(all(of(1).pipe(groupByKey((n: number) => n, boom)))).rejects.toThrow('boom')
    await expect(all(of(1).pipe(groupByKey(boom, label)))).rejects.toThrow('boom')
    await expect(all(throwError(() => 'source').pipe(groupByKey((n: number) => n, label)))).rejects.toBe('source')
    expect(() => groupByKey((n: number) => n, label, { most: 0 })).toThrow(/groupByKey\(…, { most }\)/)
  })
})

describe('zipBounded', () => {
  it('gives what zip gives', async () => {
    const lists = [[1, 2, 3], ['a', 'b'], [true, false, true, false]] as const // prettier-ignore
    const ours = await all(zipBounded(fromIterable(lists[0]), fromIterable(lists[1]), fromIterable(lists[2])))
    expect(ours).toEqual(await all(zip(...lists.map((list) => from(list)))))
    expect(await all(zipBounded())).toEqual([])
    expect(await all(zipBounded(NEVER, EMPTY))).toEqual([])
  })
  it('a source that is ahead waits with one item in hand, and all wait for the stage below', async () => {
    const fast = counted(100)
    const slow = chan<string>()
    const subscription = zipBounded(fromIterable(fast.items), fromReceiver(slow)).pipe(workerPool(1, () => NEVER)).subscribe() // prettier-ignore
    await settle()
    expect(fast.taken).toBe(1)
    slow.trySend('a')
    await settle()
    expect(fast.taken).toBe(2)
    slow.trySend('b')
    await settle()
    expect([fast.taken, slow.trySend('c')]).toEqual([2, false])
    subscription.unsubscribe()
  })
  it('keeps what a source that cannot wait pours in, and says so; the first error is its error', async () => {
    const seen: string[] = []
    const off = onUnpaced((one) => seen.push(one.stage))
    expect(await all(zipBounded(from([1, 2]), fromIterable('ab')))).toEqual([[1, 'a'], [2, 'b']]) // prettier-ignore
    off()
    expect(seen).toEqual(['zipBounded'])
    await expect(all(zipBounded(NEVER, throwError(() => 'one')))).rejects.toBe('one') // prettier-ignore
  })
  it('is bounded, and bounds says so', () => {
    expect(String(bounds(zipBounded(fromIterable([1]), fromIterable([1]))))).toMatch(/^holds at most 2 items/)
  })
})
