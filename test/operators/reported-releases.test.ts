/** Programs from the trackers of p-map, Deno, Node, Reactor, Akka, RxJava, highland and RxJS: who lets go of what, and when. */
import { background, chan, fromPromise, go, onLateFailure, sleep, withCancel, type Op } from 'millrace'
import { batch, broadcast, byKey, collect, decode, fanOut, fromGoroutine, fromIterable, groupByKey, InvalidItemError, mergeFair, queue, retryWith, run, tee, toReceiver, windowsByTime, workerPool, zipBounded, type InvalidItem, type StandardSchema } from 'millrace/operators' // prettier-ignore
import { bubble } from 'millrace/testing'
import {
  catchError,
  EMPTY,
  from,
  map,
  mergeMap,
  of,
  shareReplay,
  take,
  tap,
  throwError,
  type Observable,
  type OperatorFunction,
} from 'rxjs'
import { describe, expect, it } from 'vitest'

const boom = new Error('boom')
const slowly =
  (ms: number) =>
  <T>(item: T): Op<T> =>
    sleep(ms).map(() => item)

/** An async iterable that counts its calls. `fails` rejects the item of that position; `stalls` never comes. */
function counted({ fails = -1, stalls = -1, most = Infinity } = {}) {
  const calls = { next: 0, return: 0 } // race-ok: the test looks from outside, after virtual time
  const iterable: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next() {
        const i = calls.next++
        if (i === fails) return Promise.reject(boom)
        if (i === stalls) return new Promise(() => undefined)
        return Promise.resolve(i < most ? { done: false, value: i } : { done: true, value: undefined })
      },
      return() {
        calls.return++
        return Promise.resolve({ done: true, value: undefined })
      },
    }),
  }
  return { calls, iterable }
}

const lateIn = async (f: () => Promise<void>): Promise<unknown[]> => {
  const late: unknown[] = []
  const off = onLateFailure((cause) => void late.push(cause))
  try {
    await f()
  } finally {
    off()
  }
  return late
}

describe('a pool lets go of its source', () => {
  it('p-map 94: a consumer that leaves ends the pulls, also where the work that is left has no results', () =>
    bubble(function* () {
      const { calls, iterable } = counted()
      const work = (n: number): Observable<number> => (n === 0 ? of(n) : from(new Promise<number>(() => undefined)))
      expect(yield* collect(background, fromIterable(iterable).pipe(workerPool(2, work), take(1))).join()).toEqual([0])
      const before = { ...calls }
      yield* sleep(100)
      expect(calls).toEqual(before)
      expect(calls.next).toBeLessThanOrEqual(3)
      expect(calls.return).toBe(1)
    }))
  it('deno std 7093: an end of the context does not wait for a source that has stalled', () =>
    bubble(function* ({ now }) {
      const { calls, iterable } = counted({ stalls: 2 })
      const ctx = withCancel(background)
      const running = run(ctx, fromIterable(iterable).pipe(workerPool(3, slowly(5))))
      yield* sleep(7)
      const before = now()
      ctx.cancel(boom)
      expect(yield* running.join().attempt()).toMatchObject({ _tag: 'Left', left: boom })
      expect([now() - before, calls.return]).toEqual([0, 1])
    }))
  it('deno std 7093: the error of the source comes, and what is ready before it', () =>
    bubble(function* () {
      const seen: number[] = []
      const { iterable, calls } = counted({ fails: 3 })
      const end = yield* run(background, fromIterable(iterable).pipe(workerPool(2, (n) => n), tap((n) => seen.push(n)))).join().attempt() // prettier-ignore
      expect([end, seen, calls]).toMatchObject([{ left: boom }, [0, 1, 2], { next: 4, return: 0 }])
    }))
  it('deno std 7275: an end of the context is seen after the source has ended, while work is under way', () =>
    bubble(function* () {
      const ctx = withCancel(background)
      const { iterable } = counted({ most: 2 })
      const running = collect(ctx, fromIterable(iterable).pipe(workerPool(2, slowly(10))))
      yield* sleep(5)
      ctx.cancel(boom)
      expect(yield* running.join().attempt()).toMatchObject({ _tag: 'Left', left: boom })
    }))
  it('node 46132: an item begins as soon as any place is free', () =>
    bubble(function* ({ now }) {
      const begun: number[] = []
      const work = (ms: number): Op<void> => {
        begun.push(now())
        return sleep(ms)
      }
      const start = now()
      yield* run(background, fromIterable([200, 500, 100, 300, 600, 60]).pipe(workerPool(3, work))).join()
      expect(begun.map((time) => time - start)).toEqual([0, 0, 0, 100, 200, 400])
    }))
  it('iter-tools: an iterator returns once, whatever ends the pipeline at that moment', () =>
    bubble(function* () {
      const { iterable, calls } = counted()
      const ctx = withCancel(background)
      const leaving = tap((n: number) => {
        if (n === 2) ctx.cancel(boom)
      })
      yield* run(ctx, fromIterable(iterable).pipe(leaving, take(3), broadcast((all) => all.pipe(queue(2))))).join().attempt() // prettier-ignore
      yield* sleep(1)
      expect(calls.return).toBe(1)
    }))
})

describe('slow consumers', () => {
  const items = Array.from({ length: 40 }, (_, i) => i)
  const timed = fromGoroutine<number>(function* (emit) {
    for (const i of items) {
      yield* sleep(i % 7)
      yield* emit.send(i)
    }
  })
  it('reactor-core 2236, 1557: batches by time wait for a slow consumer', () =>
    bubble(function* () {
      const batches = yield* collect(background, timed.pipe(batch({ size: 5, within: 3 }), workerPool(1, slowly(20)))).join()
      expect(batches.flat()).toEqual(items)
    }))
  it('reactor-core 1292: so do windows by time', () =>
    bubble(function* () {
      const windows = yield* collect(background, timed.pipe(windowsByTime({ ms: 4, most: 3 }), workerPool(1, slowly(20)))).join()
      expect(windows.flatMap(({ items }) => items)).toEqual(items)
    }))
  it('effectstream 768: a merge of a fast and a slow source loses nothing', () =>
    bubble(function* () {
      const both = mergeFair(fromIterable(items), timed.pipe(map((n) => n + 100))).pipe(queue(1), workerPool(1, slowly(3)))
      const seen = yield* collect(background, both).join()
      expect(seen.sort((a, b) => a - b)).toEqual([...items, ...items.map((n) => n + 100)])
    }))
  it('RxJava 7100: groups of one item, and room for one group', () =>
    bubble(function* () {
      const groups = fromIterable(Array(100).keys()).pipe(groupByKey((n) => n >> 1, (group) => group.pipe(take(1)), { most: 1 }), queue(3), workerPool(1, slowly(1))) // prettier-ignore
      expect(yield* collect(background, groups).join()).toEqual([...Array(100).keys()])
    }))
  it('RxJava 6974: groups that share their items, and are evicted', () =>
    bubble(function* () {
      const sums = fromIterable(Array(2000).keys()).pipe(
        groupByKey((n) => n % 20, (group) => group.pipe(broadcast((one) => one.pipe(queue(2)), (one) => one.pipe(workerPool(2, slowly(1))))), { most: 5, idle: 1 }), // prettier-ignore
      )
      const seen = yield* collect(background, sums).join()
      expect(seen.sort((a, b) => a - b)).toEqual([...Array(2000).keys()].flatMap((n) => [n, n]))
    }))
})

describe('errors', () => {
  it('reactor-core 2618: the error of an inner source that comes as the outer source completes', () =>
    bubble(function* () {
      const inner = (n: number): Observable<number> =>
        fromGoroutine<number>(function* (emit) {
          yield* emit.send(n)
          if (n === 1) throw boom
        })
      for (const pipeline of [
        fromIterable([1, 2]).pipe(workerPool(2, inner)),
        fromIterable([2, 1]).pipe(mergeMap(inner)),
        fromIterable([1]).pipe(workerPool(1, inner, { ordered: true })),
      ])
        // prettier-ignore
        expect(yield* run(background, pipeline).join().attempt()).toMatchObject({ _tag: 'Left', left: boom })
    }))
  it.each([['fanOut'], ['broadcast'], ['tee']])('an error that a catchError in a branch of %s replaces is reported once', async (stage) => {
    const wrapped = new Error('wrapped')
    const fault = new Error('fault')
    const ends: unknown[] = []
    const wrapping = <T>(branch: Observable<T>): Observable<T> => branch.pipe(catchError((cause: unknown) => throwError(() => Object.assign(wrapped, { cause })))) // prettier-ignore
    const late = await lateIn(() =>
      bubble(function* () {
        const source = fromGoroutine<number>(function* (emit) {
          yield* emit.send(1)
          throw fault
        })
        const split: OperatorFunction<number, number> = stage === 'fanOut' ? fanOut(2, wrapping<number>) : stage === 'tee' ? tee(wrapping<number>) : broadcast((a: Observable<number>) => wrapping(a), (b: Observable<number>) => wrapping(b)) // prettier-ignore
        const end = yield* run(background, source.pipe(split)).join().attempt()
        ends.push(end._tag === 'Left' ? end.left : 'completes')
        yield* sleep(1)
      }),
    )
    expect([ends, late]).toEqual([[expect.toSatisfy((end) => end === fault || end === wrapped)], []])
  })
  it('the letter of an invalid item that waits for its reader at a cancel is a late failure', async () => {
    const late = await lateIn(() =>
      bubble(function* () {
        const letters = chan<InvalidItem>()
        const schema: StandardSchema<number> = { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'bad' }] }) } } // prettier-ignore
        const ctx = withCancel(background)
        const running = run(ctx, fromIterable([1, 2]).pipe(decode(schema, letters)))
        yield* sleep(1)
        ctx.cancel(new Error('over'))
        yield* running.join().attempt()
        yield* sleep(1)
      }),
    )
    expect(late).toEqual([expect.any(InvalidItemError)])
  })
  it('a retry begins positions of commits anew, and commits nothing of the round before', () =>
    bubble(function* () {
      const commits: [number, number][] = []
      let round = 0
      const source = fromGoroutine<number>(function* (emit) {
        const own = round++
        for (const n of [1, 2, 3]) {
          yield* emit.send(n)
          if (own === 0 && n === 2) throw boom
        }
      })
      const keyed = byKey((n: number) => n, 2, slowly(5), { commit: (n: number, position: number) => void commits.push([n, position]) })
      const seen = yield* collect(
        background,
        source.pipe(
          keyed,
          retryWith(({ attempts }) => (attempts < 2 ? 1 : null)),
        ),
      ).join()
      expect([seen, commits]).toEqual([[1, 2, 3], [[1, 0], [2, 1], [3, 2]]]) // prettier-ignore
    }))
})

describe('ends', () => {
  it('highland 124: a merge and a zip of nothing, and of empty sources, end', () =>
    bubble(function* () {
      for (const merged of [mergeFair(), mergeFair(fromIterable([]), EMPTY), zipBounded(fromIterable([]), fromIterable([1]))])
        expect(yield* collect(background, merged as Observable<unknown>).join()).toEqual([])
    }))
  it('highland 691: branches that all leave release the source', () =>
    bubble(function* () {
      const { iterable, calls } = counted()
      const both = fromIterable(iterable).pipe(broadcast((a) => a.pipe(take(1)), (b) => b.pipe(queue(2), take(3)))) // prettier-ignore
      expect((yield* collect(background, both).join()).sort()).toEqual([0, 0, 1, 2])
      expect(calls.return).toBe(1)
    }))
  it('rxjs 6760: take(1) on a replay leaves it for the next subscriber', () =>
    bubble(function* () {
      const shared = fromGoroutine<number>(function* (emit) {
        for (let i = 0; i < 3; i++) {
          yield* emit.send(i)
          yield* sleep(10)
        }
      }).pipe(shareReplay({ bufferSize: 1, refCount: true }))
      const all = collect(background, shared)
      expect(yield* collect(background, shared.pipe(take(1))).join()).toEqual([0])
      yield* sleep(5)
      expect(yield* collect(background, shared.pipe(take(2))).join()).toEqual([0, 1])
      expect(yield* all.join()).toEqual([0, 1, 2])
    }))
  it('a loop over toReceiver that is left releases the source when its context ends, also of a source that has stalled', () =>
    bubble(function* () {
      for (const stalls of [-1, 3]) {
        const { iterable, calls } = counted({ stalls })
        const ctx = withCancel(background)
        const looping = go(async () => {
          for await (const n of toReceiver(fromIterable(iterable).pipe(workerPool(2, slowly(1))), { capacity: 1, ctx })) if (n === 1) break
          ctx.cancel()
        })
        yield* fromPromise(Promise.resolve(looping.join()))
        yield* sleep(5)
        expect(calls.return).toBe(1)
      }
    }))
})
