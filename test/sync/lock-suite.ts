/** The suite that every kind of lock passes; the test file of each kind adds only its own behavior. */
import { background, go, gosched, select, setProbe, withCancel, type Op } from 'millrace'
import { from } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { done, performed, thrown, waiting, ways } from '../support/outcome.js'
import { settle } from '../support/settle.js'

export interface OneAtATime {
  lock(): Op<Disposable>
  tryLock(): boolean
  unlock(): void
}

export function describeLock(name: string, make: () => OneAtATime): void {
  const isFree = (lock: OneAtATime): boolean => {
    const free = lock.tryLock()
    if (free) lock.unlock()
    return free
  }

  describe(`${name} as a lock`, () => {
    it.each(ways)('is granted at once when free, by %s', async (_, perform) => {
      const lock = make()
      const first = perform(lock.lock())
      await settle()
      expect(first.now).toMatchObject({ is: 'done' })
      expect(isFree(lock)).toBe(false)
    })

    it.each(ways)('is handed over by unlock, by %s', async (_, perform) => {
      const lock = make()
      lock.tryLock()
      const waiter = perform(lock.lock())
      await settle()
      expect(waiter.now).toEqual(waiting)
      lock.unlock()
      expect(lock.tryLock()).toBe(false) // the waiter already holds it
      await settle()
      expect(waiter.now).toMatchObject({ is: 'done' })
    })

    it('unlocks at the end of the block, however that is left', async () => {
      const lock = make()
      const ended = go(function* () {
        using _guard = yield* lock.lock()
        expect(isFree(lock)).toBe(false)
        yield* gosched()
        throw new Error('boom')
      })
      await expect(ended.join()).rejects.toThrow('boom')
      expect(isFree(lock)).toBe(true)
    })

    it('unlocks as the holder is unwound', async () => {
      const lock = make()
      const holder = go(function* () {
        using _guard = yield* lock.lock()
        yield* select({})
      })
      await settle()
      const next = performed(lock.lock())
      holder.cancel()
      await settle()
      expect(next.now).toMatchObject({ is: 'done' })
    })

    it('a guard unlocks once: disposed again, it does not unlock the next holder', async () => {
      const lock = make()
      const guard = await lock.lock()
      guard[Symbol.dispose]()
      expect(lock.tryLock()).toBe(true)
      guard[Symbol.dispose]()
      expect(isFree(lock)).toBe(false)
    })

    it('serves waiters in the order they came', async () => {
      const lock = make()
      lock.tryLock()
      const order: number[] = []
      for (let i = 0; i < 5; i++)
        go(function* () {
          using _guard = yield* lock.lock()
          order.push(i)
          yield* gosched()
        })
      await settle()
      lock.unlock()
      await settle()
      expect(order).toEqual([0, 1, 2, 3, 4])
      expect(isFree(lock)).toBe(true)
    })

    it.each(ways.filter(([way]) => way !== 'await'))('a waiter that leaves the queue is skipped, by %s', async (_, perform) => {
      const lock = make()
      lock.tryLock()
      const waiters = [0, 1, 2].map(() => perform(lock.lock()))
      await settle()
      waiters[1]?.leave()
      await settle()
      lock.unlock()
      await settle()
      lock.unlock()
      await settle()
      expect(waiters.map(({ now }) => now.is)).toEqual(['done', 'waiting', 'done'])
      lock.unlock()
      expect(isFree(lock)).toBe(true)
    })

    it('a grant to a subscriber that unsubscribed before the delivery passes to the next waiter', async () => {
      const lock = make()
      lock.tryLock()
      const delivered: unknown[] = []
      const leaving = from(lock.lock()).subscribe((guard) => delivered.push(guard))
      const next = performed(lock.lock())
      await settle()
      lock.unlock() // grants it to the subscriber that
      leaving.unsubscribe() // unsubscribes in the same turn
      await settle()
      expect(delivered).toEqual([])
      expect(next.now).toMatchObject({ is: 'done' })
      lock.unlock()
      expect(isFree(lock)).toBe(true)
    })

    it('a grant before a cancel is delivered, and unlocked as the goroutine is unwound', async () => {
      const lock = make()
      lock.tryLock()
      let granted = 0
      const waiter = go(function* () {
        using _guard = yield* lock.lock()
        granted++
        yield* gosched()
        granted++
      })
      await settle()
      lock.unlock()
      waiter.cancel()
      await settle()
      expect(granted).toBe(1)
      expect(isFree(lock)).toBe(true)
    })

    it('a case that is not chosen holds nothing and leaves the queue', async () => {
      const lock = make()
      const chosen = await select({ ready: select({ now: Promise.resolve() }), lock: lock.lock() }, { biased: true })
      if (chosen.case === 'lock') chosen.value[Symbol.dispose]() // the promise is ready one microtask later
      expect(isFree(lock)).toBe(true)

      lock.tryLock()
      using ctx = withCancel(background)
      const waiter = performed(select({ lock: lock.lock(), end: ctx.done() }))
      await settle()
      ctx.cancel()
      await settle()
      expect(waiter.now).toEqual(done({ case: 'end', value: undefined }))
      lock.unlock()
      expect(isFree(lock)).toBe(true)
    })

    it('two cases for one lock are granted once', async () => {
      const lock = make()
      const now = performed(select([lock.lock(), lock.lock()]))
      await settle()
      expect(now.now).toMatchObject({ is: 'done' })
      const later = performed(select([lock.lock(), lock.lock()]))
      await settle()
      lock.unlock()
      await settle()
      expect(later.now).toMatchObject({ is: 'done' })
      lock.unlock()
      expect(isFree(lock)).toBe(true)
    })

    it('throws the cause when the context ends', async () => {
      const lock = make()
      lock.tryLock()
      using ctx = withCancel(background)
      const cause = new Error('enough')
      const waiter = performed(lock.lock().within(ctx))
      await settle()
      ctx.cancel(cause)
      await settle()
      expect(waiter.now).toEqual(thrown(cause))
      lock.unlock()
      expect(isFree(lock)).toBe(true)
      expect(performed(lock.lock().within(ctx)).now).toEqual(waiting)
      await settle()
      expect(isFree(lock)).toBe(true) // an ended context wins
    })

    it('a hundred thousand waiters are served and leave without overflowing the stack', async () => {
      const lock = make()
      lock.tryLock()
      let served = 0
      const waiters = Array.from({ length: 100_000 }, () =>
        go(function* () {
          using _guard = yield* lock.lock()
          served++
        }),
      )
      await settle()
      waiters.forEach((waiter, i) => i % 2 === 1 && waiter.cancel())
      lock.unlock()
      await settle()
      expect(served).toBe(50_000)
      expect(isFree(lock)).toBe(true)
    })

    it('each grant is seen by the probe', async () => {
      const lock = make()
      let grants = 0
      const before = setProbe({ lock: () => grants++ })
      lock.tryLock()
      const next = performed(lock.lock())
      await settle()
      lock.unlock()
      await settle()
      setProbe(before)
      expect(next.now).toMatchObject({ is: 'done' })
      expect(grants).toBe(2)
    })
  })
}
