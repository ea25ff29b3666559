/** conflate: the latest item wins while the stage below is busy. */
import { background, chan, go, rateLimiter, sleep } from 'millrace'
import { bounds, conflate, fromIterable, fromReceiver, onUnpaced, rateLimit, run, trailOf, workerPool } from 'millrace/operators'
import { bubble, marbles } from 'millrace/testing'
import fc from 'fast-check'
import { of, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { doesAs } from '../support/latest-model.js'

const taking = (ms: number) =>
  function* (item: string) {
    yield* sleep(ms)
    return item
  }

describe('conflate', () => {
  it('passes items at once to a stage that takes them', () =>
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('                               a-b(cd)-|')
      expectObservable(source.pipe(conflate())).toBe('    a-b(cd)-|')
      expectSubscriptions(source.subscriptions).toBe('    ^-------!')
    }))
  it('holds the latest while the stage below is busy, and completes after it', () =>
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('                                                       abcd-|')
      expectObservable(source.pipe(conflate(), workerPool(1, taking(5)))).toBe('  -----a----(d|)')
      expectSubscriptions(source.subscriptions).toBe('                            ^----!')
    }))
  it('an error of the source follows the item that waits', () =>
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('abc#').pipe(conflate(), rateLimit(rateLimiter(200, 1)))).toBe('a----b----(c#)')
    }))
  it('combines the item that waits with the newer item: nothing is lost', () =>
    marbles(({ cold, expectObservable }) => {
      const source = cold('abcd-|').pipe(
        conflate((held, next) => held + next),
        workerPool(1, taking(5)),
      )
      expectObservable(source).toBe('-----a----(x|)', { a: 'a', x: 'bcd' })
    }))
  it('does as its model', () =>
    doesAs(() => [conflate<number>(), { arrive: (at, value, held) => ({ value, dueAt: held?.dueAt ?? at }), ended: (_, held) => held }]))
  it('a sum that is conflated is the sum of all, whatever the pace', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { maxLength: 20 }), fc.nat(4), async (gaps, busy) => {
        let sum = 0
        await bubble(function* () {
          const items = chan<number>()
          go(function* () {
            for (const gap of gaps) {
              yield* sleep(gap)
              yield* items.send(gap)
            }
            items.close()
          })
          function* add(n: number) {
            yield* sleep(busy)
            sum += n
          }
          yield* run(background, fromReceiver(items).pipe(conflate((a, b) => a + b), workerPool(1, add))).join() // prettier-ignore
        })
        expect(sum).toBe(gaps.reduce((a, b) => a + b, 0))
      }),
      { numRuns: 100, seed: 1 },
    ))
  it('never pauses its source, and no source ignores it', async () => {
    const unpaced: unknown[] = []
    const off = onUnpaced((one) => unpaced.push(one))
    const seen: number[] = []
    await bubble(function* () {
      const source = new Subject<number>()
      const running = run(
        background,
        source.pipe(
          conflate(),
          workerPool(1, function* (n) {
            yield* sleep(10)
            seen.push(n)
          }),
        ),
      )
      yield* sleep(1)
      for (let i = 0; i < 100_000; i++) source.next(i)
      source.complete()
      yield* running.join()
    })
    off()
    expect([seen, unpaced]).toEqual([[0, 99_999], []]) // prettier-ignore
  })
  it('an error of combine ends the pipeline, and the trail has the position', async () => {
    const boom = new Error('boom')
    const pipeline = of(1, 2, 3, 4).pipe(
      conflate<number>(() => {
        throw boom
      }),
      workerPool(1, () => sleep(1)),
    )
    await expect(run(background, pipeline).join()).rejects.toBe(boom)
    expect(trailOf(boom)).toMatchObject({ stage: 'conflate', position: 2 })
  })
  it('a re-entrant source is in order', () => {
    const source = new Subject<number>()
    const seen: number[] = []
    source.pipe(conflate()).subscribe((n) => {
      seen.push(n)
      if (n < 3) source.next(n + 1)
    })
    source.next(0)
    expect(seen).toEqual([0, 1, 2, 3])
  })
  it('holds one item, and says so', () => {
    expect(String(bounds(fromIterable([1]).pipe(conflate())))).toBe('holds at most 1 item: fromIterable 0, conflate 1')
  })
  it('refuses a combine that is no function', () => {
    expect(() => conflate(1 as never)).toThrow('conflate(combine): expected a function, got 1')
    expect(() => conflate(null, 1 as never)).toThrow('conflate: options: expected an object, got 1')
  })
})
