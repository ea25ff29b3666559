/** debounce: the last item of a burst leaves when no other has come for a while. */
import { background, sleep } from 'millrace'
import { debounce, fromIterable, onUnpaced, run, workerPool } from 'millrace/operators'
import { bubble, marbles } from 'millrace/testing'
import { debounceTime, Subject, Subscription } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { time } from '../../src/runtime/scheduler/timers.js'
import { doesAs, doesAsRxjs } from '../support/latest-model.js'

describe('debounce', () => {
  it('passes the last item of a burst', () =>
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('                               ab-c-----d-------|')
      expectObservable(source.pipe(debounce(3))).toBe('   ------c-----d----|')
      expectSubscriptions(source.subscriptions).toBe('    ^----------------!')
    }))
  it('the item under way leaves before the completion, and before an error', () =>
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('ab|').pipe(debounce(3))).toBe('--(b|)')
      expectObservable(cold('ab#').pipe(debounce(3))).toBe('--(b#)')
      expectObservable(cold('--|').pipe(debounce(3))).toBe('--|')
    }))
  it('a subscriber that leaves drops the item, and no timer is left', () =>
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('a-----|').pipe(debounce(3)), '^-!').toBe('')
    }))
  it('an item that is due waits for the stage below, and a newer item takes its place', () =>
    marbles(({ cold, expectObservable }) => {
      function* taking(item: string) {
        yield* sleep(10)
        return item
      }
      const source = cold('                                               a---b---c---|')
      expectObservable(source.pipe(debounce(1), workerPool(1, taking))).toBe('-----------a---------(c|)')
    }))
  it.each([3.01, 5.01, 0.01])('does as its model, with %d ms', (ms) =>
    doesAs(() => [
      debounce(ms),
      { arrive: (at, value) => ({ value, dueAt: at + ms }), ended: (at, held) => ({ ...held, dueAt: Math.min(at, held.dueAt) }) },
    ]),
  )
  it('does as debounceTime, where the consumer is fast', () =>
    doesAsRxjs(
      () => debounce(4.01),
      () => debounceTime(4.01),
    ))
  it('any source may be above: no warning, and one item is held', async () => {
    const unpaced: unknown[] = []
    const off = onUnpaced((one) => unpaced.push(one))
    const seen: number[] = []
    await bubble(function* () {
      const source = new Subject<number>()
      const running = run(
        background,
        source.pipe(
          debounce(5),
          workerPool(1, (n) => void seen.push(n)),
        ),
      )
      yield* sleep(1)
      for (let i = 0; i < 10_000; i++) source.next(i)
      yield* sleep(6)
      source.next(7)
      source.complete()
      yield* running.join()
    })
    off()
    expect([seen, unpaced]).toEqual([[9999, 7], []]) // prettier-ignore
  })
  it('a burst sets a timer, and a quiet pipeline none', () =>
    bubble(function* ({ wait }) {
      const source = new Subject<number>()
      const subscription = new Subscription()
      subscription.add(source.pipe(debounce(5)).subscribe())
      expect(time.timers.size).toBe(0)
      for (let i = 0; i < 100; i++) source.next(i)
      yield* wait()
      expect(time.timers.size).toBe(1)
      subscription.unsubscribe()
      expect(time.timers.size).toBe(0)
    }))
  it('an item that comes as the time is over begins a new time', async () => {
    const seen: [number, number][] = []
    await bubble(function* ({ now }) {
      const source = new Subject<number>()
      const subscription = source.pipe(debounce(5)).subscribe((n) => seen.push([now(), n]))
      source.next(1)
      yield* sleep(5) // a timer of the same ms
      source.next(2)
      yield* sleep(20)
      subscription.unsubscribe()
    })
    expect(seen.at(-1)).toEqual([10, 2])
  })
  it('passes an endless source of Millrace on without hanging the host', async () => {
    const seen: number[] = []
    await run(background, fromIterable(Array.from({ length: 1000 }, (_, i) => i)).pipe(debounce(0), workerPool(1, (n) => void seen.push(n)))).join() // prettier-ignore
    expect(seen.at(-1)).toBe(999)
  })
  it.each([
    [-1, RangeError, 'debounce(ms): expected a number of ms from 0 up, got -1'],
    [NaN, RangeError, 'debounce(ms): expected a number of ms, got NaN'],
    ['5', TypeError, 'debounce(ms): expected a number of ms, got "5"'],
  ])('refuses %s', (ms, type, message) => {
    expect(() => debounce(ms as never)).toThrow(type)
    expect(() => debounce(ms as never)).toThrow(message)
  })
})
