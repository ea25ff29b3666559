/** zipBounded: tuples, with one item of each source in hand. */
import { background, chan } from 'millrace'
import { bounds, collect, fromIterable, fromReceiver, onUnpaced, workerPool, zipBounded } from 'millrace/operators'
import { EMPTY, from, NEVER, type Observable, throwError, zip } from 'rxjs'
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

describe('zipBounded', () => {
  it('gives what zip gives', async () => {
    const lists = [[1, 2, 3], ['a', 'b'], [true, false, true, false]] as const // prettier-ignore
    const ours = await all(zipBounded(fromIterable(lists[0]), fromIterable(lists[1]), fromIterable(lists[2])))
    expect(ours).toEqual(await all(zip(...lists.map((list) => from(list)))))
    expect(await all(zipBounded())).toEqual([])
    expect(await all(zipBounded(NEVER, EMPTY))).toEqual([])
  })
  it('a source that is ahead waits with one item in hand, and all wait for the stage below', async () => {
    const fast = counted(100)
    const slow = chan<string>()
    const subscription = zipBounded(fromIterable(fast.items), fromReceiver(slow)).pipe(workerPool(1, () => NEVER)).subscribe() // prettier-ignore
    await settle()
    expect(fast.taken).toBe(1)
    slow.trySend('a')
    await settle()
    expect(fast.taken).toBe(2)
    slow.trySend('b')
    await settle()
    expect([fast.taken, slow.trySend('c')]).toEqual([2, false])
    subscription.unsubscribe()
  })
  it('keeps what a source that cannot wait pours in, and says so; the first error is its error', async () => {
    const seen: string[] = []
    const off = onUnpaced((one) => seen.push(one.stage))
    expect(await all(zipBounded(from([1, 2]), fromIterable('ab')))).toEqual([[1, 'a'], [2, 'b']]) // prettier-ignore
    off()
    expect(seen).toEqual(['zipBounded'])
    await expect(all(zipBounded(NEVER, throwError(() => 'one')))).rejects.toBe('one') // prettier-ignore
  })
  it('is bounded, and bounds says so', () => {
    expect(String(bounds(zipBounded(fromIterable([1]), fromIterable([1]))))).toMatch(/^holds at most 2 items/)
  })
})
