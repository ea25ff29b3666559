/**
 * What loses leaves nothing behind: 100,000 selects that lose on one quiet thing. (A million, with the figures: `bench/growth.mjs`.)
 * Each select waits before it loses, so each has been parked on the quiet thing.
 */
import { getEventListeners } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { chan, fromSignal, go, select, type Chan, type Context, type Op } from 'millrace'
import type { Channel } from '../../src/runtime/internal.js'
import { RaceEngine, shared } from '../../src/testing/race/index.js'

const SELECTS = 100_000
const WARM_UP = 20_000
const MOST_MB = 5

type Quiet = Op<unknown> | Promise<unknown>

function* consumer(work: Chan<number>, times: number, quiet: () => Quiet): Generator<never, number> {
  let lost = 0
  for (let i = 0; i < times; i++) if ((yield* select({ quiet: quiet(), work: work.receive() })).case === 'work') lost++
  return lost
}

async function asyncConsumer(work: Chan<number>, times: number, quiet: () => Quiet): Promise<number> {
  let lost = 0
  for (let i = 0; i < times; i++) if ((await select({ quiet: quiet(), work: work.receive() })).case === 'work') lost++
  return lost
}

function* producer(work: Chan<number>, times: number): Generator<never, void> {
  for (let i = 0; i < times; i++) yield* work.send(i)
}

/** Answers how many selects lost on the quiet thing. */
async function lose(by: typeof consumer | typeof asyncConsumer, times: number, quiet: () => Quiet): Promise<number> {
  const work = chan<number>()
  const consuming = go(by as typeof asyncConsumer, work, times, quiet)
  go(producer, work, times)
  return await consuming.join()
}

function heapMegabytes(): number {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc')
  globalThis.gc()
  globalThis.gc()
  return process.memoryUsage().heapUsed / 2 ** 20
}

async function loseWithoutGrowth(by: typeof consumer | typeof asyncConsumer, quiet: () => Quiet): Promise<void> {
  await lose(by, WARM_UP, quiet)
  const before = heapMegabytes()
  expect(await lose(by, SELECTS, quiet)).toBe(SELECTS)
  expect(heapMegabytes() - before).toBeLessThan(MOST_MB)
}

describe.each([
  ['goroutine', consumer],
  ['async function', asyncConsumer],
])(`${SELECTS} selects of a %s leave nothing behind`, (_, by) => {
  it('on a quiet channel', async () => {
    const quiet = chan<number>() as Channel<number> // its queues are looked into
    await loseWithoutGrowth(by, () => quiet.receive())
    await loseWithoutGrowth(by, () => quiet.send(1))
    expect([quiet.receivers.first, quiet.receivers.last, quiet.senders.first, quiet.senders.last]).toEqual([null, null, null, null])
  })

  it('on a promise that stays pending, which gets one reaction', async () => {
    const pending = new Promise<never>(() => {})
    const then = vi.spyOn(pending, 'then')
    await loseWithoutGrowth(by, () => pending)
    expect(then).toHaveBeenCalledTimes(1)
  })

  it('on the context of a signal, which gets one listener', async () => {
    const { signal } = new AbortController()
    const ctx = fromSignal(signal)
    await loseWithoutGrowth(by, () => ctx.done())
    expect(waitersOf(ctx)).toEqual([null, null])
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    ctx.cancel()
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('on an operation within the context of a signal', async () => {
    const { signal } = new AbortController()
    const ctx = fromSignal(signal)
    const quiet = chan<number>() as Channel<number> // its queues are looked into
    await loseWithoutGrowth(by, () => quiet.receive().within(ctx))
    expect([quiet.receivers.first, ...waitersOf(ctx)]).toEqual([null, null, null])
  })
})

it(`${SELECTS} contexts of one signal, each canceled when its select is over, leave nothing behind`, async () => {
  const { signal } = new AbortController()
  function* consumer(work: Chan<number>, times: number): Generator<never, void> {
    for (let i = 0; i < times; i++) {
      const ctx = fromSignal(signal)
      yield* select({ quiet: ctx.done(), work: work.receive() })
      ctx.cancel()
    }
  }
  async function consume(times: number): Promise<void> {
    const work = chan<number>()
    const consuming = go(consumer, work, times)
    go(producer, work, times)
    await consuming.join()
  }
  await consume(WARM_UP)
  const before = heapMegabytes()
  await consume(SELECTS)
  expect(heapMegabytes() - before).toBeLessThan(MOST_MB)
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
})

function waitersOf(ctx: Context): unknown[] {
  const { first, last } = (ctx.done() as unknown as { waiters: { first: unknown; last: unknown } }).waiters // as every context that can end has
  return [first, last]
}

it('10,000 runs that look for races leave nothing behind, also within one microtask', () => {
  const engine = new RaceEngine('order')
  const close = engine.open()
  const before = heapMegabytes()
  for (let i = 0; i < 10_000; i++) {
    engine.begin(false)
    shared(i, 'cell').value++ // by the host
  }
  expect(heapMegabytes() - before).toBeLessThan(MOST_MB)
  close()
})
