/** throttle: at most one item in each span. */
import { background, sleep } from 'millrace'
import { run, throttle, workerPool } from 'millrace/operators'
import { bubble, marbles } from 'millrace/testing'
import { asyncScheduler, Subject, throttleTime } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { doesAs, doesAsRxjs, type Model } from '../support/latest-model.js'

const modelOf = (ms: number, { leading = true, trailing = false } = {}): Model => {
  let end = -1
  return {
    arrive(at, value, held) {
      if (at < end || held !== null) return trailing ? { value, dueAt: held?.dueAt ?? end } : held
      if (leading) return { value, dueAt: at }
      end = at + ms
      return { value, dueAt: end }
    },
    left: (at) => void (end = at + ms),
    ended: (_, held) => held,
  }
}

const edges = [
  {},
  { leading: true, trailing: false },
  { leading: true, trailing: true },
  { leading: false, trailing: true },
] // prettier-ignore

describe('throttle', () => {
  it('passes an item, and then none for the span', () =>
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('                            ab-cd---e|')
      expectObservable(source.pipe(throttle(3))).toBe('a---d---e|')
      expectSubscriptions(source.subscriptions).toBe(' ^--------!')
    }))
  it('with trailing the last item leaves at the end of the span, also before the end', () =>
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('abc----d|').pipe(throttle(4, { trailing: true }))).toBe('           a---c---(d|)')
      expectObservable(cold('abc----d-|').pipe(throttle(4, { leading: false, trailing: true }))).toBe('----c---d|')
      expectObservable(cold('ab#').pipe(throttle(4, { trailing: true }))).toBe('                 a---(b#)')
    }))
  it('without trailing an error and a completion follow at once', () =>
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('ab#').pipe(throttle(4))).toBe('a-#')
      expectObservable(cold('ab|').pipe(throttle(4))).toBe('a-|')
    }))
  it('a subscriber that leaves drops the item', () =>
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('ab----|').pipe(throttle(4, { trailing: true })), '^-!').toBe('a')
    }))
  it.each(edges)('does as its model, with %o', (options) => doesAs(() => [throttle(5.01, options), modelOf(5.01, options)]))
  it.each(edges)('does as throttleTime, where the consumer is fast, with %o', (options) =>
    doesAsRxjs(
      () => throttle(5.01, options),
      () => throttleTime(5.01, asyncScheduler, options),
    ),
  )
  it('two items never leave within a span, however slow the stage below is', async () => {
    const at: number[] = []
    await bubble(function* ({ now }) {
      const source = new Subject<number>()
      function* work() {
        at.push(now())
        yield* sleep(at.length === 1 ? 25 : 1)
      }
      const running = run(background, source.pipe(throttle(10, { trailing: true }), workerPool(1, work)))
      for (let i = 0; i < 60; i++) {
        yield* sleep(1)
        source.next(i)
      }
      source.complete()
      yield* running.join()
    })
    expect(at.length).toBeGreaterThan(3)
    for (let i = 1; i < at.length; i++) expect(at[i] - at[i - 1]).toBeGreaterThanOrEqual(10)
  })
  it.each([
    [0, undefined, 'throttle(ms): expected a number of ms above 0, got 0'],
    [NaN, undefined, 'throttle(ms): expected a number of ms, got NaN'],
    ['5', undefined, 'throttle(ms): expected a number of ms, got "5"'],
    [5, { leading: 1 }, 'throttle(ms, { leading }): expected true or false, got 1'],
    [5, { trailing: 'no' }, 'throttle(ms, { trailing }): expected true or false, got "no"'],
    [5, 'x', 'throttle: options: expected an object, got "x"'],
    [5, { leading: false }, 'expected at least one of them to be true'],
  ])('refuses %s with %o', (ms, options, message) => {
    expect(() => throttle(ms as never, options as never)).toThrow(message)
  })
})
