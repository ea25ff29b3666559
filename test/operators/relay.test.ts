/** relay: the scope of the stage below, for a source that a foreign source leads to. */
import { background } from 'millrace'
import { fromIterable, onUnpaced, relay, run, workerPool, type Unpaced } from 'millrace/operators'
import { from, switchMap, tap, type MonoTypeOperatorFunction } from 'rxjs'
import { describe, expect, it } from 'vitest'

describe('relay', () => {
  /** The most items between the source and the end of a pool of 2, and the warnings. */
  async function measure(after: MonoTypeOperatorFunction<number>): Promise<{ most: number; seen: Unpaced['seen'][] }> {
    const seen: Unpaced['seen'][] = []
    const off = onUnpaced((unpaced) => seen.push(unpaced.seen))
    let between = 0
    let most = 0
    const items = (): Iterable<number> => Array.from({ length: 100 }, (_, i) => i)
    const pipeline = from(Promise.resolve(1)).pipe(
      after,
      switchMap(() => fromIterable(items())),
      tap(() => (most = Math.max(most, ++between))),
      workerPool(2, async (i) => {
        await Promise.resolve()
        between--
        return i
      }),
    )
    await run(background, pipeline).join()
    off()
    return { most, seen }
  }

  it('right after a promise: the source that it leads to honors the demand below', async () => {
    expect(await measure(relay())).toEqual({ most: 2, seen: [] })
  })
  it('without it the source runs ahead, and the stage warns', async () => {
    const { most, seen } = await measure(tap())
    expect(most).toBeGreaterThan(2)
    expect(seen).toEqual(['arrival while the demand is closed'])
  })
})
