/** windowsByTime: windows by the clock. */
import { background } from 'millrace'
import { collect, fromIterable, type TimeWindow, windowsByTime } from 'millrace/operators'
import { from, map, NEVER, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

describe('windowsByTime', () => {
  const start = Date.UTC(2000, 0, 1)
  const brief = ({ start: from, end, items }: TimeWindow<number>) => [from - start, end - start, ...items]

  it('puts each item into the window of its time, by the clock, and leaves out empty ones', async () => {
    using clock = virtualTime()
    const source = new Subject<number>()
    const got: unknown[] = []
    source.pipe(windowsByTime({ ms: 10, most: 3 })).subscribe({ next: (w) => got.push(brief(w)), complete: () => got.push('end') })
    await clock.advance(4)
    source.next(1)
    await clock.advance(5)
    source.next(2)
    expect(got).toEqual([])
    await clock.advance(1)
    expect(got).toEqual([[0, 10, 1, 2]])
    await clock.advance(25)
    source.next(3)
    source.complete()
    expect(got.slice(1)).toEqual([[30, 40, 3], 'end']) // prettier-ignore
    expect(clock.waiting).toBe(0)
  })
  it('a full one goes at once, what comes then is another part of it', async () => {
    using clock = virtualTime()
    const got = collect(background, fromIterable([1, 2, 3, 4, 5]).pipe(windowsByTime({ ms: 10, most: 2 }), map(brief)))
    await clock.advance(10)
    expect(await got.join()).toEqual([[0, 10, 1, 2], [0, 10, 3, 4], [0, 10, 5]]) // prettier-ignore
  })
  it('a timer that is late mixes no windows', async () => {
    using clock = virtualTime()
    const source = new Subject<number>()
    const got: unknown[] = []
    source.pipe(windowsByTime({ ms: 10, most: 9 })).subscribe((w) => got.push(brief(w)))
    source.next(1)
    clock.block(15)
    source.next(2)
    await clock.advance(10)
    expect(got).toEqual([[0, 10, 1], [10, 20, 2]]) // prettier-ignore
  })
  it('leaves no timer behind, and refuses what is no time', async () => {
    using clock = virtualTime()
    const subscription = from([1]).pipe(windowsByTime({ ms: 10, most: 9 })).subscribe() // prettier-ignore
    subscription.unsubscribe()
    NEVER.pipe(windowsByTime({ ms: 10, most: 9 }))
      .subscribe()
      .unsubscribe()
    await settle()
    expect(clock.waiting).toBe(0)
    for (const ms of [0, -1, NaN, Infinity]) expect(() => windowsByTime({ ms, most: 1 })).toThrow(/windowsByTime\(\{ ms \}\): expected/)
    expect(() => windowsByTime({ ms: 1, most: 0 })).toThrow(/\{ most \}/)
  })
})
