/** onFailure: stop, skip and restart, for workerPool and byKey. */
import { background, backoff, sleep } from 'millrace'
import { byKey, collect, fromIterable, type OnFailure, workerPool } from 'millrace/operators'
import { type Observable, of, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

/** Fails on odd items, in each of the ways. */
const odd: Record<string, (i: number) => unknown> = {
  throws(i) {
    if (i % 2 === 1) throw boom
    return i
  },
  rejects: (i) => (i % 2 === 1 ? Promise.reject(boom) : Promise.resolve(i)),
  'throws in a generator': function* (i) {
    yield* sleep(0)
    if (i % 2 === 1) throw boom
    return i
  },
  'fails as an observable': (i) => (i % 2 === 1 ? throwError(() => boom) : of(i)),
}

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

const boom = new Error('boom')

describe('onFailure', () => {
  it.each(Object.keys(odd))('skip: the items that fail are passed over, in order or not; work that %s', async (how) => {
    const work = odd[how] as (i: number) => number
    for (const ordered of [true, false]) {
      const pool = workerPool(2, work, { onFailure: 'skip', ordered })
      expect((await all(fromIterable([0, 1, 2, 3, 4, 5]).pipe(pool))).sort()).toEqual([0, 2, 4])
    }
    expect((await all(fromIterable([0, 1, 2, 3]).pipe(byKey((i) => i % 3, 2, work, { onFailure: 'skip' })))).sort()).toEqual([0, 2])
  })

  it('restart: the work is done again, as the schedule says, and the item keeps its place meanwhile', async () => {
    using clock = virtualTime()
    const begun: [item: number, at: number][] = []
    const start = clock.now()
    const pool = workerPool(
      1,
      (i: number) => {
        begun.push([i, clock.now() - start])
        if (i === 1 && begun.length < 4) throw boom
        return i
      },
      { onFailure: 'restart', schedule: ({ attempts }) => 10 * attempts },
    )
    const results = collect(background, fromIterable([1, 2]).pipe(pool))
    await clock.advance(100)
    expect(await results.join()).toEqual([1, 2])
    expect(begun).toEqual([[1, 0], [1, 10], [1, 30], [1, 60], [2, 60]]) // prettier-ignore
  })

  it('restart: stops with the last throw when the schedule says no more; each item is counted by itself', async () => {
    const tries = new Map<number, number>()
    const pool = workerPool(
      1,
      (i: number) => {
        const n = (tries.get(i) ?? 0) + 1
        tries.set(i, n)
        if (n <= i) throw boom
        return i
      },
      { onFailure: 'restart', schedule: ({ attempts }) => (attempts < 3 ? 0 : null) },
    )
    const failed: unknown = await all(fromIterable([1, 2, 3]).pipe(pool)).catch((cause: unknown) => cause)
    expect(failed).toBe(boom)
    expect([...tries.values()]).toEqual([2, 3, 3])
  })

  it('restart: whoever leaves while it waits leaves no timer', async () => {
    using clock = virtualTime()
    const pool = workerPool(1, odd.throws, { onFailure: 'restart', schedule: backoff({ first: 1000 }) })
    const subscription = fromIterable([1]).pipe(pool).subscribe()
    await settle()
    expect(clock.waiting).toBe(1)
    subscription.unsubscribe()
    expect(clock.waiting).toBe(0)
  })

  it('a throw of the schedule is the error', async () => {
    const schedule = (): never => {
      throw new Error('schedule')
    }
    await expect(all(of(1).pipe(workerPool(1, odd.throws, { onFailure: 'restart', schedule })))).rejects.toThrow('schedule')
  })

  it('refuses what is none of them', () => {
    expect(() => workerPool(1, (i) => i, { onFailure: 'resume' as OnFailure })).toThrow(
      /workerPool\(…, { onFailure }\): expected "stop", "skip" or "restart", got "resume"/,
    )
    expect(() => byKey(Number, 1, (i: number) => i, { schedule: 5 as never })).toThrow(
      /byKey\(…, { schedule }\): expected a function, got 5/,
    )
  })
})
