/** Programs from bug reports of other libraries, each at the point where the library lost a value, a permit, a wait or an error. */
import {
  background,
  chan,
  cond,
  errgroup,
  go,
  gosched,
  hedge,
  keyedMutex,
  mapConcurrent,
  mutex,
  never,
  newTimer,
  pool,
  rwMutex,
  select,
  semaphore,
  singleflight,
  sleep,
  ticker,
  waitGroup,
  withCancel,
  withRetry,
} from 'millrace'
import { bubble, explore, type Trial } from 'millrace/testing'
import { describe, expect, it } from 'vitest'

const everywhere = (program: (trial: Trial) => Generator<never, void>) => explore(program, { schedules: 300, strategy: 'random' })

describe('under random schedules', () => {
  it('a select that is canceled has received the value, or the channel has it', () =>
    everywhere(function* () {
      const [ch, got] = [chan<number>(1), [] as number[]]
      const selecting = go(function* () {
        const chosen = yield* select({ value: ch.receive(), never: never() })
        if (chosen.value._tag === 'Some') got.push(chosen.value.value)
      })
      const sending = go(() => ch.send(7))
      const canceling = go(function* () {
        yield* gosched()
        selecting.cancel()
      })
      yield* canceling.join()
      yield* sending.join()
      yield* selecting.join().attempt()
      expect(got.length + (ch.tryReceive()._tag === 'Right' ? 1 : 0)).toBe(1)
    }))

  it('a semaphore has all its permits when its holders and waiters were canceled', () =>
    everywhere(function* () {
      const permits = semaphore(3)
      const holders = [1, 1, 2].map((k) =>
        go(function* () {
          using _held = yield* permits.acquire(k)
          yield* gosched()
        }),
      )
      const canceling = go(function* () {
        for (const holder of holders) {
          yield* gosched()
          holder.cancel()
        }
      })
      yield* canceling.join()
      for (const holder of holders) yield* holder.join().attempt()
      expect(permits.tryAcquire(3)).toBe(true)
    }))

  it('a signal of a cond reaches a waiter, though the first of them is canceled', () =>
    everywhere(function* () {
      const lock = mutex()
      const changed = cond(lock)
      let [waiting, woken] = [0, 0]
      const wait = () =>
        go(function* () {
          using _held = yield* lock.lock()
          waiting++
          yield* changed.wait()
          woken++
        })
      const [first, second] = [wait(), wait()]
      while (waiting < 2) yield* gosched()
      const canceling = go(() => first.cancel())
      const signaling = go(function* () {
        using _held = yield* lock.lock()
        changed.signal()
      })
      yield* canceling.join()
      yield* signaling.join()
      yield* first.join().attempt()
      while (woken === 0) yield* gosched()
      changed.broadcast()
      yield* second.join()
    }))

  it('a lock of a key passes waiters that were canceled, and is free in the end', () =>
    everywhere(function* () {
      const locks = keyedMutex<string>()
      const take = () =>
        go(function* () {
          using _held = yield* locks.lock('key')
          yield* gosched()
        })
      const [first, second, third] = [take(), take(), take()]
      const canceling = go(function* () {
        second.cancel()
        yield* gosched()
        first.cancel()
      })
      yield* canceling.join()
      for (const one of [first, second]) yield* one.join().attempt()
      yield* third.join()
      expect(locks.tryLock('key')).toBe(true)
    }))

  it('a wait group is used again while the waiters of the former round wake', () =>
    everywhere(function* () {
      const group = waitGroup()
      let done = 0
      for (let round = 1; round <= 3; round++) {
        for (let i = 0; i < 2; i++)
          group.go(function* () {
            yield* gosched()
            done++
          })
        const other = go(() => group.wait())
        yield* group.wait()
        expect(done).toBe(2 * round)
        yield* other.join()
      }
    }))
})

describe('in virtual time', () => {
  it('an errgroup with a limit of 1 ends with the failure, and waits for nobody', () =>
    bubble(async () => {
      const group = errgroup(background)
      group.setLimit(1)
      for (let i = 0; i < 8; i++) group.go(() => (i === 3 ? Promise.reject(new Error('the fourth')) : i))
      await expect(group.wait()).rejects.toThrow('the fourth')
    }))

  it('an acquire within the context of a failed group throws the failure', () =>
    bubble(async () => {
      const [group, permits] = [errgroup(background), semaphore(2)]
      const start = async (i: number) => {
        await permits.acquire().within(group.ctx)
        group.go(function* () {
          yield* sleep(5)
          permits.release()
          if (i === 1) throw new Error('the reason')
        })
      }
      await expect((async () => { for (let i = 0; i < 10; i++) await start(i) })()).rejects.toThrow('the reason') // prettier-ignore
      await expect(group.wait()).rejects.toThrow('the reason')
    }))

  it('a paused pool whose context ends fails its waits, and runs nothing more', () =>
    bubble(async () => {
      const ctx = withCancel(background)
      const tasks = pool({ size: 1, ctx })
      let begun = 0
      for (let i = 0; i < 5; i++)
        tasks.go(function* () {
          begun++
          yield* sleep(10)
        })
      await sleep(5)
      tasks.pause()
      const ends = [go(() => tasks.wait()).join().attempt(), go(() => tasks.drain()).join().attempt()] // prettier-ignore
      const cleared = new Error('cleared')
      go(() => sleep(50).map(() => ctx.cancel(cleared)))
      for (const end of ends) expect(await end).toEqual({ _tag: 'Left', left: cleared })
      expect([begun, tasks.active, tasks.queued]).toEqual([1, 0, 0])
    }))

  it('a pool that is resized while it is busy, by tasks that start tasks, keeps its new size', () =>
    bubble(async () => {
      const tasks = pool<number>({ size: 3 })
      let [running, most] = [0, 0]
      const task = (more: number) =>
        function* (): Generator<never, number> {
          most = Math.max(most, ++running)
          yield* sleep(10)
          running--
          if (more > 0) tasks.go(task(more - 1))
          return more
        }
      for (let i = 0; i < 6; i++) tasks.go(task(1))
      await sleep(15)
      tasks.resize(1)
      await sleep(10)
      most = 0
      expect(await tasks.wait()).toHaveLength(12)
      expect(most).toBe(1)
    }))

  it('readers pass a writer that was canceled while it waited', () =>
    bubble(async () => {
      const lock = rwMutex()
      const order: string[] = []
      const reading = (name: string, ms: number) =>
        go(function* () {
          using _held = yield* lock.rLock()
          yield* sleep(ms)
          order.push(name)
        })
      const long = reading('long', 10)
      await sleep(1)
      const writing = go(() => lock.lock())
      await sleep(1)
      const short = reading('short', 1)
      await sleep(1)
      writing.cancel()
      await short.join()
      await long.join()
      expect(order).toEqual(['short', 'long'])
    }))

  it('a call that callers share goes on when the first caller leaves, and a failure is not kept', () =>
    bubble(async () => {
      const flights = singleflight<string, number>()
      let calls = 0
      const ask = () => flights.do('key', () => sleep(10).map(() => ++calls))
      const [first, second] = [go(ask), go(ask)]
      await sleep(1)
      first.cancel()
      await second.join()
      expect(calls).toBe(1)
      expect((await flights.do('key', () => Promise.reject(new Error('no'))).attempt())._tag).toBe('Left')
      await ask()
      expect(calls).toBe(2)
    }))

  it('a retry that is given up between two tries tries no more', () =>
    bubble(async () => {
      let tries = 0
      const fails = () => Promise.reject(new Error(`try ${++tries}`))
      await expect(withRetry(() => 1000, fails).timeout(1500)).rejects.toThrow('withRetry took more than 1500 ms')
      await sleep(10_000)
      expect(tries).toBe(2)
    }))

  it('mapConcurrent leaves a source without end when a function fails, and closes it', () =>
    bubble(async () => {
      let [read, isClosed] = [0, false]
      function* numbers() {
        try {
          for (;;) yield read++
        } finally {
          isClosed = true
        }
      }
      const fails = (i: number) => sleep(1).map(() => (i === 5 ? Promise.reject(new Error('five')) : i))
      await expect(mapConcurrent(numbers(), 2, (i) => go(async () => fails(i)).join())).rejects.toThrow('five')
      expect([read < 10, isClosed]).toEqual([true, true])
    }))

  it('the losers of a hedge have cleaned up before its result, waits included', () =>
    bubble(async () => {
      const order: string[] = []
      function* slow() {
        try {
          yield* sleep(100)
        } finally {
          yield* sleep(5)
          order.push('cleaned up')
        }
      }
      await hedge(5, [slow, () => sleep(10)])
      order.push('result')
      expect(order).toEqual(['cleaned up', 'result'])
    }))

  it('a timer that is set again after it has fired fires once, and a slow reader of a ticker finds one tick', () =>
    bubble(async () => {
      const timer = newTimer(5)
      await sleep(10)
      timer.reset(5)
      await sleep(10)
      await timer.fired()
      expect((await timer.fired().timeout(100).attempt())._tag).toBe('Left')
      using ticks = Object.assign(ticker(10), { [Symbol.dispose]: () => ticks.stop() })
      await sleep(105)
      expect((await ticks.receive().timeout(1).attempt())._tag).toBe('Right')
      expect((await ticks.receive().timeout(1).attempt())._tag).toBe('Left')
    }))
})
