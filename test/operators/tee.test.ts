/** tee: one more consumer of the items, and both set the pace. */
import { background, chan, rateLimiter, sleep } from 'millrace'
import {
  batch,
  bounds,
  collect,
  conflate,
  fromIterable,
  graph,
  onUnpaced,
  rateLimit,
  run,
  sendTo,
  tee,
  trailOf,
  workerPool,
} from 'millrace/operators'
import { bubble, marbles } from 'millrace/testing'
import { take, tap, throwError, type Observable } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const slowly = (ms: number, into: number[] = []) =>
  workerPool(1, function* (n: number) {
    yield* sleep(ms)
    into.push(n)
    return n
  })

let off: () => void
beforeEach(() => (off = onUnpaced(() => {}))) // a marble's source is foreign
afterEach(() => off())

describe('tee', () => {
  it('passes items to the sink and on, and completes when both have', () =>
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('                                                          ab-c|')
      expectObservable(source.pipe(tee(rateLimit(rateLimiter(1000, 3))))).toBe('     ab-c|')
      expectObservable(source.pipe(tee((branch) => branch.pipe(workerPool(1, () => sleep(3)))))).toBe('a--b--c--|')
      expectSubscriptions(source.subscriptions).toBe(['                              ^---!', '^---!'])
    }))
  it.each([[5, 1], [1, 5]])('a sink that takes %d ms and a stage that takes %d: the slower decides', async (sink, below) => {
    await bubble(function* ({ now }) {
      const aside: number[] = []
      const seen = yield* collect(background, fromIterable([1, 2, 3, 4]).pipe(tee(slowly(sink, aside)), slowly(below))).join()
      expect([seen, aside]).toEqual([[1, 2, 3, 4], [1, 2, 3, 4]]) // prettier-ignore
      expect(now()).toBeLessThanOrEqual(20 + 1)
    })
  }) // prettier-ignore
  it('the source is at most as far ahead as the bound says', async () => {
    await bubble(function* () {
      let made = 0
      let most = 0
      function* items() {
        while (made < 50) yield made++
      }
      const done: number[] = []
      const pipeline = fromIterable(items()).pipe(tee(slowly(3, done)), tap(() => (most = Math.max(most, made - done.length)))) // prettier-ignore
      yield* run(background, pipeline).join()
      expect(bounds(pipeline).items).toBe(2)
      expect(most).toBeLessThanOrEqual(2)
    })
  })
  it('with conflate in front of the sink the pipeline does not wait for it', async () => {
    await bubble(function* ({ now }) {
      const shown: number[] = []
      const seen = yield* collect(background, fromIterable([1, 2, 3, 4]).pipe(tee((branch) => branch.pipe(conflate(), slowly(9, shown))), slowly(2))).join() // prettier-ignore
      expect([seen, shown]).toEqual([[1, 2, 3, 4], [1, 4]]) // prettier-ignore
      expect(now()).toBe(18)
    })
  })
  it('an error of the sink ends the pipeline; an error of the source follows the items in both', async () => {
    const boom = new Error('boom')
    const fails = workerPool(1, (n: number) => {
      if (n === 2) throw boom
      return n
    })
    await expect(run(background, fromIterable([1, 2, 3]).pipe(tee(fails))).join()).rejects.toBe(boom)
    expect(trailOf(boom)).toMatchObject({ stage: 'workerPool', position: 1, passed: ['tee'] })
    const aside = chan<number[]>(9)
    const broken = (source: Observable<number>) => source.pipe(tee((branch) => branch.pipe(batch({ size: 2 }), sendTo(aside))))
    function* items() {
      yield* [1, 2, 3]
      throw boom
    }
    const seen: number[] = []
    await expect(run(background, fromIterable(items()).pipe(broken, tap((n) => seen.push(n)))).join()).rejects.toBe(boom) // prettier-ignore
    expect([seen, aside.size]).toEqual([[1, 2, 3], 2]) // prettier-ignore
  })
  it('a sink that completes early receives no more, and a subscriber that leaves ends the sink', async () => {
    await bubble(function* () {
      const aside: number[] = []
      const ended: string[] = []
      const all = fromIterable([1, 2, 3])
      expect(yield* collect(background, all.pipe(tee((branch) => branch.pipe(take(1), slowly(1, aside))))).join()).toEqual([1, 2, 3])
      expect(aside).toEqual([1])
      yield* run(
        background,
        all.pipe(
          tee((branch) => branch.pipe(tap({ unsubscribe: () => ended.push('left') }))),
          take(1),
        ),
      ).join()
      expect(ended).toEqual(['left'])
    })
  })
  it('is a node of the graph with its sink as a branch', () => {
    const { nodes } = graph(fromIterable([1]).pipe(tee(sendTo(chan(1)), { name: 'audit' })))
    expect(nodes.map(({ name }) => name)).toEqual(['fromIterable', 'audit', 'sendTo'])
  })
  it('refuses a sink that is no operator', async () => {
    expect(() => tee(chan(1) as never)).toThrow('tee(sink): expected an operator such as sendTo(sender), got an instance of Channel')
    await expect(run(background, fromIterable([1]).pipe(tee(() => 5 as never))).join()).rejects.toThrow(TypeError)
    const boom = new Error('boom')
    await expect(run(background, fromIterable([1]).pipe(tee(() => throwError(() => boom)))).join()).rejects.toBe(boom)
  })
})
