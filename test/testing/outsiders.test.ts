/** Code beside a bubble or an exploration keeps its own clock: nothing that it waits for is touched. */
import {
  background,
  chan,
  go,
  newTimer,
  now,
  range,
  rateLimiter,
  select,
  sleep,
  sometimes,
  ticker,
  withDeadline,
  withTimeout,
  type Context,
} from 'millrace'
import { batch, fromReceiver } from 'millrace/operators'
import { bubble, explore, marbles } from 'millrace/testing'
import { asyncScheduler, of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { virtualTime } from '../support/virtual-time.js'

const HOUR = 3_600_000

/** Code that beats every 10 ms of its clock until the context ends. */
type Outsider = (beat: () => void, end: Context) => unknown

const outsiders: Record<string, Outsider> = {
  'a goroutine that sleeps': (beat, end) =>
    go(function* () {
      while (end.err()._tag === 'None') {
        yield* sleep(10)
        beat()
      }
    }),
  'an async function that sleeps': async (beat, end) => {
    while (end.err()._tag === 'None') {
      await sleep(10)
      beat()
    }
  },
  'a select with a timeout': (beat, end) =>
    go(function* () {
      const silent = chan<void>()
      while (end.err()._tag === 'None') {
        yield* select({ silent: silent.receive(), timeout: sleep(10) })
        beat()
      }
    }),
  'a ticker': (beat, end) =>
    go(function* () {
      const beats = ticker(10)
      while (end.err()._tag === 'None') {
        yield* beats.receive()
        beat()
      }
      beats.stop()
    }),
  'a timer that is reset': (beat, end) =>
    go(function* () {
      const timer = newTimer(10)
      while (end.err()._tag === 'None') {
        yield* timer.fired()
        timer.reset(10)
        beat()
      }
      timer.stop()
    }),
  'a limiter': (beat, end) =>
    go(function* () {
      const limiter = rateLimiter(100, 1)
      limiter.allow()
      while (end.err()._tag === 'None') {
        yield* limiter.wait()
        beat()
      }
    }),
  'contexts with a timeout': (beat, end) =>
    go(function* () {
      while (end.err()._tag === 'None') {
        yield* withTimeout(background, 10).done()
        beat()
      }
    }),
  'contexts with a deadline': async (beat, end) => {
    while (end.err()._tag === 'None') {
      await withDeadline(background, now() + 10).done()
      beat()
    }
  },
  'a pipeline with windows of time': (beat, end) => {
    const items = chan<number>()
    fromReceiver(items)
      .pipe(batch({ size: 100, within: 10 }))
      .subscribe(() => {
        if (end.err()._tag === 'None') items.trySend(0)
        beat()
      })
    go(function* () {
      yield* items.send(0)
    })
  },
}

const insides: Record<string, (isOver: () => boolean) => Promise<unknown>> = {
  'a bubble': (isOver) =>
    bubble(function* () {
      while (!isOver()) yield* sleep(HOUR)
    }),
  'a bubble of async functions': (isOver) =>
    bubble(async () => {
      while (!isOver()) await sleep(HOUR)
    }),
  'a marble test': (isOver) =>
    marbles(function* ({ expectObservable }) {
      expectObservable(of(1)).toBe('(1|)', { 1: 1 })
      while (!isOver()) yield* sleep(HOUR)
    }),
  'an exploration': async (isOver) => {
    while (!isOver())
      await explore(
        function* () {
          const ch = chan<number>()
          go(function* () {
            yield* sleep(HOUR)
            yield* ch.send(1)
          })
          yield* ch.receive()
        },
        { schedules: 200 },
      )
  },
  'an exploration of async functions': async (isOver) => {
    while (!isOver())
      await explore(
        async () => {
          const ch = chan<number>()
          go(async () => {
            await sleep(HOUR)
            await ch.send(1)
          })
          await ch.receive()
        },
        { schedules: 20 },
      )
  },
}

describe.each(Object.entries(insides))('beside %s', (_inside, run) => {
  it.each(Object.entries(outsiders))('%s goes by the clock outside, from before it to after it', async (_outsider, start) => {
    using clock = virtualTime()
    using end = withTimeout(background, 120)
    let beats = 0
    start(() => beats++, end)
    await clock.advance(25)
    expect(beats).toBe(2)
    let isOver = false
    const inside = run(() => isOver)
    await clock.advance(50)
    expect(beats).toBe(7)
    isOver = true
    await inside
    await clock.advance(25)
    expect(beats).toBe(10)
    await clock.advance(50)
  })

  it.each(Object.entries(outsiders))('%s that starts meanwhile goes by the clock outside', async (_outsider, start) => {
    using clock = virtualTime()
    using end = withTimeout(background, 100)
    let beats = 0
    let isOver = false
    const inside = run(() => isOver)
    start(() => beats++, end)
    await clock.advance(55)
    isOver = true
    await inside
    expect(beats).toBe(5)
    await clock.advance(60)
  })
})

describe('what a bubble shares with code outside', () => {
  it('a timer of outside that is withdrawn inside is withdrawn', async () => {
    using clock = virtualTime()
    const timer = newTimer(10)
    await bubble(function* () {
      yield* sleep(1)
      expect(timer.stop()).toBe(true)
    })
    expect(clock.waiting).toBe(0)
  })

  it('a limiter that is used in one bubble after the other, and outside, neither stops nor runs ahead', async () => {
    using clock = virtualTime()
    const limiter = rateLimiter(10, 1)
    const three = function* ({ now: elapsed }: { now(): number }): Generator<never, number> {
      for (let i = 0; i < 3; i++) yield* limiter.wait()
      return elapsed()
    }
    expect(await bubble(three)).toBe(200)
    expect(await bubble(three)).toBe(300)
    expect(limiter.allow()).toBe(false)
    await clock.advance(100)
    expect(limiter.allow()).toBe(true)
  })

  it('a limiter keeps the time of the code that waits for it', async () => {
    using clock = virtualTime()
    const limiter = rateLimiter(100, 1)
    limiter.allow()
    const waiting = go(() => limiter.wait())
    await clock.advance(5)
    await bubble(function* () {
      yield* sleep(HOUR)
      expect(limiter.allow()).toBe(false)
    })
    expect(limiter.tokens()).toBe(-0.5)
    await clock.advance(5)
    await waiting.join()
  })

  it('a gate of calls begins anew under another clock', async () => {
    using _clock = virtualTime()
    const seldom = sometimes({ interval: HOUR })
    let calls = 0
    const call = (): void => seldom.do(() => calls++)
    call()
    await bubble(function* () {
      call()
      yield* sleep(HOUR)
      call()
      call()
    })
    expect(calls).toBe(3)
  })

  it('a context of outside ends contexts made inside, and a deadline of inside ends none outside', async () => {
    using clock = virtualTime()
    using outer = withTimeout(background, 100)
    const inner = await bubble(function* () {
      using own = withTimeout(outer, 1000)
      yield* own.done()
      return withTimeout(outer, 50)
    })
    using child = withTimeout(inner, 80)
    await clock.advance(80)
    expect(child.err()._tag).toBe('Some')
    expect(inner.err()._tag).toBe('None')
    await clock.advance(20)
    expect(inner.err()._tag).toBe('Some')
  })

  it('goroutines of outside are no leaks of a bubble, and their wakes do not keep it going', async () => {
    using clock = virtualTime()
    let beats = 0
    const busy = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        go(function* () {
          yield* sleep(10)
          beats++
        })
        await clock.advance(10)
      }
    }
    const outside = busy()
    await bubble(function* () {
      for (let i = 0; i < 20; i++) yield* sleep(HOUR)
    })
    await outside
    expect(beats).toBe(20)
  })

  it('RxJS outside a marble test keeps its own schedulers', async () => {
    let time = NaN
    const test = marbles(function* () {
      for (let i = 0; i < 10; i++) yield* sleep(HOUR)
    })
    time = asyncScheduler.now()
    expect(Math.abs(time - Date.now())).toBeLessThan(60_000)
    await test
  })
})

describe('deadlines in a bubble', () => {
  it.each([
    ['now()', () => now()],
    ['Date.now()', () => Date.now()],
  ])('computed with %s come in virtual time, whenever it is', async (_, from) => {
    await bubble(function* ({ now: elapsed }) {
      for (const start of [0, HOUR]) {
        yield* sleep(start - elapsed())
        const ended = yield* sleep(5000)
          .within(withDeadline(background, from() + 1000))
          .attempt()
        expect(ended._tag).toBe('Left')
        expect(Math.round((elapsed() - start) / 10)).toBe(100) // Date.now() may have moved by a ms meanwhile
      }
    })
  })
})

describe('goroutines left behind that poll', () => {
  it.each<[string, () => unknown]>([
    [
      'a generator',
      () =>
        go(function* poller() {
          for (;;) yield* sleep(1000)
        }),
    ],
    [
      'an async function',
      () =>
        go(async function poller() {
          for (;;) await sleep(1000)
        }),
    ],
    [
      'a receiver of ticks',
      () =>
        go(function* poller() {
          for (const it = range(ticker(1000)); yield* it.next(););
        }),
    ],
  ])('%s is named', async (_, start) => {
    const test = bubble(function* () {
      start()
      yield* sleep(10)
    })
    await expect(test).rejects.toThrow(/the root has ended, but blocked goroutines remain\n.*poller/)
  })
})
