import { describe, expect, it } from 'vitest'
import {
  background,
  chan,
  cond,
  go,
  gosched,
  mutex,
  rwMutex,
  sleep,
  waitGroup,
  withCancel,
  withTimeout,
  type Cond,
  type Context,
  type Mutex,
} from 'millrace'
import { performed, thrownError } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

/** Waits once, and logs when it is awake and holds the lock. */
function* sleeper(mu: Mutex, c: Cond, log: string[], name: string, ctx?: Context) {
  yield* mu.lock()
  try {
    yield* c.wait(ctx)
    expect(mu.tryLock()).toBe(false)
    log.push(name)
  } catch (cause) {
    expect(mu.tryLock()).toBe(false)
    log.push(`${name}: ${String(cause)}`)
  } finally {
    mu.unlock()
  }
}

async function asyncSleeper(mu: Mutex, c: Cond, log: string[], name: string) {
  await mu.lock()
  await c.wait()
  expect(mu.tryLock()).toBe(false)
  log.push(name)
  mu.unlock()
}

describe('cond', () => {
  it.each([
    ['yield*', sleeper],
    ['await', asyncSleeper],
  ])('CO-001 signal wakes exactly one and is not remembered, by %s', async (_, waits) => {
    const mu = mutex()
    const c = cond(mu)
    const log: string[] = []
    c.signal()
    go(waits, mu, c, log, 'first')
    go(waits, mu, c, log, 'second')
    await settle()
    expect(log).toEqual([])
    c.signal()
    await settle()
    expect(log).toEqual(['first'])
    c.signal()
    await settle()
    expect(log).toEqual(['first', 'second'])
    c.signal()
    go(waits, mu, c, log, 'third')
    await settle()
    expect(log).toEqual(['first', 'second'])
    c.broadcast()
    await settle()
    expect(mu.tryLock()).toBe(true)
  })

  it('CO-003 broadcast wakes every waiter once, each round', async () => {
    const [n, rounds] = [200, 200]
    const mu = mutex()
    const c = cond(mu)
    const woken = Array<number>(n).fill(0)
    let isOver = false
    const wg = waitGroup()
    function* waiter(i: number) {
      yield* mu.lock()
      while (!isOver) {
        yield* c.wait()
        woken[i]++
      }
      mu.unlock()
    }
    for (let i = 0; i < n; i++) wg.go(waiter, i)
    for (let round = 1; round <= rounds; round++) {
      await settle()
      await mu.lock()
      isOver = round === rounds
      c.broadcast()
      mu.unlock()
      if (round % 50 === 0) {
        await settle()
        expect(new Set(woken)).toEqual(new Set([round]))
      }
    }
    await wg.wait()
    expect(new Set(woken)).toEqual(new Set([rounds]))
  })

  it('CO-004 three goroutines hand over by wait and signal', async () => {
    const mu = mutex()
    const c = cond(mu)
    let x = 0
    const seen: number[] = []
    const wg = waitGroup()
    wg.go(function* () {
      using _guard = yield* mu.lock()
      x = 1
      yield* c.wait()
      seen.push(x)
      x = 3
      c.signal()
    })
    wg.go(function* () {
      for (;;) {
        using _guard = yield* mu.lock()
        if (x === 1) {
          x = 2
          c.signal()
          break
        }
        yield* gosched()
      }
    })
    wg.go(function* () {
      for (;;) {
        using _guard = yield* mu.lock()
        if (x === 2) {
          yield* c.wait()
          seen.push(x)
          break
        }
        if (x === 3) {
          seen.push(x)
          break
        }
        yield* gosched()
      }
    })
    await wg.wait()
    expect(seen).toEqual([2, 3])
  })

  it('CO-006 wait unlocks, and holds the lock again on return', async () => {
    const mu = mutex()
    const c = cond(mu)
    const log: string[] = []
    go(sleeper, mu, c, log, 'it')
    await settle()
    expect(mu.tryLock()).toBe(true)
    c.signal()
    await settle()
    expect(log).toEqual([]) // woken, it waits for the lock
    mu.unlock()
    await settle()
    expect(log).toEqual(['it']) // and `sleeper` has checked that it held the lock
    expect(mu.tryLock()).toBe(true)
  })

  it('CO-008 signal and broadcast need no lock', async () => {
    const mu = mutex()
    const c = cond(mu)
    const log: string[] = []
    for (const name of ['a', 'b', 'c']) go(sleeper, mu, c, log, name)
    await settle()
    expect(mu.tryLock()).toBe(true)
    c.signal() // while another holds it
    mu.unlock()
    await settle()
    c.broadcast() // while no goroutine holds it
    await settle()
    expect(log).toEqual(['a', 'b', 'c'])
  })

  it('CO-012 keeps exact virtual time', async () => {
    using clock = virtualTime()
    const start = clock.now()
    const mu = mutex()
    const c = cond(mu)
    const woken: [string, number][] = []
    const waits = (name: string) =>
      go(function* () {
        using _guard = yield* mu.lock()
        yield* c.wait()
        woken.push([name, clock.now() - start])
      })
    waits('first')
    go(function* () {
      yield* sleep(1)
      c.signal()
      waits('second')
      waits('third')
      yield* sleep(1)
      c.broadcast()
    })
    await clock.advance(10)
    expect(woken).toEqual([
      ['first', 1],
      ['second', 2],
      ['third', 2],
    ])
  })

  it('MU-011 any Locker works with a cond', async () => {
    const rw = rwMutex()
    let own = false
    const ownLock = {
      *lock() {
        while (own) yield* gosched()
        own = true
      },
      unlock: () => void (own = false),
    }
    for (const locker of [mutex(), rw, rw.rLocker(), ownLock]) {
      const c = cond(locker as Mutex)
      let woken = 0
      go(function* () {
        yield* (locker as Mutex).lock()
        yield* c.wait()
        woken++
        locker.unlock()
      })
      await settle()
      expect(woken).toBe(0)
      c.signal()
      await settle()
      expect(woken).toBe(1)
    }
    expect(() => cond({} as Mutex)).toThrow('cond(locker): expected a lock, with lock and unlock, got an object')
    expect(() => cond(null as never)).toThrow('got null')
  })
})

describe('cond, canceled waiters', () => {
  it('at the end of the context wait locks again and throws the cause', async () => {
    using clock = virtualTime()
    using ctx = withTimeout(background, 10)
    const mu = mutex()
    const c = cond(mu)
    const log: string[] = []
    go(sleeper, mu, c, log, 'it', ctx)
    await clock.advance(9)
    expect(log).toEqual([])
    expect(mu.tryLock()).toBe(true)
    await clock.advance(1)
    await settle()
    expect(log).toEqual([]) // it waits for the lock, although the context has ended
    mu.unlock()
    await settle()
    expect(log).toEqual(['it: DeadlineExceededError: context deadline exceeded'])
    expect(mu.tryLock()).toBe(true)
  })

  it('under an ended context wait throws, and holds the lock', async () => {
    const ctx = withCancel(background)
    ctx.cancel(new Error('enough'))
    const mu = mutex()
    const log: string[] = []
    go(sleeper, mu, cond(mu), log, 'it', ctx)
    await settle()
    expect(log).toEqual(['it: Error: enough'])
    expect(mu.tryLock()).toBe(true)
  })

  it('a canceled waiter holds the lock while it is unwound, and signals skip it', async () => {
    const mu = mutex()
    const c = cond(mu)
    const log: string[] = []
    const canceled = go(function* () {
      using _guard = yield* mu.lock()
      try {
        yield* c.wait()
      } finally {
        log.push(mu.tryLock() ? 'unlocked' : 'unwound with the lock')
      }
    })
    go(sleeper, mu, c, log, 'next')
    await settle()
    canceled.cancel()
    await settle()
    expect(log).toEqual(['unwound with the lock'])
    c.signal()
    await settle()
    expect(log).toEqual(['unwound with the lock', 'next'])
    expect(mu.tryLock()).toBe(true)
  })

  it('a waiter canceled between its signal and the lock passes the signal on', async () => {
    const mu = mutex()
    const c = cond(mu)
    const log: string[] = []
    const first = go(sleeper, mu, c, log, 'first')
    go(sleeper, mu, c, log, 'second')
    await settle()
    mu.tryLock()
    c.signal()
    await settle()
    first.cancel()
    await settle()
    mu.unlock()
    await settle()
    expect(log).toEqual(['second'])
    expect(mu.tryLock()).toBe(true)
  })

  it('a broadcast is not passed on', async () => {
    const closed = chan<void>()
    const relocks = [closed.receive()] // the first waiter does not get its lock back yet
    const c = cond({ lock: () => relocks.shift() ?? gosched(), unlock() {} })
    const log: string[] = []
    const waits = (name: string) =>
      go(function* () {
        yield* c.wait()
        log.push(name)
      })
    const first = waits('first')
    await settle()
    c.broadcast()
    await settle()
    waits('late')
    await settle()
    first.cancel()
    await settle()
    expect(log).toEqual([])
    c.signal()
    await settle()
    expect(log).toEqual(['late'])
  })

  it('without the lock wait throws, and leaves no waiter in the queue', async () => {
    const mu = mutex()
    const c = cond(mu)
    const unlocked = performed(c.wait())
    await settle()
    expect(unlocked.now).toEqual(thrownError('sync: unlock of unlocked mutex'))
    const log: string[] = []
    go(sleeper, mu, c, log, 'it')
    await settle()
    c.signal()
    await settle()
    expect(log).toEqual(['it'])
    await mu.lock()
    expect(() => c.wait({} as Context)).toThrow('cond.wait(ctx): expected a Context')
    expect(mu.tryLock()).toBe(false)
  })
})
