import { describe, expect, it } from 'vitest'
import {
  background,
  chan,
  go,
  gosched,
  select,
  semaphore,
  sleep,
  waitGroup,
  withCancel,
  withTimeout,
  type Op,
  type Semaphore,
} from 'millrace'
import { from } from 'rxjs'
import { done, performed, thrown, thrownError, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { describeLock } from './lock-suite.js'

describeLock('semaphore(1)', () => {
  const one = semaphore(1)
  return { lock: () => one.acquire(), tryLock: () => one.tryAcquire(), unlock: () => one.release() }
})

/** The number of free permits, by acquiring and releasing them. */
function free(sem: Semaphore): number {
  let n = 0
  while (sem.tryAcquire()) n++
  if (n > 0) sem.release(n)
  return n
}

describe('semaphore', () => {
  it('SM-001 the held weight never exceeds the size', async () => {
    using clock = virtualTime()
    const n = 8
    const sem = semaphore(n)
    const wg = waitGroup()
    let held = 0
    function* hammer(weight: number) {
      for (let round = 0; round < 50; round++) {
        yield* sem.acquire(weight)
        held += weight
        expect(held).toBeLessThanOrEqual(n)
        yield* sleep(weight % 3)
        held -= weight
        sem.release(weight)
      }
    }
    for (let weight = 0; weight < n; weight++) wg.go(hammer, weight)
    await clock.advance(10_000)
    await wg.wait()
    expect(free(sem)).toBe(n)
  })

  it('SM-002 releasing more than held throws', () => {
    expect(() => semaphore(1).release(1)).toThrow('semaphore: released more than held')
  })

  it('SM-003 tryAcquire follows the free weight', async () => {
    const sem = semaphore(2)
    await sem.acquire(1)
    const answers = [sem.tryAcquire(1), sem.tryAcquire(1)]
    sem.release(2)
    answers.push(sem.tryAcquire(1))
    await sem.acquire(1)
    answers.push(sem.tryAcquire(1))
    expect(answers).toEqual([true, false, true, false])
  })

  it('SM-004 acquire under a context gives up at its deadline', async () => {
    using clock = virtualTime()
    const sem = semaphore(2)
    const start = clock.now()
    const answers: [unknown, number][] = []
    function* acquire(k: number) {
      using ctx = withTimeout(background, 10)
      const answer = yield* sem.acquire(k).within(ctx).attempt()
      answers.push([answer._tag === 'Right' || String(answer.left), clock.now() - start])
    }
    go(function* () {
      yield* sem.acquire(1)
      yield* acquire(1)
      yield* acquire(1)
      sem.release(2)
      yield* acquire(1)
      yield* sem.acquire(1)
      yield* acquire(1)
    })
    await clock.advance(100)
    const exceeded = 'DeadlineExceededError: context deadline exceeded'
    expect(answers).toEqual([
      [true, 0],
      [exceeded, 10],
      [true, 10],
      [exceeded, 20],
    ])
  })

  it('SM-005 a request larger than the size waits for its context and blocks nobody', async () => {
    using ctx = withCancel(background)
    const sem = semaphore(2)
    const tooLarge = performed(sem.acquire(3).within(ctx))
    await settle()
    const six = [1, 2, 3, 4, 5, 6].map(() => performed(sem.acquire(1)))
    await settle()
    for (let i = 0; i < 4; i++) {
      sem.release(1)
      await settle()
    }
    expect(six.map(({ now }) => now.is)).toEqual(Array(6).fill('done'))
    expect(tooLarge.now).toEqual(waiting)
    const cause = new Error('give up')
    ctx.cancel(cause)
    await settle()
    expect(tooLarge.now).toEqual(thrown(cause))
  })

  it('SM-010 an ended context wins over free weight and takes nothing', async () => {
    const ctx = withCancel(background)
    ctx.cancel()
    const sem = semaphore(1)
    const late = performed(sem.acquire(1).within(ctx))
    await settle()
    expect(late.now).toEqual(thrownError('context canceled'))
    expect(free(sem)).toBe(1)
  })

  it('SM-013 a pool of workers with a barrier at the end', async () => {
    const limit = 4
    const sem = semaphore(limit)
    const steps: number[] = []
    function* collatz(i: number) {
      let count = 0
      for (let n = i + 1; n !== 1; n = n % 2 === 0 ? n / 2 : 3 * n + 1) {
        count++
        yield* gosched()
      }
      steps[i] = count
      sem.release(1)
    }
    await go(function* () {
      for (let i = 0; i < 32; i++) {
        yield* sem.acquire(1)
        go(collatz, i)
      }
      yield* sem.acquire(limit)
    }).join()
    expect(steps.join(' ')).toBe('0 1 7 2 5 8 16 3 19 6 14 9 9 17 17 4 12 20 20 7 7 15 15 10 23 10 111 18 18 18 106 5')
  })

  it('SM-015 a wrong release changes nothing', () => {
    const sem = semaphore(2)
    expect(() => sem.release(1)).toThrow('semaphore: released more than held')
    expect(free(sem)).toBe(2)
    sem.tryAcquire(1)
    expect(() => sem.release(2)).toThrow('semaphore: released more than held')
    expect(free(sem)).toBe(1)
  })

  it('SM-016 failed acquires leave the whole size free', async () => {
    using clock = virtualTime()
    const sem = semaphore(10)
    sem.tryAcquire(10)
    using ctx = withTimeout(background, 10)
    const failed = Array.from({ length: 100 }, (_, i) => performed(sem.acquire(1 + (i % 10)).within(ctx)))
    await clock.advance(10)
    expect(failed.map(({ now }) => now.is)).toEqual(Array(100).fill('thrown'))
    sem.release(10)
    expect(sem.tryAcquire(10)).toBe(true)
  })
})

describe('semaphore, large and small', () => {
  it('a small request does not overtake a large one', async () => {
    const sem = semaphore(3)
    sem.tryAcquire(2)
    const large = performed(sem.acquire(2))
    await settle()
    const small = performed(sem.acquire(1))
    await settle()
    expect(sem.tryAcquire(1)).toBe(false)
    expect([large.now, small.now]).toEqual([waiting, waiting])
    sem.release(1)
    await settle()
    expect([large.now.is, small.now.is]).toEqual(['done', 'waiting'])
    sem.release(2)
    await settle()
    expect(small.now.is).toBe('done')
  })

  it('a large request that leaves the head of the queue lets the smaller ones in', async () => {
    const sem = semaphore(3)
    sem.tryAcquire(2)
    const large = performed(sem.acquire(3))
    await settle()
    const small = performed(sem.acquire(1))
    await settle()
    expect(small.now).toEqual(waiting)
    large.leave()
    await settle()
    expect(small.now.is).toBe('done')
    expect(free(sem)).toBe(0)
  })

  it('a large and a small request in one select are granted once, though one blocked the other', async () => {
    const sem = semaphore(3)
    sem.tryAcquire(3)
    const stop = chan<string>()
    const cases: Op<unknown>[] = [sem.acquire(3), stop.receive(), sem.acquire(1)]
    const choice = performed(select(cases, { biased: true })) // the large request is the head of the queue
    await settle()
    sem.release(1)
    await settle()
    expect(choice.now).toEqual(waiting)
    await stop.send('stop')
    await settle()
    expect(choice.now).toEqual(done({ case: 1, value: { _tag: 'Some', value: 'stop' } }))
    sem.release(2)
    expect(free(sem)).toBe(3)
  })

  it('a large permit that is given back lets in several small ones', async () => {
    const sem = semaphore(4)
    sem.tryAcquire(4)
    const leaving = from(sem.acquire(4)).subscribe()
    const small = [1, 2, 3].map(() => performed(sem.acquire(1)))
    await settle()
    sem.release(4)
    leaving.unsubscribe()
    await settle()
    expect(small.map(({ now }) => now.is)).toEqual(['done', 'done', 'done'])
    expect(free(sem)).toBe(1)
  })

  it('the guard releases what was acquired, once', async () => {
    const sem = semaphore(5)
    const guard = await sem.acquire(3)
    expect(free(sem)).toBe(2)
    guard[Symbol.dispose]()
    guard[Symbol.dispose]()
    expect(free(sem)).toBe(5)
  })

  it.each([0, -1, 1.5, NaN, Infinity, '3', undefined])('of %s permits is refused', (n) => {
    expect(() => semaphore(n as number)).toThrow('semaphore(n): expected a whole number from 1 up, got ')
  })

  it.each([-1, 0.5, NaN, '1', null])('%s permits are never acquired nor released', (k) => {
    const sem = semaphore(2)
    sem.tryAcquire()
    expect(() => sem.acquire(k as number)).toThrow('semaphore.acquire(k): expected a whole number from 0 up')
    expect(() => sem.tryAcquire(k as number)).toThrow('semaphore.tryAcquire(k): expected a whole number from 0 up')
    expect(() => sem.release(k as number)).toThrow('semaphore.release(k): expected a whole number from 0 up')
    expect(free(sem)).toBe(1)
  })
})
