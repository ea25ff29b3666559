/** progress: reports of the items, their rate and the time left. */
import { background, newTimer, sleep } from 'millrace'
import { fromGoroutine, fromIterable, progress, run, type Progress } from 'millrace/operators'
import { bubble, marbles } from 'millrace/testing'
import { Subject, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { time } from '../../src/runtime/scheduler/timers.js'

const every = (ms: number, n: number) =>
  fromGoroutine<number>(function* (emit) {
    for (let i = 0; i < n; i++) {
      yield* sleep(ms)
      yield* emit.send(i)
    }
  })

async function reports(source: ReturnType<typeof every>, options?: Parameters<typeof progress>[1]): Promise<Progress[]> {
  const seen: Progress[] = []
  await bubble(function* () {
    yield* run(background, source.pipe(progress((report) => seen.push(report), options))).join().attempt() // prettier-ignore
    expect(time.timers.size).toBe(0)
  })
  return seen
}

describe('progress', () => {
  it('passes items at once', () =>
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('                                    a-(bc)-d|')
      expectObservable(source.pipe(progress(() => {}))).toBe(' a-(bc)-d|')
      expectSubscriptions(source.subscriptions).toBe('         ^-------!')
      expectObservable(cold('a-#').pipe(progress(() => {}))).toBe('a-#')
    }))
  it('reports the items, the rate and the time left, and once at the end', async () => {
    const seen = await reports(every(100, 30), { total: 30, every: 950 })
    expect(seen.map(({ items, elapsed, isOver }) => [items, elapsed, isOver])).toEqual([[10, 1050, false], [20, 2050, false], [30, 3000, true]]) // prettier-ignore
    for (const { rate } of seen) expect(Math.abs(rate - 10)).toBeLessThan(0.5)
    const left = seen.map((report) => report.left as number)
    expect(left.map((ms) => Math.round(ms / 300))).toEqual([7, 3, 0])
  })
  it('without a total the time left is not known', async () => {
    expect((await reports(every(10, 3), { every: 15 })).map(({ total, left }) => [total, left])).toEqual([[null, null], [null, null]]) // prettier-ignore
  })
  it('an empty source has one report; more items than the total have no time left', async () => {
    expect(await reports(every(1, 0), { total: 0 })).toEqual([{ items: 0, total: 0, elapsed: 0, rate: 0, left: null, isOver: true }])
    expect((await reports(every(1, 5), { total: 3 })).at(-1)).toMatchObject({ items: 5, total: 3, left: 0, isOver: true })
  })
  it('the last report comes before an error', async () => {
    const boom = new Error('boom')
    const fails = fromGoroutine<number>(function* (emit) {
      yield* emit.send(1)
      throw boom
    })
    expect(await reports(fails)).toMatchObject([{ items: 1, isOver: true }])
  })
  it('a burst sets one timer, and a pipeline that stands still none', () =>
    bubble(function* () {
      let seen = 0
      const source = new Subject<number>()
      const subscription = source.pipe(progress(() => seen++, { every: 10 })).subscribe()
      expect(time.timers.size).toBe(0)
      for (let i = 0; i < 1000; i++) source.next(i)
      expect([time.timers.size, seen]).toEqual([1, 0])
      yield* newTimer(500).fired()
      expect([time.timers.size, seen]).toEqual([0, 1])
      source.next(1)
      subscription.unsubscribe()
      expect([time.timers.size, seen]).toEqual([0, 1])
    }))
  it('each subscription counts by itself, and take gets no last report', async () => {
    const seen: number[] = []
    const counted = fromIterable([1, 2, 3]).pipe(progress(({ items }) => seen.push(items)))
    await run(background, counted).join()
    await run(background, counted.pipe(take(2))).join()
    await run(background, counted).join()
    expect(seen).toEqual([3, 3])
  })
  it('an error of report ends the pipeline: from the timer, and at the end', async () => {
    const boom = new Error('boom')
    const fails = () => {
      throw boom
    }
    await bubble(function* ({ now }) {
      expect(yield* run(background, every(10, 9).pipe(progress(fails, { every: 15 }))).join().attempt()).toMatchObject({ left: boom }) // prettier-ignore
      expect(now()).toBe(25)
      expect(yield* run(background, fromIterable([1]).pipe(progress(fails))).join().attempt()).toMatchObject({ left: boom }) // prettier-ignore
    })
  })
  it.each([
    [[5], 'progress(report): expected a function, got 5'],
    [[Number, { total: -1 }], 'progress(report, { total }): expected a whole number from 0 up, got -1'],
    [[Number, { total: '9' }], 'progress(report, { total }): expected a whole number from 0 up, got "9"'],
    [[Number, { every: -1 }], 'progress(report, { every }): expected a number of ms from 0 up, got -1'],
    [[Number, { every: NaN }], 'progress(report, { every }): expected a number of ms, got NaN'],
  ])('refuses %o', (args, message) => {
    expect(() => progress(...(args as Parameters<typeof progress>))).toThrow(message)
  })
})
