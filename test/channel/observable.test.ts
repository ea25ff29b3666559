import { some } from 'fp-ts/lib/Option.js'
import { chan, go, ticker, type Receiver } from 'millrace'
import { from, take, toArray, firstValueFrom, Subject, mergeMap, of, takeUntil, lastValueFrom, type Subscribable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { uncaughtIn } from '../support/uncaught.js'
import { virtualTime } from '../support/virtual-time.js'
import { nobody, waitersOf } from '../support/waiters.js'

function filled<T>(...values: readonly T[]) {
  const ch = chan<T>(values.length)
  for (const value of values) ch.trySend(value)
  return ch
}

describe('from(channel)', () => {
  it('emits each received value, and completes when the channel is closed', async () => {
    const ch = filled(1, undefined, null, 2)
    ch.close()
    expect(await firstValueFrom(from(ch).pipe(toArray()))).toStrictEqual([1, undefined, null, 2])
  })

  it('emits nothing while it subscribes', async () => {
    const seen: number[] = []
    from(filled(1)).subscribe((value) => seen.push(value))
    expect(seen).toEqual([])
    await settle()
    expect(seen).toEqual([1])
  })

  it('fails with the cause of the close after the buffered values', async () => {
    const ch = filled(1)
    const cause = new Error('the source broke')
    ch.close(cause)
    const seen: unknown[] = []
    from(ch).subscribe({ next: (value) => seen.push(value), error: (error) => seen.push(error) })
    await settle()
    expect(seen).toEqual([1, cause])
  })

  it('receives only while a subscriber is there', async () => {
    const ch = filled(1, 2, 3, 4)
    expect(await lastValueFrom(from(ch).pipe(take(2), toArray()))).toEqual([1, 2])
    await settle()
    expect(ch.size).toBe(2)
    expect(waitersOf(ch)).toEqual(nobody)
  })

  it('unsubscribing while it waits removes the waiter from the channel', async () => {
    const ch = chan<number>()
    const subscription = from(ch).subscribe()
    await settle()
    expect(waitersOf(ch).receivers).toBe(1)
    subscription.unsubscribe()
    expect(waitersOf(ch)).toEqual(nobody)
    expect(ch.trySend(1)).toBe(false)
  })

  it('a value granted to a subscriber that unsubscribed before the delivery returns to the channel', async () => {
    const ch = chan<number>()
    const seen: number[] = []
    const subscription = from(ch).subscribe((value) => seen.push(value))
    await settle()
    expect(ch.trySend(7)).toBe(true)
    subscription.unsubscribe()
    expect(await ch.receive()).toEqual(some(7))
    expect(seen).toEqual([])
  })

  it('a subscriber that unsubscribes before the first turn receives nothing', async () => {
    const ch = filled(1)
    from(ch).subscribe().unsubscribe()
    await settle()
    expect(ch.size).toBe(1)
  })

  it('is stopped by takeUntil between two values', async () => {
    const ch = filled(1, 2, 3)
    const stop = new Subject<void>()
    const seen: number[] = []
    from(ch)
      .pipe(takeUntil(stop))
      .subscribe((value) => {
        seen.push(value)
        if (value === 2) stop.next()
      })
    await settle()
    expect([seen, ch.size]).toEqual([[1, 2], 1])
  })

  it('an observer may lack any of its methods', async () => {
    const error = await uncaughtIn(async () => {
      const [ends, breaks] = [filled(1), filled(1)]
      for (const ch of [ends, breaks]) (ch as unknown as Subscribable<number>).subscribe({})
      ends.close()
      breaks.close(new Error('the source broke'))
      await settle()
      expect([ends.size, breaks.size]).toEqual([0, 0])
    })
    expect(error).toBeUndefined()
  })

  it('two subscribers share the values between them', async () => {
    const ch = filled(1, 2, 3, 4)
    const seen: Record<string, number[]> = { a: [], b: [] }
    from(ch).subscribe((value) => seen.a.push(value))
    from(ch).subscribe((value) => seen.b.push(value))
    await settle()
    expect(seen).toEqual({ a: [1, 3], b: [2, 4] })
  })

  it('works as an inner source', async () => {
    const ch = filled(1, 2)
    ch.close()
    expect(
      await firstValueFrom(
        of('a').pipe(
          mergeMap(() => ch),
          toArray(),
        ),
      ),
    ).toEqual([1, 2])
  })

  it('each emitted value lets a parked sender continue through the run queue', async () => {
    const ch = chan<number>()
    const seen: number[] = []
    from(ch as Receiver<number>).subscribe((value) => seen.push(value))
    go(function* () {
      for (let i = 0; i < 100; i++) yield* ch.send(i)
    })
    await settle()
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i))
  })
})

it('from(ticker) emits the ticks, and unsubscribing consumes none', async () => {
  using clock = virtualTime()
  const beat = ticker(10)
  const start = clock.now()
  const seen: number[] = []
  const subscription = from(beat).subscribe((at) => seen.push(at - start))
  await clock.advance(25)
  subscription.unsubscribe()
  await clock.advance(10)
  expect(seen).toEqual([10, 20])
  expect(beat.tryReceive()).toEqual({ _tag: 'Right', right: start + 30 })
  beat.stop()
})
