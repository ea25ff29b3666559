/** sample: the latest item of each span, or at each value of a notifier. */
import { background, chan, go, newTimer, sleep, ticker } from 'millrace'
import { collect, fromIterable, fromReceiver, run, sample, workerPool } from 'millrace/operators'
import { bubble, marbles } from 'millrace/testing'
import { interval, of, sample as rxSample, sampleTime, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { time } from '../../src/runtime/scheduler/timers.js'
import { doesAs, doesAsRxjs } from '../support/latest-model.js'

const nextTick = (at: number, ms: number): number => (Math.floor(at / ms) + 1) * ms

describe('sample', () => {
  it('passes the latest item of each span, counted from the subscription', () =>
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('                          -ab-c-----d--|')
      expectObservable(source.pipe(sample(3))).toBe('---b--c-----d|')
      expectSubscriptions(source.subscriptions).toBe('^------------!')
    }))
  it('the item of the last span is lost at the end', () =>
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('-a-|').pipe(sample(5))).toBe('---|')
      expectObservable(cold('-a-#').pipe(sample(5))).toBe('---#')
    }))
  it('at each value of a notifier: an observable, whose end ends the samples', () =>
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const notifier = cold('                            ---x-xx-|')
      const source = cold('                              -ab-c-----d-|')
      expectObservable(source.pipe(sample(notifier))).toBe('---b-c------|')
      expectSubscriptions(notifier.subscriptions).toBe('^-------!')
      const failing = cold('                             ---#')
      expectObservable(source.pipe(sample(failing))).toBe('---#')
      const long = cold('                                --------------x|')
      expectObservable(source.pipe(sample(long))).toBe(' ------------|')
    }))
  it('the source may end at its subscription: then there is no notifier', () =>
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const notifier = cold('---x|')
      expectObservable(of(1).pipe(sample(notifier))).toBe('|')
      expectSubscriptions(notifier.subscriptions).toBe([])
    }))
  it('at each value of a receiver', async () => {
    const seen: number[] = []
    await bubble(function* () {
      const now = chan<void>()
      const source = new Subject<number>()
      const running = run(
        background,
        source.pipe(
          sample(now),
          workerPool(1, (n) => void seen.push(n)),
        ),
      )
      yield* sleep(1)
      source.next(1)
      source.next(2)
      yield* now.send()
      yield* sleep(1)
      yield* now.send() // no item has come since
      source.next(3)
      yield* now.send()
      now.close()
      source.next(4)
      source.complete()
      yield* running.join()
    })
    expect(seen).toEqual([2, 3])
  })
  it('a notifier is never paused by the stage below', async () => {
    const seen: [number, number][] = []
    await bubble(function* ({ now }) {
      const ticks = ticker(10)
      function* work(n: number) {
        seen.push([now(), n])
        yield* sleep(36)
      }
      function* numbers() {
        for (let i = 1; i <= 12; i++) yield i
      }
      const paced = chan<number>()
      go(function* () {
        for (const n of numbers()) {
          yield* newTimer(8).fired()
          yield* paced.send(n)
        }
        paced.close()
      })
      yield* run(background, fromReceiver(paced).pipe(sample(fromReceiver(ticks)), workerPool(1, work))).join()
      ticks.stop()
    })
    expect(seen.map(([at]) => at)).toEqual([10, 46, 82, 118]) // prettier-ignore
    expect(seen.map(([, n]) => n)).toEqual([1, 5, 10, 12])
  })
  it.each([3.01, 7.01])('does as its model, with %d ms', (ms) =>
    doesAs(() => [
      sample(ms),
      {
        arrive: (at, value, held) => ({ value, dueAt: held?.dueAt ?? nextTick(at, ms) }),
        ended: (at, held) => (held.dueAt > at ? null : held),
      },
    ]),
  )
  it('does as sampleTime and as sample, where the consumer is fast', async () => {
    await doesAsRxjs(
      () => sample(3.01),
      () => sampleTime(3.01),
    )
    await doesAsRxjs(
      () => sample(interval(4.01)),
      () => rxSample(interval(4.01)),
    )
  })
  it('a quiet pipeline has no timer', () =>
    bubble(function* () {
      const source = new Subject<number>()
      const subscription = source.pipe(sample(5)).subscribe()
      expect(time.timers.size).toBe(0)
      source.next(1)
      expect(time.timers.size).toBe(1)
      yield* sleep(100)
      expect(time.timers.size).toBe(0)
      subscription.unsubscribe()
    }))
  it('a source that emits everything at once leaves nothing to a later span', async () => {
    expect(await collect(background, fromIterable([1, 2, 3]).pipe(sample(5))).join()).toEqual([])
  })
  it.each([
    [0, 'sample(every): expected a number of ms above 0, got 0'],
    [NaN, 'sample(every): expected a number of ms, got NaN'],
    ['5', 'sample(every): expected a number of ms, an Observable or a Receiver, got "5"'],
    [undefined, 'sample(every): expected a number of ms, an Observable or a Receiver, got undefined'],
  ])('refuses %s', (every, message) => {
    expect(() => sample(every as never)).toThrow(message)
  })
})
