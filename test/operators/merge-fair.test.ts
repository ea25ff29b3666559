/** mergeFair: sources take turns, none starves. */
import { background, onLateFailure } from 'millrace'
import { collect, fromIterable, mergeFair, onUnpaced, workerPool, zipBounded } from 'millrace/operators'
import { concat, from, NEVER, type Observable, of, take, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

/** Counts what was taken from it. */
function counted(n: number): { taken: number; items: Generator<number> } {
  const it = { taken: 0, items: items() }
  function* items(): Generator<number> {
    while (it.taken < n) yield it.taken++
  }
  return it
}

describe('mergeFair', () => {
  it('takes one of each in turn, and starves none', async () => {
    const merged = await all(mergeFair(fromIterable([1, 2, 3]), fromIterable('abcde'), fromIterable(['x', 'y'])))
    expect(merged).toEqual([1, 'a', 'x', 2, 'b', 'y', 3, 'c', 'd', 'e'])
  })
  it('keeps what a source that cannot wait pours in, and says so', async () => {
    const seen: string[] = []
    const off = onUnpaced((one) => seen.push(one.stage))
    expect(new Set(await all(mergeFair(from([1, 2, 3]), fromIterable('ab'))))).toEqual(new Set([1, 2, 3, 'a', 'b']))
    off()
    expect(seen).toEqual(['mergeFair'])
  })
  it('pauses its sources while the stage below is full', async () => {
    const a = counted(100)
    const b = counted(100)
    const subscription = mergeFair(fromIterable(a.items), fromIterable(b.items))
      .pipe(workerPool(2, () => NEVER))
      .subscribe()
    await settle()
    expect([a.taken, b.taken]).toEqual([2, 2])
    subscription.unsubscribe()
  })
  it('completes when all have, fails with the first error, and of none is complete', async () => {
    expect(await all(mergeFair())).toEqual([])
    await expect(
      all(
        mergeFair(
          NEVER,
          throwError(() => 'one'),
        ),
      ),
    ).rejects.toBe('one')
  })
})

it.each<[string, Observable<unknown>]>([
  [
    'mergeFair',
    mergeFair(
      of(1),
      throwError(() => new Error('boom')),
    ),
  ],
  [
    'zipBounded',
    zipBounded(
      of(1),
      concat(
        of(1),
        throwError(() => new Error('boom')),
      ),
    ),
  ],
])('%s: the error that is held is a late failure when the subscriber leaves with the last item', async (_, pipeline) => {
  const late: unknown[] = []
  const off = onLateFailure((failure) => late.push(failure))
  expect(await all(pipeline.pipe(take(1)))).toHaveLength(1)
  await settle()
  off()
  expect(late).toEqual([new Error('boom')])
})
