/** groupByKey: a pipeline for each key, and the end of idle groups. */
import { background, chan, sleep } from 'millrace'
import { batch, collect, fromIterable, fromOp, fromReceiver, groupByKey, retryWith, workerPool } from 'millrace/operators'
import { concat, EMPTY, map, mergeMap, NEVER, type Observable, of, Subject, take, throwError, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { time } from '../../src/runtime/scheduler/timers.js'
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

describe('a group that unsubscribed while its pipeline runs on', () => {
  it('wants no more items, and holds up no other key', async () => {
    const seen: string[] = []
    const subscription = fromIterable(['a1', 'a2', 'b1', 'a3', 'c1'])
      .pipe(
        groupByKey(
          (s) => s[0],
          (group, key) => (key === 'a' ? concat(group.pipe(take(1)), NEVER) : group),
        ),
      ) // prettier-ignore
      .subscribe((s) => seen.push(s))
    await settle()
    subscription.unsubscribe()
    expect(seen).toEqual(['a1', 'b1', 'c1'])
  })
  it('is awaited while retryWith is about to subscribe again', async () => {
    using clock = virtualTime()
    let hasFailed = false
    const flaky = (n: number): number => {
      if (n !== 2 || hasFailed) return n
      hasFailed = true
      throw new Error('once')
    }
    const got = all(fromIterable([1, 2, 3, 4]).pipe(groupByKey(() => 'k', (group) => group.pipe(map(flaky), retryWith(() => 50))))) // prettier-ignore
    await clock.advance(50)
    expect(await got).toEqual([1, 3, 4])
  })
  it('is awaited before it is first subscribed to', async () => {
    using clock = virtualTime()
    const header = fromOp(() => sleep(10).map(() => 0))
    const got = all(fromIterable([1, 2]).pipe(groupByKey(() => 'k', (group) => concat(header, group)))) // prettier-ignore
    await clock.advance(10)
    expect(await got).toEqual([0, 1, 2])
  })
  it('does not stand in the way of a further group', async () => {
    const seen: string[] = []
    const only = (group: Observable<string>, key: string): Observable<string> => (key === 'a' ? concat(group.pipe(take(1)), NEVER) : group)
    const subscription = fromIterable(['a1', 'b1', 'b2', 'c1', 'c2', 'a2', 'd1'])
      .pipe(groupByKey((s) => s[0], only, { most: 2 }))
      .subscribe((s) => seen.push(s))
    await settle()
    subscription.unsubscribe()
    expect(seen).toEqual(['a1', 'b1', 'b2', 'c1', 'c2', 'd1'])
  })
})

describe('an item that waits for its group', () => {
  it('is dropped where the group ends without it, also in a later turn', async () => {
    let begun = 0
    const ended = (): Observable<number> => {
      begun++
      return fromOp(() => sleep(0).map(() => -1))
    }
    expect(await all(fromIterable([1, 2, 3]).pipe(groupByKey(() => 0, ended)))).toEqual([-1, -1, -1])
    expect(begun).toBe(3)
  })
  it('keeps that group from being idle', async () => {
    using clock = virtualTime()
    const seen: string[] = []
    const late = (group: Observable<number>, key: number): Observable<string> => (key === 0 ? group : fromOp(() => sleep(50)).pipe(mergeMap(() => group))).pipe(map((n) => `${key}:${n}`)) // prettier-ignore
    fromIterable([0, 1, 3]).pipe(groupByKey((n) => n % 2, late, { idle: 10 })).subscribe((text) => seen.push(text)) // prettier-ignore
    for (let ms = 0; ms < 200; ms += 5) {
      await clock.advance(5)
      await settle()
    }
    expect(seen).toEqual(['0:0', '1:1', '1:3'])
  })
})

it('leaves no timer where the stage ends while it closes idle groups', async () => {
  using clock = virtualTime()
  const source = new Subject<number>()
  const ended = (group: Observable<number>): Observable<unknown> => group.pipe(toArray())
  source.pipe(groupByKey((n) => n, ended, { idle: 10 }), take(1)).subscribe() // prettier-ignore
  source.next(1)
  await settle()
  await clock.advance(5)
  source.next(2)
  await settle()
  await clock.advance(5)
  await settle()
  expect(time.timers.size).toBe(0)
})
