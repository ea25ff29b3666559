/**
 * Fake timers that a test turns on after the import: of vitest, of sinon (jest's as well) and of Node. The package keeps the
 * timers of the host, and the test kit works beside them.
 */
import { install } from '@sinonjs/fake-timers'
import { background, go, gosched, newTimer, now, onCrash, sleep, ticker, withDeadline, withTimeout } from 'millrace'
import { bubble, explore, watchGoroutines } from 'millrace/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { settle } from '../support/settle.js'

const { setImmediate: hostImmediate, performance: hostPerformance, setTimeout: hostTimeout } = globalThis
const HOUR = 3_600_000
const isNode = typeof process === 'object' && !('Bun' in globalThis) && !('Deno' in globalThis)
const runner = 'node:test' // a browser has no such module
const { mock } = isNode ? ((await import(/* @vite-ignore */ runner)) as typeof import('node:test')) : { mock: null }

interface Faked {
  advance(ms: number): void
  end(): void
}

/** Each turns all fakes on. */
const kinds: Record<string, () => Faked> = {
  vitest: () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Date', 'performance'] })
    return { advance: (ms) => void vi.advanceTimersByTime(ms), end: () => void vi.useRealTimers() }
  },
  sinon: () => {
    // Without a real nextTick the host's own streams stand still, and with them the runner's messages.
    const clock = install({ toNotFake: ['nextTick'] })
    return { advance: (ms) => void clock.tick(ms), end: () => clock.uninstall() }
  },
  ...(mock === null
    ? {}
    : { node: () => (mock.timers.enable(), { advance: (ms) => mock.timers.tick(ms), end: () => mock.timers.reset() }) }),
}

describe.each(Object.keys(kinds))('fake timers of %s', (kind) => {
  let fake: Faked
  beforeEach(() => void (fake = kinds[kind]()))
  afterEach(() => fake.end())

  it('are on', () => {
    expect(setTimeout).not.toBe(hostTimeout)
  })

  it('hold up no sleep, timer, ticker or timeout of a context', async () => {
    await sleep(2)
    await newTimer(2).fired()
    const ticks = ticker(1)
    await ticks.receive()
    ticks.stop()
    await withTimeout(background, 2).done()
    await withDeadline(background, Date.now() + 2).done()
    await go(function* () {
      yield* sleep(2)
    }).join()
  })

  it('shorten no sleep', async () => {
    let hasSlept = false
    const sleeper = go(function* () {
      yield* sleep(HOUR)
      hasSlept = true
    })
    await sleep(1)
    fake.advance(2 * HOUR)
    await sleep(2)
    expect(hasSlept).toBe(false)
    sleeper.cancel()
  })

  it('leave the durations of sleeps that begin before them or end after them', async () => {
    const began = hostPerformance.now()
    const slept = go(function* () {
      yield* sleep(20)
    })
    fake.advance(HOUR)
    await sleep(1)
    fake.end()
    await slept.join()
    expect(hostPerformance.now() - began).toBeGreaterThan(15)
  })

  it('let the host have its turn in a long computation', async () => {
    const turn = new Promise((resolve) => hostTimeout(resolve, 0))
    const busy = go(function* () {
      for (;;) yield* gosched()
    })
    await turn
    busy.cancel()
  })

  it('are the clock of now(), as of Date.now()', () => {
    const before = now()
    fake.advance(HOUR)
    expect(now() - before).toBe(HOUR)
  })

  it('swallow no crash', async () => {
    let off = (): void => {}
    const crash = new Promise((resolve) => (off = onCrash(resolve)))
    go(() => {
      throw new Error('boom')
    })
    expect(await crash).toEqual(new Error('boom'))
    off()
  })

  it('have no part in a bubble, which has a clock of its own', async () => {
    await bubble(function* ({ now: inside }) {
      fake.advance(HOUR)
      using ctx = withTimeout(background, HOUR)
      yield* sleep(HOUR - 1)
      expect([inside(), ctx.err()._tag]).toEqual([HOUR - 1, 'None'])
      yield* ctx.done()
      expect(inside()).toBe(HOUR)
      using next = withDeadline(background, now() + 10)
      yield* next.done()
      expect(inside()).toBe(HOUR + 10)
    })
  })

  it('hold up no exploration', async () => {
    const { schedules } = await explore(
      function* () {
        go(() => sleep(1))
        yield* sleep(2)
      },
      { schedules: 20 },
    )
    expect(schedules).toBeGreaterThan(1)
  })

  it('hold up no check for goroutines left behind', async () => {
    using watch = watchGoroutines()
    const left = go(function* () {
      yield* sleep(HOUR)
    })
    await expect(watch.check(20)).rejects.toThrow('found unexpected goroutines')
    left.cancel()
    go(() => sleep(10))
    await watch.check()
  })
})

it.skipIf('reportError' in globalThis)('a crash without a hook is an uncaught exception under fake timers', async () => {
  vi.useFakeTimers()
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  const uncaught = new Promise((resolve) => void process.once('uncaughtException', resolve))
  go(() => {
    throw new Error('boom')
  })
  expect(await uncaught).toEqual(new Error('boom'))
  for (const listener of listeners) process.on('uncaughtException', listener)
  expect(hostImmediate).not.toBe(setImmediate)
  vi.useRealTimers()
  await settle()
})
