/** fromReceiver: the values of a channel, as far as there is demand. */
import { background, chan, ticker } from 'millrace'
import { collect, fromReceiver, workerPool } from 'millrace/operators'
import { merge, NEVER, type Observable, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

describe('fromReceiver', () => {
  it('takes nothing before the first turn, and completes with the close', async () => {
    const ch = chan<number>(3)
    for (const i of [1, 2, 3]) ch.trySend(i)
    const got: unknown[] = []
    fromReceiver(ch).subscribe({ next: (v) => got.push(v), complete: () => got.push('end') })
    expect(got).toEqual([])
    ch.close()
    await settle()
    expect(got).toEqual([1, 2, 3, 'end'])
  })

  it('fails with the cause of the close', async () => {
    const ch = chan<number>(1)
    ch.trySend(1)
    ch.close('why')
    const got: unknown[] = []
    fromReceiver(ch).subscribe({ next: (v) => got.push(v), error: (cause) => got.push(cause) })
    await settle()
    expect(got).toEqual([1, 'why'])
  })

  it('gives back what was on its way to a subscriber who left', async () => {
    const ch = chan<number>()
    const subscription = fromReceiver(ch).subscribe()
    await settle()
    ch.trySend(1)
    subscription.unsubscribe()
    expect(await ch.receive()).toEqual({ _tag: 'Some', value: 1 })
  })

  it('gives back the item it holds while the stage below is full', async () => {
    const a = chan<number>()
    const b = chan<number>()
    const subscription = merge(fromReceiver(a), fromReceiver(b))
      .pipe(workerPool(1, () => NEVER))
      .subscribe()
    await settle()
    a.trySend(1)
    await settle()
    expect(b.trySend(2)).toBe(true) // it had demand when it began to wait
    await settle()
    expect(a.trySend(3)).toBe(false)
    subscription.unsubscribe()
    expect(await b.receive()).toEqual({ _tag: 'Some', value: 2 })
  })

  it('takes from any receiver: a ticker', async () => {
    using clock = virtualTime()
    const beat = ticker(10)
    const ticks = all(fromReceiver(beat).pipe(take(3)))
    await clock.advance(100)
    expect((await ticks).map((t) => t - Date.UTC(2000, 0, 1))).toEqual([10, 20, 30])
    beat.stop()
  })
})
