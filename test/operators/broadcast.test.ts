/** broadcast: each item to every branch; the slowest decides. */
import fc from 'fast-check'
import { background, chan, sleep } from 'millrace'
import { broadcast, fromIterable, queue, run, workerPool } from 'millrace/operators'
import { map, NEVER, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

/** Counts what was taken from it. */
function counted(n: number): { taken: number; items: Generator<number> } {
  const it = { taken: 0, items: items() }
  function* items(): Generator<number> {
    while (it.taken < n) yield it.taken++
  }
  return it
}

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
