/** retryEach: the work on an item begins again, while the others go on. */
import { background, backoff, chan, sleep } from 'millrace'
import { byKey, catchTo, collect, fromIterable, retryEach, run, workerPool, type DeadLetter } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const twice = ({ attempts }: { attempts: number }) => (attempts < 3 ? 10 : null)

/** Work that fails for an item as often as its number says. */
function failing() {
  const failures = new Map<number, number>()
  return function* (item: number) {
    yield* sleep(1)
    const failed = failures.get(item) ?? 0
    failures.set(item, failed + 1)
    if (failed < item) throw new Error(`item ${item}, attempt ${failed + 1}`)
    return item
  }
}

describe('retryEach', () => {
  it('begins the work on the item again, and the other items go on', async () => {
    await bubble(function* ({ now }) {
      const seen: [number, number][] = []
      const work = failing()
      const pipeline = fromIterable([1, 0, 2, 0]).pipe(workerPool(2, work), retryEach(twice), workerPool(1, (n) => void seen.push([now(), n]))) // prettier-ignore
      yield* run(background, pipeline).join()
      expect(seen).toEqual([[1, 0], [12, 1], [13, 0], [24, 2]].toSorted(([a], [b]) => a - b)) // prettier-ignore
    })
  })
  it('an item that is given up ends the pipeline with its last error, or goes to catchTo', async () => {
    await bubble(function* () {
      yield* expectThrow(run(background, fromIterable([5]).pipe(workerPool(1, failing()), retryEach(twice))), 'item 5, attempt 3')
      for (const order of [0, 1]) {
        const dead = chan<DeadLetter>(1)
        const parts = [retryEach<number>(twice), catchTo<number>(dead)]
        const seen = yield* collect(background, fromIterable([5, 1]).pipe(workerPool(1, failing()), parts[order], parts[1 - order])).join()
        expect(seen).toEqual([1])
        expect(dead.size).toBe(1)
      }
    })
  })
  it('holds for byKey and for every stage above; a policy of the stage comes first', async () => {
    await bubble(function* () {
      const seen = yield* collect(background, fromIterable([1, 2]).pipe(byKey((n) => n, 2, failing()), workerPool(1, failing()), retryEach(twice))).join() // prettier-ignore
      expect(seen).toEqual([1, 2])
      const stops = workerPool(1, failing(), { onFailure: 'stop' })
      yield* expectThrow(run(background, fromIterable([1]).pipe(stops, retryEach(twice))), 'item 1, attempt 1')
      const own = workerPool(1, failing(), { onFailure: 'restart', schedule: () => null })
      yield* expectThrow(run(background, fromIterable([1]).pipe(own, retryEach(twice))), 'item 1, attempt 1')
      const skips = workerPool(1, failing(), { onFailure: 'skip' })
      expect(yield* collect(background, fromIterable([1, 9, 2]).pipe(skips, retryEach(twice))).join()).toEqual([1, 2])
    })
  })
  it('the nearest below holds, and none for stages below it', async () => {
    await bubble(function* () {
      const never = retryEach<number>(() => null)
      yield* expectThrow(run(background, fromIterable([1]).pipe(workerPool(1, failing()), never, retryEach(twice))), 'item 1, attempt 1')
      yield* expectThrow(run(background, fromIterable([1]).pipe(retryEach(twice), workerPool(1, failing()))), 'item 1, attempt 1')
    })
  })
  it('a pipeline that a worker runs is its own', async () => {
    await bubble(function* () {
      const inner = (n: number) => run(background, fromIterable([n]).pipe(workerPool(1, failing()))).join()
      let attempts = 0
      const outer = workerPool(1, (n: number) => {
        attempts++
        return inner(n)
      })
      yield* expectThrow(run(background, fromIterable([1]).pipe(outer, retryEach(twice))), 'item 1, attempt 1')
      expect(attempts).toBe(3)
    })
  })
  it('every item is retried as often as it fails, in order where that is promised', () =>
    fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(6), { maxLength: 7 }), fc.integer({ min: 1, max: 3 }), async (items, n) => {
        await bubble(function* () {
          const schedule = backoff({ attempts: 7, first: 1, jitter: 0 })
          const pipeline = fromIterable(items).pipe(workerPool(n, failing(), { ordered: true }), retryEach(schedule))
          expect(yield* collect(background, pipeline).join()).toEqual(items)
        })
      }),
      { numRuns: 50, seed: 1 },
    ))
  it('a cancel ends the pause', async () => {
    await bubble(function* ({ now }) {
      const running = run(
        background,
        fromIterable([1]).pipe(
          workerPool(1, failing()),
          retryEach(() => 1000),
        ),
      )
      yield* sleep(5)
      running.cancel()
      yield* running.join().attempt()
      expect(now()).toBe(5)
    })
  })
  it('refuses a schedule that is no function, and a pause that is no number', async () => {
    expect(() => retryEach(5 as never)).toThrow('retryEach(schedule): expected a function, got 5')
    const pipeline = fromIterable([1]).pipe(
      workerPool(1, failing()),
      retryEach(() => '5' as never),
    )
    await expect(run(background, pipeline).join()).rejects.toThrow('the result of the schedule: expected a number of ms, got "5"')
  })
})

function* expectThrow(running: ReturnType<typeof run>, message: string): Generator<never, void> {
  const end = yield* running.join().attempt()
  expect(end._tag === 'Left' && (end.left as Error).message).toBe(message)
}
