/** windowsByCount: windows that overlap, and windows that leave items out. */
import fc from 'fast-check'
import { background } from 'millrace'
import { collect, fromIterable, windowsByCount, workerPool } from 'millrace/operators'
import { bufferCount, from, NEVER, type Observable } from 'rxjs'
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

describe('windowsByCount', () => {
  it('PL-007 bufferCount(3,2) over a..i: [abc],[cde],[efg],[ghi],[i]; pairs; a partial last one at the end', async () => {
    const windows = async (text: string, size: number, every?: number) =>
      (await all(fromIterable(text).pipe(windowsByCount({ size, every })))).map((window) => window.join(''))
    expect(await windows('abcdefghi', 3, 2)).toEqual(['abc', 'cde', 'efg', 'ghi', 'i'])
    expect(await windows('abcdef', 2)).toEqual(['ab', 'cd', 'ef'])
    expect(await windows('abcd', 5)).toEqual(['abcd'])
  })
  it('any size and step: what bufferCount gives', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(30), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), async (n, size, every) => {
        const items = Array.from({ length: n }, (_, i) => i)
        expect(await all(fromIterable(items).pipe(windowsByCount({ size, every })))).toEqual(
          await all(from(items).pipe(bufferCount(size, every))),
        )
      }),
      { numRuns: 100, seed: 11 },
    )
  })
  it('holds `size` items, and pauses its source then', async () => {
    const source = counted(100)
    const subscription = fromIterable(source.items)
      .pipe(
        windowsByCount({ size: 4, every: 2 }),
        workerPool(1, () => NEVER),
      ) // prettier-ignore
      .subscribe()
    await settle()
    expect(source.taken).toBe(6) // the stage below has 0 to 3; 2 to 5 wait to leave, and take all four places
    subscription.unsubscribe()
  })
  it('refuses what is no number of items', () => {
    expect(() => windowsByCount({ size: 0 })).toThrow(/windowsByCount\(\{ size \}\): expected a whole number from 1 up, got 0/)
    expect(() => windowsByCount({ size: 2, every: 1.5 })).toThrow(/\{ every \}.*got 1.5/)
    expect(() => windowsByCount(undefined as never)).toThrow(/got undefined/)
  })
})
