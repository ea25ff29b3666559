/** fanOut: each item to one branch that has demand. */
import { background, chan, sleep } from 'millrace'
import { collect, fanOut, fromIterable, fromReceiver, run, workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { EMPTY, map, merge, NEVER, type Observable, of, take, tap, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { demandProbe, type Demand } from '../../src/operators/demand/demand.js'
import { settle } from '../support/settle.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

/** Counts what was taken from it. */
function counted(n: number): { taken: number; items: Generator<number> } {
  const it = { taken: 0, items: items() }
  function* items(): Generator<number> {
    while (it.taken < n) yield it.taken++
  }
  return it
}

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

describe('a branch that shares its demand with another source', () => {
  it('passes its demand on when fanOut has no item for it', async () => {
    await bubble(function* () {
      const [jobs, side] = [chan<string>(9), chan<string>(9)]
      const out: string[] = []
      const slow = (ms: number) => workerPool(1, (x: string) => sleep(ms).map(() => x))
      const g = run(
        background,
        fromReceiver(jobs).pipe(
          fanOut(2, (b, i) => (i === 0 ? b.pipe(slow(20)) : merge(b, fromReceiver(side)).pipe(slow(100)))),
          tap((x) => out.push(x)),
        ),
      )
      for (const job of ['a', 'b', 'c']) jobs.trySend(job)
      yield* sleep(5)
      side.trySend('side')
      yield* sleep(1000)
      g.cancel()
      expect(out.sort()).toEqual(['a', 'b', 'c', 'side'])
    })
  })
  it('waits in the demand of each branch at most once, however many items go by', async () => {
    const demands = new Set<Demand>()
    demandProbe.created = (demand) => demands.add(demand)
    await all(fromIterable(Array(500).keys()).pipe(fanOut(10, (b) => b.pipe(workerPool(1, (n) => Promise.resolve(n))))))
    demandProbe.created = null
    expect([...demands].map((demand) => demand.waiters).filter((n) => n > 1)).toEqual([])
  })
})
