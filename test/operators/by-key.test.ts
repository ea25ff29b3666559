/** byKey: order within a key, parallel across keys, its bound, and commits. */
import fc from 'fast-check'
import { background, sleep } from 'millrace'
import { byKey, collect, fromIterable, run } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { NEVER, type Observable, of, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

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

const boom = new Error('boom')

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

describe('byKey commits', () => {
  it('up to the lowest unfinished item, whatever the order in which they end', async () => {
    const finish = new Map<number, () => void>()
    const committed: [item: string, position: number][] = []
    const work = (item: string) => new Promise<void>((resolve) => finish.set(Number(item.slice(1)), resolve))
    const g = run(
      background,
      fromIterable(['a0', 'b1', 'c2', 'a3']).pipe(
        byKey((item) => item[0], 3, work, { commit: (item, position) => committed.push([item, position]) }),
      ),
    )
    const end = async (i: number): Promise<unknown> => {
      await settle()
      finish.get(i)?.()
      await settle()
      return [...committed]
    }
    expect(await end(1)).toEqual([])
    expect(await end(2)).toEqual([])
    expect(await end(0)).toEqual([['c2', 2]])
    expect(await end(3)).toEqual([['c2', 2], ['a3', 3]]) // prettier-ignore
    await g.join()
  })
  it('never past an item that is under way, and holds no more than its bound while one does not end', async () => {
    let taken = 0
    const committed: number[] = []
    const items = (function* () {
      while (taken < 1000) yield taken++
    })()
    const subscription = fromIterable(items)
      .pipe(
        byKey(
          (i) => i,
          2,
          (i) => (i === 3 ? NEVER : i),
          { waiting: 6, commit: (i) => committed.push(i) },
        ),
      ) // prettier-ignore
      .subscribe()
    await settle()
    expect([taken, committed]).toEqual([3 + 8, [0, 1, 2]]) // prettier-ignore
    subscription.unsubscribe()
  })
  it('an item that is skipped is through; a throw of commit is the error', async () => {
    const committed: number[] = []
    const skips = byKey(Number, 2, odd.throws, { onFailure: 'skip', commit: (i: number) => committed.push(i) })
    await all(fromIterable([0, 1, 2, 3]).pipe(skips))
    expect(committed.at(-1)).toBe(3)
    const bad = (): never => {
      throw boom
    }
    await expect(all(of(1).pipe(byKey(Number, 1, (i: number) => i, { commit: bad })))).rejects.toBe(boom)
  })
})

it('a long lane whose first item is slow needs no stack for the items that wait', async () => {
  await bubble(function* () {
    const work = (n: number) => (n === 0 ? sleep(500).map(() => n) : n)
    const results = yield* collect(background, fromIterable(Array(8000).keys()).pipe(byKey(() => 'k', 500, work))).join()
    expect(results).toEqual(Array.from({ length: 8000 }, (_, i) => i))
  })
})
