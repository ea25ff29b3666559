/** fromIterable: sync and async iterables, pulled on demand. */
import { background, go, onLateFailure, withCancel } from 'millrace'
import { broadcast, collect, fromIterable, run, workerPool } from 'millrace/operators'
import { concatMap, map, type Observable, type Subscription, take } from 'rxjs'
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

  describe('a run ends when its async iterator is closed', () => {
    /** An endless iterable whose close takes a turn of the host. */
    function source() {
      const log: string[] = []
      async function* items(): AsyncGenerator<number> {
        try {
          for (let i = 0; ; i++) yield i
        } finally {
          await hostTurn()
          log.push('closed')
        }
      }
      return { log, items }
    }
    const boom = new Error('boom')
    const failing = (n: number): number => {
      if (n === 2) throw boom
      return n
    }

    it.each<[string, (items: Observable<number>) => Observable<unknown>]>([
      ['its consumer leaves', (items) => items.pipe(take(2))],
      ['a stage below fails', (items) => items.pipe(map(failing))],
      ['work fails that it waits for', (items) => items.pipe(workerPool(1, failing))],
      [
        'it is in a branch',
        (items) =>
          fromIterable([1]).pipe(
            broadcast((one) =>
              one.pipe(
                concatMap(() => items),
                take(2),
              ),
            ),
          ),
      ],
      ['it is the work of a pool', (items) => fromIterable([1]).pipe(workerPool(1, () => items), take(2))], // prettier-ignore
    ])('where %s', async (_, build) => {
      const { log, items } = source()
      await go(() => run(background, build(fromIterable(items()))).join()).join().attempt() // prettier-ignore
      expect(log).toEqual(['closed'])
    })
    it('where the context ends while it rests', async () => {
      const { log, items } = source()
      const ctx = withCancel(background)
      const running = run(ctx, fromIterable(items()).pipe(workerPool(1, () => new Promise(() => undefined))))
      await settle()
      ctx.cancel(boom)
      await expect(Promise.resolve(running.join())).rejects.toBe(boom)
      expect(log).toEqual(['closed'])
    })
    it('but not where it is asked for an item that never comes', async () => {
      const ctx = withCancel(background)
      async function* silent(): AsyncGenerator<number> {
        await new Promise(() => undefined)
        yield 1
      }
      const running = run(ctx, fromIterable(silent()))
      await settle()
      ctx.cancel(boom)
      await expect(Promise.resolve(running.join())).rejects.toBe(boom)
    })
    it('with an error of the close as a late failure, and its own end', async () => {
      const late: unknown[] = []
      const fault = new Error('fault')
      const release = onLateFailure((cause) => void late.push(cause))
      const items = { next: () => Promise.resolve({ done: false, value: 1 }), return: () => Promise.reject(fault) }
      try {
        expect(await all(fromIterable({ [Symbol.asyncIterator]: () => items }).pipe(take(1)))).toEqual([1])
        await settle()
        expect(late).toEqual([fault])
      } finally {
        release()
      }
    })
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
