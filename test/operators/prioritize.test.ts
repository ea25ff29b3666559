/** prioritize: the highest leaves first. */
import { background, sleep } from 'millrace'
import { bounds, collect, fromIterable, onUnpaced, prioritize, run, trailOf, workerPool } from 'millrace/operators'
import { bubble, marbles } from 'millrace/testing'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let off: () => void
beforeEach(() => (off = onUnpaced(() => {}))) // a marble's source is foreign
afterEach(() => off())

const taking = <T>(ms: number) =>
  workerPool(1, function* (item: T) {
    yield* sleep(ms)
    return item
  })
const capitals = (letter: string): number => (letter < 'a' ? 1 : 0)

describe('prioritize', () => {
  it('the highest leaves first, and of the same key the item that came first', () =>
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('                                              abAcB|')
      expectObservable(source.pipe(prioritize(capitals), taking(3))).toBe('---a--A--B--b--(c|)')
      expectSubscriptions(source.subscriptions).toBe('                   ^----!')
    }))
  it('an item passes at once while the stage below takes items', () =>
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('a-(bA)-|').pipe(prioritize(capitals))).toBe('a-(bA)-|')
    }))
  it('an error of the source follows every item', async () => {
    const boom = new Error('boom')
    function* items() {
      yield* [1, 3, 2]
      throw boom
    }
    const seen: number[] = []
    await bubble(function* () {
      function* work(n: number) {
        yield* sleep(1)
        seen.push(n)
      }
      const sent = fromIterable(items()).pipe(prioritize((n) => n))
      const end = yield* run(background, sent.pipe(workerPool(1, work, { onFailure: 'skip' }))).join().attempt() // prettier-ignore
      expect(end).toMatchObject({ left: boom })
    })
    expect(seen.length).toBeLessThanOrEqual(3) // the pool ends its work with the error
  })
  it('pauses its source while it is full', async () => {
    await bubble(function* () {
      let made = 0
      function* items() {
        while (made < 100) yield made++
      }
      const running = run(background, fromIterable(items()).pipe(prioritize((n) => n, { size: 4 }), taking(10))) // prettier-ignore
      yield* sleep(5)
      expect(made).toBe(5)
      running.cancel()
      yield* running.join().attempt()
    })
    expect(bounds(fromIterable([1]).pipe(prioritize(Number, { size: 4 }))).items).toBe(4)
  })
  it('does as a sorted list, whatever comes when', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ key: fc.integer({ min: -2, max: 3 }), gap: fc.nat(3) }), { maxLength: 25 }),
        fc.integer({ min: 1, max: 5 }),
        async (plan, size) => {
          const items = plan.map(({ key }, position) => ({ key, position }))
          const held: typeof items = []
          const order: number[] = []
          await bubble(function* () {
            async function* paced() {
              for (const [i, item] of items.entries()) {
                await sleep(plan[i].gap)
                held.push(item)
                yield item
              }
            }
            const work = workerPool(1, function* (item: (typeof items)[number]) {
              order.push(item.position)
              yield* sleep(2.5)
            })
            yield* run(background, fromIterable(paced()).pipe(prioritize(({ key }) => key, { size }), work)).join() // prettier-ignore
          })
          expect(order.toSorted((a, b) => a - b)).toEqual(items.map(({ position }) => position))
          // Of two items of the same key, the first goes first.
          for (const [i, a] of order.entries())
            for (const b of order.slice(i + 1)) if (items[a].key === items[b].key) expect(a).toBeLessThan(b)
        },
      ),
      { numRuns: 100, seed: 1 },
    ))
  it('a full buffer leaves in the order of a stable sort', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 60 }), async (keys) => {
        await bubble(function* () {
          const items = keys.map((key, position) => ({ key, position }))
          const seen = yield* collect(background, fromIterable(items).pipe(prioritize(({ key }) => key), taking(1))).join() // prettier-ignore
          expect(seen).toEqual([items[0], ...items.slice(1).toSorted((a, b) => b.key - a.key)]) // the first is at work
        })
      }),
      { numRuns: 100, seed: 1 },
    ))
  it('an error of key, and a result that is no number, end the pipeline at the position', async () => {
    const boom = new Error('boom')
    const fails = prioritize<number>((n) => {
      if (n === 2) throw boom
      return n
    })
    await expect(run(background, fromIterable([1, 2]).pipe(fails)).join()).rejects.toBe(boom)
    expect(trailOf(boom)).toMatchObject({ stage: 'prioritize', position: 1 })
    const withKey = (key: unknown) => run(background, fromIterable([1]).pipe(prioritize(() => key as number))).join()
    await expect(withKey(NaN)).rejects.toThrow(new RangeError('prioritize(key): the result of key: expected a number, got NaN'))
    await expect(withKey('high')).rejects.toThrow(new TypeError('prioritize(key): the result of key: expected a number, got "high"'))
  })
  it.each([
    [5, undefined, 'prioritize(key): expected a function, got 5'],
    [Number, { size: 0 }, 'prioritize(key, { size }): expected a whole number from 1 up, got 0'],
    [Number, 7, 'prioritize(key): options: expected an object, got 7'],
  ])('refuses %s, %o', (key, options, message) => {
    expect(() => prioritize(key as never, options as never)).toThrow(message)
  })
})
