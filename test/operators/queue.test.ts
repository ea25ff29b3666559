/** queue: the four policies, and the bound. */
import { background } from 'millrace'
import { collect, fromIterable, onUnpaced, queue, QueueFullError, workerPool } from 'millrace/operators'
import { from, NEVER, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

/** Counts what was taken from it. */
function counted(n: number): { taken: number; items: Generator<number> } {
  const it = { taken: 0, items: items() }
  function* items(): Generator<number> {
    while (it.taken < n) yield it.taken++
  }
  return it
}

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

describe('queue', () => {
  it('block: takes n ahead of the stage below, and no more', async () => {
    const source = counted(100)
    const subscription = fromIterable(source.items)
      .pipe(
        queue(3),
        workerPool(1, () => NEVER),
      )
      .subscribe()
    await settle()
    expect(source.taken).toBe(4)
    subscription.unsubscribe()
  })

  const lossy: [policy: 'drop-oldest' | 'drop-newest', expected: number[]][] = [
    ['drop-oldest', [1, 4, 5]],
    ['drop-newest', [1, 2, 3]],
  ]
  it.each(lossy)('%s: takes from any source, and warns of nothing', async (policy, expected) => {
    const warned: unknown[] = []
    const off = onUnpaced((one) => warned.push(one))
    const pipeline = from([1, 2, 3, 4, 5]).pipe(
      queue(2, policy),
      workerPool(1, (i) => Promise.resolve(i)),
    )
    expect(await all(pipeline)).toEqual(expected)
    off()
    expect(warned).toEqual([])
  })

  it('error: fails when an item finds it full', async () => {
    const pipeline = from([1, 2, 3, 4]).pipe(
      queue(2, 'error', { name: 'inbox' }),
      workerPool(1, (i) => Promise.resolve(i)),
    )
    const failed = await all(pipeline).catch((cause: unknown) => cause)
    expect(failed).toBeInstanceOf(QueueFullError)
    expect(String(failed)).toMatch(/"inbox" is full: 2 items wait/)
  })

  it('refuses what is no size and no policy', () => {
    expect(() => queue(0)).toThrow(/got 0/)
    expect(() => queue(1, 'drop' as never)).toThrow(/queue\(n, policy\): expected .*, got "drop"/)
  })
})
