import { describe, expect, it } from 'vitest'
import { go, gosched, mutex, sleep, waitGroup } from 'millrace'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { describeLock } from './lock-suite.js'

describeLock('mutex', mutex)

describe('mutex', () => {
  it('MU-001 there are never two holders, with lock and tryLock mixed', async () => {
    const mu = mutex()
    const wg = waitGroup()
    let [counter, holders] = [0, 0]
    function* hammer() {
      for (let round = 0; round < 1000; round++) {
        if (round % 3 === 0 && mu.tryLock()) {
          // it holds the lock
        } else yield* mu.lock()
        expect(++holders).toBe(1)
        const read = counter
        if (round % 10 === 0) yield* gosched()
        counter = read + 1
        holders--
        mu.unlock()
      }
    }
    for (let i = 0; i < 10; i++) wg.go(hammer)
    await wg.wait()
    expect(counter).toBe(10_000)
  })

  it('MU-002 tryLock tells whether it took the lock', async () => {
    const mu = mutex()
    await mu.lock()
    expect(mu.tryLock()).toBe(false)
    mu.unlock()
    expect(mu.tryLock()).toBe(true)
    expect(mu.tryLock()).toBe(false)
  })

  it('MU-003 unlocking what is not locked throws', () => {
    const never = mutex()
    expect(() => never.unlock()).toThrow('sync: unlock of unlocked mutex')
    const twice = mutex()
    twice.tryLock()
    twice.unlock()
    expect(() => twice.unlock()).toThrow('sync: unlock of unlocked mutex')
  })

  it('MU-004 another goroutine may unlock', async () => {
    const mu = mutex()
    await go(function* () {
      yield* mu.lock()
    }).join()
    await go(() => mu.unlock()).join()
    expect(mu.tryLock()).toBe(true)
  })

  it('MU-006 waiters get the lock in the order they came', async () => {
    const mu = mutex()
    mu.tryLock()
    const order: number[] = []
    for (let i = 0; i < 5; i++)
      go(function* () {
        yield* mu.lock()
        order.push(i)
        yield* gosched()
        mu.unlock()
      })
    await settle()
    mu.unlock()
    await settle()
    expect(order).toEqual([0, 1, 2, 3, 4])
  })

  it('MU-008 a goroutine that relocks at once does not starve the others', async () => {
    using clock = virtualTime()
    const mu = mutex()
    const greedy = go(function* () {
      for (;;) {
        yield* mu.lock()
        yield* sleep(0.1)
        mu.unlock()
      }
    })
    let times = 0
    const modest = go(function* () {
      for (; times < 10; times++) {
        yield* sleep(0.1)
        yield* mu.lock()
        mu.unlock()
      }
    })
    await clock.advance(10)
    expect(times).toBe(10)
    await modest.join()
    greedy.cancel()
    await settle()
  })

  it('MU-010 a wrong unlock leaves the mutex usable', async () => {
    const mu = mutex()
    expect(() => mu.unlock()).toThrow()
    await mu.lock()
    expect(mu.tryLock()).toBe(false)
    mu.unlock()
    expect(mu.tryLock()).toBe(true)
  })

  it('a guard unlocks at its end, also when the lock was unlocked and locked again in between', async () => {
    const mu = mutex()
    {
      using _guard = await mu.lock()
      mu.unlock()
      await mu.lock()
      expect(mu.tryLock()).toBe(false)
    }
    expect(mu.tryLock()).toBe(true)
  })

  it('disposing a guard after an unlock by hand is a second unlock', async () => {
    const mu = mutex()
    const guard = await mu.lock()
    mu.unlock()
    expect(() => guard[Symbol.dispose]()).toThrow('sync: unlock of unlocked mutex')
    expect(mu.tryLock()).toBe(true)
  })
})
