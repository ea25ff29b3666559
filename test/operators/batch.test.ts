/** batch: arrays by size and by time, within its bound. */
import { background } from 'millrace'
import { batch, collect, fromIterable, workerPool } from 'millrace/operators'
import { EMPTY, NEVER, type Observable, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { time } from '../../src/runtime/scheduler/timers.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

/** Counts what was taken from it. */
function counted(n: number): { taken: number; items: Generator<number> } {
  const it = { taken: 0, items: items() }
  function* items(): Generator<number> {
    while (it.taken < n) yield it.taken++
  }
  return it
}

describe('batch', () => {
  it('goes when it is full, and the last with what there is', async () => {
    expect(await all(fromIterable([1, 2, 3, 4, 5]).pipe(batch({ size: 2 })))).toEqual([[1, 2], [3, 4], [5]]) // prettier-ignore
    expect(await all(EMPTY.pipe(batch({ size: 2 })))).toEqual([])
  })

  it('goes with what it has, `within` after its first item', async () => {
    using clock = virtualTime()
    const source = new Subject<number>()
    const got: unknown[] = []
    source.pipe(batch({ size: 3, within: 10 })).subscribe((items) => got.push([clock.now() - Date.UTC(2000, 0, 1), ...items]))
    source.next(1)
    await clock.advance(4)
    source.next(2)
    await clock.advance(7)
    source.next(3)
    source.next(4)
    source.next(5)
    await clock.advance(20)
    expect(got).toEqual([[10, 1, 2], [11, 3, 4, 5]]) // prettier-ignore
    expect(clock.waiting).toBe(0)
  })

  it('goes when it is full, and its time ends with it: a batch that begins at that moment has its own', async () => {
    using clock = virtualTime()
    const source = new Subject<number>()
    const got: unknown[] = []
    source.pipe(batch({ size: 2, within: 10 })).subscribe((items) => got.push([clock.now() - Date.UTC(2000, 0, 1), ...items]))
    source.next(1)
    time.timers.add(time.timers.now() + 10, () => {
      source.next(2)
      source.next(3)
    })
    await clock.advance(30)
    expect(got).toEqual([[10, 1, 2], [20, 3]]) // prettier-ignore
  })

  it('pauses its source while a full batch waits', async () => {
    const source = counted(100)
    const subscription = fromIterable(source.items)
      .pipe(
        batch({ size: 4 }),
        workerPool(1, () => NEVER),
      )
      .subscribe()
    await settle()
    expect(source.taken).toBe(8)
    subscription.unsubscribe()
  })

  it('leaves no timer when the subscriber leaves', async () => {
    using clock = virtualTime()
    const source = new Subject<number>()
    const subscription = source.pipe(batch({ size: 3, within: 10 })).subscribe()
    source.next(1)
    subscription.unsubscribe()
    expect(clock.waiting).toBe(0)
  })

  it('refuses a size of 0 and a time that is none', () => {
    expect(() => batch({ size: 0 })).toThrow(/batch\(\{ size \}\): expected a whole number from 1 up, got 0/)
    expect(() => batch({ size: 1, within: NaN })).toThrow(/got NaN/)
    expect(() => batch(undefined as never)).toThrow(/batch\(options\): expected { size, within\? }, got undefined/)
  })
})
