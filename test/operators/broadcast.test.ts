/** broadcast: each item to every branch; the slowest decides. */
import fc from 'fast-check'
import { background, chan, sleep } from 'millrace'
import {
  broadcast,
  collect,
  fromIterable,
  fromOp,
  fromReceiver,
  onUnpaced,
  queue,
  repeatWith,
  retryWith,
  run,
  type Unpaced,
  workerPool,
} from 'millrace/operators'
import { concat, map, merge, NEVER, type Observable, of, retry, Subject, take, takeUntil, tap } from 'rxjs'
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

describe('a branch without a subscriber', () => {
  /** Fails once, at the item 2. */
  function flaky(): (n: number) => number {
    let hasFailed = false
    return (n) => {
      if (n !== 2 || hasFailed) return n
      hasFailed = true
      throw new Error('once')
    }
  }
  /** The items of the second branch, of 1 to 5. */
  function seenBy(branch: (b: Observable<number>) => Observable<number>): number[] {
    const seen: number[] = []
    run(background, fromIterable([1, 2, 3, 4, 5]).pipe(broadcast((a: Observable<number>) => a, (b: Observable<number>) => branch(b).pipe(tap((n) => seen.push(n)))))) // prettier-ignore
    return seen
  }

  it('is awaited while retryWith or repeatWith is about to subscribe again', async () => {
    using clock = virtualTime()
    const retried = seenBy((b) =>
      b.pipe(
        map(flaky()),
        retryWith(() => 50),
      ),
    )
    const repeated = seenBy((b) =>
      b.pipe(
        take(2),
        repeatWith(({ attempts }) => (attempts < 2 ? 50 : null)),
      ),
    )
    const nested = seenBy((b) =>
      b.pipe(
        map(flaky()),
        retryWith(() => null),
        retryWith(() => 50),
      ),
    )
    await clock.advance(200)
    expect([retried, repeated, nested]).toEqual([[1, 3, 4, 5], [1, 2, 3, 4], [1, 3, 4, 5]]) // prettier-ignore
  })
  it('is awaited before it is first subscribed to, and no longer when its pipeline has ended', async () => {
    using clock = virtualTime()
    const late = seenBy((b) =>
      concat(
        fromOp(() => sleep(50).map(() => 0)),
        b,
      ),
    )
    expect(late).toEqual([])
    await clock.advance(50)
    expect(late).toEqual([0, 1, 2, 3, 4, 5])
    const got = collect(background, fromIterable([1, 2]).pipe(broadcast((a: Observable<number>) => a, () => of(7)))) // prettier-ignore
    expect(await got.join()).toEqual([7, 1, 2])
  })
  it('is not awaited when its subscriber has left, also in a pause of retryWith', async () => {
    using clock = virtualTime()
    const seen: number[] = []
    const stays = (a: Observable<number>): Observable<number> => a.pipe(tap((n) => seen.push(n)))
    const left = (b: Observable<number>): Observable<number> => concat(b.pipe(map(flaky()), retryWith(() => 1e6), takeUntil(timer)), NEVER) // prettier-ignore
    const timer = fromOp(() => sleep(50))
    const g = run(background, fromIterable([1, 2, 3, 4]).pipe(broadcast(stays, left)))
    await clock.advance(49)
    expect(seen).toEqual([1, 2, 3])
    await clock.advance(1)
    expect(seen).toEqual([1, 2, 3, 4])
    g.cancel()
  })
  it('whose pause ends because its subscriber leaves holds nothing up, although its pipeline runs on', async () => {
    using clock = virtualTime()
    const seen: number[] = []
    const failing = map((): number => {
      throw new Error('broken')
    })
    const leave = new Subject<void>()
    const left = (b: Observable<number>): Observable<number> =>
      merge(b.pipe(failing, retryWith(() => 1000), takeUntil(leave)), NEVER) // prettier-ignore
    const g = run(background, fromIterable([1, 2, 3]).pipe(broadcast((a) => a.pipe(tap((n) => seen.push(n))), left)))
    await clock.advance(10)
    expect(seen).toEqual([1, 2]) // the other branch is between two rounds
    leave.next()
    await clock.advance(0)
    expect(seen).toEqual([1, 2, 3])
    g.cancel()
  })
  it('that comes back unannounced has missed items: a warning names it', async () => {
    using clock = virtualTime()
    const seen: Unpaced[] = []
    const off = onUnpaced((unpaced) => seen.push(unpaced))
    const events = chan<number>(3)
    for (const n of [1, 2, 3]) events.trySend(n)
    const back = new Subject<void>()
    const g = run(background, fromReceiver(events).pipe(broadcast((a) => a, (b) => b.pipe(map(flaky()), retry({ delay: () => back }))))) // prettier-ignore
    await clock.advance(0)
    expect(seen).toEqual([])
    back.next()
    await clock.advance(0)
    g.cancel()
    off()
    expect(seen.map(({ message }) => message)).toEqual([
      'millrace: in stage "broadcast" a branch left, subscribed again later, and missed items (1). RxJS\'s retry({ delay }) and repeat({ delay }) do not say that they come back. Use retryWith or repeatWith in the branch, for which the items wait.',
    ])
  })
})
