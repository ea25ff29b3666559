import {
  after,
  afterFunc,
  background,
  chan,
  go,
  mutex,
  newTimer,
  select,
  sleep,
  ticker,
  waitGroup,
  withCancel,
  withTimeout,
  type Chan,
  type Receiver,
} from 'millrace'
import { bubble, BubbleError, explore } from 'millrace/testing'
import { fromReceiver, workerPool } from 'millrace/operators'
import { lastValueFrom, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { time } from '../../src/runtime/scheduler/timers.js'
import { hostTurn } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const HOUR = 3_600_000
const start = Date.UTC(2000, 0, 1)

async function stuck(run: Promise<unknown>): Promise<BubbleError> {
  const error: unknown = await run.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error instanceof BubbleError) return error
  throw new Error('the bubble did not get stuck', { cause: error })
}

describe('time', () => {
  it('VT-001 a bubble begins with the year 2000; those started inside see the same clock; a sleep moves it exactly and takes no real time', async () => {
    const before = performance.now()
    await bubble(function* ({ now }) {
      expect(time.timers.wall()).toBe(start)
      const inside = go(function* () {
        return time.timers.wall()
      })
      expect(yield* inside.join()).toBe(start)
      yield* sleep(HOUR)
      expect(now()).toBe(HOUR)
      expect(time.timers.wall()).toBe(start + HOUR)
    })
    expect(performance.now() - before).toBeLessThan(HOUR / 10)
  })

  it('VT-004 a timer moves the clock to exactly its time; read late, it expired at its own', async () => {
    await bubble(function* ({ now }) {
      const timer = newTimer(5000)
      yield* timer.fired()
      expect(now()).toBe(5000)
    })
    await bubble(function* ({ now }) {
      const expiries = chan<number>(1)
      const timer = newTimer(5000)
      go(function* () {
        yield* timer.fired()
        yield* expiries.send(now())
      })
      yield* sleep(10_000)
      expect(yield* expiries.receive()).toMatchObject({ value: 5000 })
      expect(now()).toBe(10_000)
    })
  })

  it('VT-005 a reset counts from the time of the reset', async () => {
    await bubble(function* ({ now }) {
      const timer = newTimer(1000)
      yield* timer.fired()
      timer.reset(2000)
      yield* timer.fired()
      expect(now()).toBe(3000)
      timer.reset(3000)
      yield* sleep(1000)
      timer.reset(3000)
      yield* timer.fired()
      expect(now()).toBe(7000)
    })
  })

  it('VT-006 what a delayed function starts is waited for in virtual time', async () => {
    await bubble(function* ({ wait }) {
      let counter = 0
      go(function* afterOneSecond() {
        yield* sleep(1000)
        counter++
        go(function* () {
          yield* sleep(1000)
          counter++
        })
      })
      yield* sleep(3000)
      yield* wait()
      expect(counter).toBe(2)
    })
  })

  it('VT-014 a wait group takes exactly the virtual time of its work', async () => {
    await bubble(function* ({ now }) {
      const group = waitGroup()
      group.go(function* () {
        yield* sleep(1000)
      })
      yield* group.wait()
      expect(now()).toBe(1000)
    })
  })

  it('VT-015 a timeout of 5 s has not ended just before, and has at 5 s', async () => {
    await bubble(function* ({ wait }) {
      using ctx = withTimeout(background, 5000)
      yield* sleep(4999.999)
      yield* wait()
      expect(ctx.err()._tag).toBe('None')
      yield* sleep(0.001)
      yield* wait()
      expect(ctx.err()).toMatchObject({ value: { name: 'DeadlineExceededError' } })
    })
  })

  it('VT-019 a generator that tells the time each second, pulled three times, tells start, +1 s and +2 s', async () => {
    await bubble(function* ({ now }) {
      function* times(): Generator<number> {
        for (;;) yield now()
      }
      const pulled: number[] = []
      const generator = times()
      const puller = go(function* () {
        for (let i = 0; i < 3; i++) {
          pulled.push(generator.next().value as number) // it never ends
          yield* sleep(1000)
        }
      })
      yield* puller.join()
      expect(pulled).toEqual([0, 1000, 2000])
    })
  })
})

describe('quiet', () => {
  it('VT-002 an empty bubble returns; so does one that only waits, and one with a goroutine that has ended', async () => {
    expect(await bubble(function* () {})).toBeUndefined()
    await bubble(function* ({ wait }) {
      yield* wait()
    })
    await bubble(function* ({ wait }) {
      go(function* () {})
      yield* wait()
    })
  })

  it('VT-003 wait returns when all others have ended or are blocked: a chain of a hundred is done', async () => {
    await bubble(function* ({ wait }) {
      let isDone = false
      function* pass(n: number): Generator<never, void> {
        if (n === 0) {
          isDone = true
          return
        }
        const next = chan<number>()
        go(function* () {
          const it = yield* next.receive()
          if (it._tag === 'Some') go(pass, it.value)
        })
        yield* next.send(n - 1)
      }
      go(pass, 100)
      yield* wait()
      expect(isDone).toBe(true)
    })
  })

  it('VT-016 afterFunc is not called before the cancel, and has been called after the cancel and a wait', async () => {
    await bubble(function* ({ wait }) {
      const ctx = withCancel(background)
      let isCalled = false
      afterFunc(ctx, () => void (isCalled = true))
      yield* wait()
      expect(isCalled).toBe(false)
      ctx.cancel()
      yield* wait()
      expect(isCalled).toBe(true)
    })
  })

  it('VT-018 after a sleep to the same instant as the code under test, a wait gives that its turn', async () => {
    await bubble(function* ({ wait }) {
      let isDone = false
      yield* sleep(0)
      const worker = go(function* () {
        yield* sleep(1000)
        isDone = true
      })
      yield* sleep(1000)
      yield* wait()
      expect(isDone).toBe(true)
      yield* worker.join()
    })
  })

  it('several may wait: each in its turn, when all is quiet', async () => {
    await bubble(function* ({ wait }) {
      const order: string[] = []
      const waiter = go(function* () {
        yield* wait()
        order.push('first')
      })
      yield* waiter.join()
      yield* wait()
      expect(order).toEqual(['first'])
    })
  })
})

describe('what goes wrong', () => {
  it('VT-010 a root that can never go on is a deadlock, named with operation, place and age', async () => {
    const error = await stuck(
      bubble(function* root() {
        yield* sleep(2000)
        yield* chan<number>().receive()
      }),
    )
    expect(error.message).toMatch(/^deadlock: all goroutines in bubble are blocked\ngoroutine \d+ \[chan receive\]: root/)
    expect(error.message).toMatch(/started at .*bubble\.test\.ts(\?\S*)?:\d+/)
    expect(error.dump.goroutines).toMatchObject([{ name: 'root', state: 'waiting', waitsFor: 'chan receive', on: ['chan 1'] }])
  })

  it('goroutines left behind are named, with how long each has been waiting, and who could have woken it', async () => {
    const error = await stuck(
      bubble(function* root() {
        const jobs = chan<number>()
        go(function* worker() {
          for (;;) yield* jobs.receive()
        })
        go(function* feeder() {
          yield* jobs.send(1)
          yield* sleep(3000)
          yield* chan<never>().receive()
        })
        yield* sleep(10)
      }),
    )
    expect(error.message).toContain('deadlock: the root has ended, but blocked goroutines remain')
    expect(error.message).toMatch(/\[chan receive, 3 s\]: worker\n {4}waits for chan 1; could be woken by feeder#\d+ \(waiting\)/)
    expect(error.dump.goroutines.map(({ name, waited }) => [name, waited])).toEqual([
      ['worker', 3000],
      ['feeder', 0],
    ])
  })

  it('locks that wait for each other are a ring', async () => {
    const error = await stuck(
      bubble(function* root() {
        const [a, b] = [mutex(), mutex()]
        function* both(first: typeof a, second: typeof a): Generator<never, void> {
          yield* first.lock()
          yield* sleep(1)
          yield* second.lock()
          second.unlock()
          first.unlock()
        }
        go(both, a, b)
        go(both, b, a)
      }),
    )
    const [one, other] = error.dump.goroutines
    expect(error.dump.cycles).toEqual([[one?.id, other?.id]])
    expect(one).toMatchObject({ holds: ['mutex 2'], on: ['mutex 1'], couldBeWokenBy: [{ name: 'both', state: 'waiting' }] })
    expect(error.message).toContain('partial deadlock: both#')
  })

  it('a ticker beside a deadlock does not hide it', async () => {
    const error = await stuck(
      bubble(function* () {
        ticker(1000)
        yield* chan<number>().receive()
      }),
    )
    expect(error.message).toContain('all goroutines in bubble are blocked')
  })

  it('the throw of the root is the bubble’s', async () => {
    await expect(
      bubble(function* () {
        yield* sleep(1)
        throw new Error('broken')
      }),
    ).rejects.toThrow('broken')
  })

  it('a second bubble at once is a clear error, and so is an exploration; one after the other is none', async () => {
    await bubble(async () => {
      await expect(bubble(function* () {})).rejects.toThrow('bubble(fn): bubble(fn) is running already')
      await expect(explore(function* () {})).rejects.toThrow('explore(program): bubble(fn) is running already')
    })
    await bubble(function* () {})
    await expect(bubble(3 as never)).rejects.toThrow('bubble(fn): expected a function, got 3')
    await bubble(function* () {})
  })

  it('the error of a second bubble shows what the first does: its test may have timed out in a loop', async () => {
    const done = chan<void>()
    let rounds = 0
    const polling = bubble(function* () {
      const limit = after(105) // starts again in each round
      while ((yield* select({ tick: sleep(10), limit, done: done.receive() })).case === 'tick') rounds++
    })
    while (rounds < 2) await hostTurn()
    const error: unknown = await bubble(function* () {}).catch((e: unknown) => e)
    done.close()
    await polling
    expect(String(error)).toMatch(
      /If its test has timed out, it still waits or polls:\nat \d\d+ ms of virtual time\n[^]*goroutine \d+ \[(select|runnable)\]/,
    )
  })

  it('the clock and the probe are given back, also after a failure', async () => {
    const { timers } = time
    await stuck(
      bubble(function* () {
        yield* chan<number>().receive()
      }),
    )
    expect(time.timers).toBe(timers)
  })

  it('a timer of a bubble that is over may be stopped outside; it touches no timers there', async () => {
    const inside = await bubble(function* () {
      return [newTimer(1000), ticker(500)] as const
    })
    const outside = newTimer(5)
    expect(inside[0].stop()).toBe(true)
    inside[1].stop()
    await outside.fired()
  })

  it('a timer of a bubble that is over, reset outside, goes by the time there', async () => {
    using clock = virtualTime()
    const timer = await bubble(function* () {
      return newTimer(HOUR)
    })
    expect(timer.reset(50)).toBe(true)
    let hasFired = false
    go(function* () {
      yield* timer.fired()
      hasFired = true
    })
    await clock.advance(49)
    expect(hasFired).toBe(false)
    await clock.advance(1)
    expect(hasFired).toBe(true)
  })

  it('a channel holds nothing of the bubble it was made in: it is read outside, and used in the next', async () => {
    const results = await bubble(function* () {
      const made = chan<number>(2)
      yield* sleep(HOUR)
      yield* made.send(1)
      return made
    })
    expect(results.tryReceive()).toMatchObject({ right: 1 })
    const receiver = go(function* () {
      return yield* results.receive()
    })
    await results.send(2)
    expect(await receiver.join()).toMatchObject({ value: 2 })
    await bubble(function* () {
      yield* results.send(3)
      results.close()
    })
    expect(await results.receive()).toMatchObject({ value: 3 })
    expect(await results.receive()).toMatchObject({ _tag: 'None' })
  })
})

describe('all three ways to write', () => {
  it('async functions: sleeps, channels and joins', async () => {
    await bubble(async ({ now, wait }) => {
      const ch: Chan<string> = chan()
      const sender = go(async () => {
        await sleep(1000)
        await ch.send('late')
      })
      await wait()
      expect(now()).toBe(0)
      expect(await ch.receive()).toMatchObject({ value: 'late' })
      expect(now()).toBe(1000)
      await sender.join()
    })
  })

  it('operators: a pool of two over four jobs of a second takes two seconds', async () => {
    await bubble(async ({ now }) => {
      const jobs = chan<number>(4)
      for (let i = 0; i < 4; i++) jobs.trySend(i)
      jobs.close()
      const worker = function* (n: number): Generator<never, number> {
        yield* sleep(1000)
        return n * 2
      }
      const results = await lastValueFrom(fromReceiver(jobs as Receiver<number>).pipe(workerPool(2, worker, { ordered: true }), toArray()))
      expect(results).toEqual([0, 2, 4, 6])
      expect(now()).toBe(2000)
    })
  })
})
