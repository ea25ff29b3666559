/** Locks, permits and groups over shared memory: on threads, inline under every schedule, and beside a lost thread. */
import { afterAll, describe, expect, it } from 'vitest'
import { all, background, go, gosched, select, sleep, withCancel } from '../../src/runtime/index.js'
import { shared as cell, type Trial } from '../../src/testing/index.js'
import { numbers, onThreads, shared, ThreadLostError } from '../../src/adapters/threads/index.js'
import { InlineHost } from '../../src/adapters/threads/hosts/inline-host.js'
import { Threads } from '../../src/adapters/threads/thread-pool.js'
import { portionOf } from '../support/portion.js'
import { hostTurn } from '../support/settle.js'
import { makeHost } from './real-threads.js'
import { failure, settings } from './suite.js'
import { work } from './work.js'
import { exploreCounted, printsSchedules } from './explored.js'

printsSchedules('shared')

const hosts = { threads: makeHost(), inline: new InlineHost(2) }

describe.each(['threads', 'inline'] as const)('on %s', (name) => {
  const pool = new Threads({ ...settings, size: 2 }, hosts[name])
  afterAll(() => pool[Symbol.asyncDispose]())

  it('one goroutine at a time has a mutex, of all threads', async () => {
    await pool.ready(work.deposits)
    const deposits = work.deposits.on(pool)
    const account = new Float64Array(new SharedArrayBuffer(8))
    const mu = shared.mutex()
    const here = go(function* () {
      for (let i = 0; i < 300; i++) {
        using _guard = yield* mu.lock()
        const [balance] = account
        if (i % 8 === 0) yield* sleep(0)
        account[0] = balance + 1
      }
    })
    await all([deposits(mu, account, 300), deposits(mu, account, 300)])
    await here.join()
    expect(account[0]).toBe(900)
    expect(mu.tryLock()).toBe(true)
  })

  it('a semaphore lets in as many as it has permits', async () => {
    await pool.ready(work.visits)
    const visits = work.visits.on(pool)
    const [room, inside, most] = [shared.semaphore(2), shared.atomicInt32(), shared.atomicInt32()]
    await all(Array.from({ length: 4 }, () => visits(room, inside, most, 100)))
    expect([inside.load(), most.load() <= 2, most.load() > 0]).toEqual([0, true, true])
    expect([room.tryAcquire(3), room.tryAcquire(2), room.tryAcquire()]).toEqual([false, true, false])
  })

  it('a wait group waits for the work of all threads', async () => {
    const group = shared.waitGroup()
    await group.wait()
    group.add(5)
    const waiting = go(function* () {
      yield* group.wait()
    })
    await all(Array.from({ length: 5 }, () => work.finishes.on(pool)(group)))
    await waiting.join()
    expect(() => group.done()).toThrow('sync: negative WaitGroup counter: 0 and -1')
  })

  it('is a case of select, and a case that is not taken holds nothing', async () => {
    const mu = shared.mutex()
    const guard = await mu.lock()
    const ctx = withCancel(background)
    const waiting = go(function* () {
      return yield* select({ lock: mu.lock(), canceled: ctx.done() })
    })
    await hostTurn()
    ctx.cancel()
    expect(await waiting.join()).toMatchObject({ case: 'canceled' })
    guard[Symbol.dispose]()
    guard[Symbol.dispose]()
    const account = new Float64Array(new SharedArrayBuffer(8))
    await work.deposits.on(pool)(mu, account, 3)
    expect(account[0]).toBe(3)
  })
})

describe('a thread that is lost', () => {
  const pool = new Threads({ ...settings, size: 1 }, makeHost())
  afterAll(() => pool[Symbol.asyncDispose]())

  it('loses the mutex that it held and the group that it had, and gives its permits back', async () => {
    const [mu, room, group] = [shared.mutex(), shared.semaphore(3), shared.waitGroup()]
    group.add(1)
    const waiting = go(function* () {
      return yield* group.wait().attempt()
    })
    expect(await failure(work.exitsWith.on(pool)(mu, room, group))).toBeInstanceOf(ThreadLostError)
    expect(await waiting.join()).toMatchObject({
      left: { name: 'ThreadLostError', message: expect.stringMatching(/^shared.waitGroup: a thread was lost in a job that had/) as string },
    })
    await expect(Promise.resolve(mu.lock())).rejects.toThrow('shared.mutex: a thread was lost while it held the lock')
    expect(() => mu.tryLock()).toThrow(ThreadLostError)
    expect(room.tryAcquire(3)).toBe(true)
  })
})

describe('the race detector', () => {
  it('sees the order of a mutex, of a wait group, and of numbers', async () => {
    await exploreCounted(
      function* () {
        const [mu, group, ring] = [shared.mutex(), shared.waitGroup(), numbers(1)]
        const [balance, done, message] = [cell(0, 'balance'), cell(0, 'done'), cell(0, 'message')]
        group.add(1)
        go(function* () {
          using _guard = yield* mu.lock()
          balance.value = balance.value + 1
          message.value = 1
          yield* ring.send(1)
          done.value = 1
          group.done()
        })
        {
          using _guard = yield* mu.lock()
          balance.value = balance.value + 1
        }
        yield* ring.receive()
        expect(message.value).toBe(1)
        yield* group.wait()
        expect(done.value).toBe(1)
      },
      { race: 'all', schedules: portionOf(100) },
    )
  })
})

describe('misuse', () => {
  it('throws the errors of the toolkit', () => {
    expect(() => shared.mutex().unlock()).toThrow('sync: unlock of unlocked mutex')
    expect(() => shared.semaphore(1).release()).toThrow('semaphore: released more than held: 1 of 0')
    expect(() => shared.waitGroup().add(-2)).toThrow('sync: negative WaitGroup counter: 0 and -2')
    expect(() => shared.semaphore(2 ** 31)).toThrow(RangeError)
    const group = shared.waitGroup()
    group.add(2 ** 31 - 1)
    expect(() => group.add(1)).toThrow('at most 2147483647')
  })

  it('a request for more permits than there are holds up nobody', async () => {
    const room = shared.semaphore(2)
    const ctx = withCancel(background)
    const large = go(function* () {
      return yield* room.acquire(3).within(ctx).attempt()
    })
    await hostTurn()
    using _permit = await room.acquire(2)
    ctx.cancel()
    expect(await large.join()).toMatchObject({ _tag: 'Left' })
  })
})

/** Two jobs and a goroutine here, over threads whose messages are steps of the schedule; one thread may be lost at any point. */
const { holds } = onThreads(
  { url: 'file:///explored-locks.js' },
  {
    *holds(mu: ReturnType<typeof shared.mutex>, room: ReturnType<typeof shared.semaphore>, inside: number[]) {
      yield* holding(mu, room, inside)
    },
  },
)

const state = { inside: 0, most: 0 }

function* holding(mu: ReturnType<typeof shared.mutex>, room: ReturnType<typeof shared.semaphore>, _inside: number[]) {
  using _permit = yield* room.acquire()
  using _guard = yield* mu.lock()
  state.most = Math.max(state.most, ++state.inside)
  yield* gosched()
  state.inside--
}

function* excludes(trial: Trial) {
  state.inside = state.most = 0
  const pool = new Threads({ ...settings, size: 2 }, new InlineHost(2))
  const [mu, room] = [shared.mutex(), shared.semaphore(2)]
  const leaver = withCancel(background)
  const handles = [0, 1, 2].map(() => go(holds.on(pool)(mu, room, [])))
  const leaving = go(function* () {
    return yield* mu.lock().within(leaver).attempt()
  })
  const here = go(holding, mu, room, [])
  for (let i = trial.choose(6); i > 0; i--) yield* gosched()
  leaver.cancel()
  const left = yield* leaving.join()
  if (left._tag === 'Right') left.right[Symbol.dispose]()
  for (const handle of handles) yield* handle.join()
  yield* here.join()
  expect(state.most).toBe(1)
  expect([mu.tryLock(), room.tryAcquire(2)]).toEqual([true, true])
  yield* pool.close()
}

it.each(['random', 'pct'] as const)('inline, no schedule of %s lets two in, or forgets a waiter', async (strategy) => {
  await exploreCounted(excludes, { schedules: portionOf(200), strategy, timers: 'when-idle' })
})
