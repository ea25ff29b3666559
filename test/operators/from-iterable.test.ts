/** fromIterable: sync and async iterables, pulled on demand. */
import { background } from 'millrace'
import { collect, fromIterable } from 'millrace/operators'
import { type Observable, type Subscription, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { hostTurn, settle } from '../support/settle.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

describe('fromIterable', () => {
  it('asks for the iterator soon and not inline, and calls its return when the subscriber leaves', async () => {
    const log: string[] = []
    function* items(): Generator<number> {
      log.push('begin')
      try {
        for (let i = 0; ; i++) yield i
      } finally {
        log.push('return')
      }
    }
    const got: number[] = []
    fromIterable(items())
      .pipe(take(2))
      .subscribe((v) => got.push(v))
    expect(log).toEqual([])
    await settle()
    expect([got, log]).toEqual([[0, 1], ['begin', 'return']]) // prettier-ignore
  })

  it('takes async iterables, one at a time, and calls their return', async () => {
    const log: string[] = []
    async function* items(): AsyncGenerator<number> {
      try {
        for (let i = 0; ; i++) {
          log.push(`make ${i}`)
          yield i
        }
      } finally {
        log.push('return')
      }
    }
    expect(await all(fromIterable(items()).pipe(take(2)))).toEqual([0, 1])
    await settle()
    expect(log).toEqual(['make 0', 'make 1', 'return'])
  })

  it('fails with what the iterator throws, sync or async', async () => {
    const boom = new Error('boom')
    const bad = {
      *sync() {
        yield 1
        throw boom
      },
      async *async() {
        yield 1
        throw boom
      },
    }
    await expect(all(fromIterable(bad.sync()))).rejects.toBe(boom)
    await expect(all(fromIterable(bad.async()))).rejects.toBe(boom)
  })

  it('an endless one lets the host have its turn, and can be stopped', async () => {
    let n = 0
    const endless = (function* () {
      for (;;) yield n++
    })()
    const subscription = fromIterable(endless).subscribe()
    await hostTurn()
    await hostTurn()
    subscription.unsubscribe()
    const before = n
    expect(before).toBeGreaterThan(0)
    await settle()
    expect(n).toBe(before)
  })

  it('one that makes its subscriber leave returns when its next has', async () => {
    const log: string[] = []
    let leave = (): void => undefined
    const leaving = {
      *sync() {
        try {
          yield 'kept'
          leave()
          yield 'not wanted'
        } finally {
          log.push('closed')
        }
      },
      async *async() {
        await Promise.resolve()
        yield* leaving.sync()
      },
    }
    for (const items of [leaving.sync(), leaving.async()]) {
      const subscription = fromIterable(items).subscribe((item) => log.push(item))
      leave = () => subscription.unsubscribe()
      await settle()
      expect(log.splice(0)).toEqual(['kept', 'closed'])
    }
  })
  it('one that makes its subscriber leave as it is begun is not asked', async () => {
    const log: string[] = []
    const subscriptions: Subscription[] = []
    const begun = (): unknown => {
      subscriptions[0].unsubscribe()
      return { next: () => log.push('asked'), return: () => log.push('returned') }
    }
    for (const method of [Symbol.iterator, Symbol.asyncIterator]) {
      subscriptions[0] = fromIterable({ [method]: begun } as unknown as Iterable<number>).subscribe()
      await settle()
      expect(log.splice(0)).toEqual(['returned'])
    }
  })
})
