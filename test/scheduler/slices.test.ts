/**
 * The host gets its turn however busy the goroutines are. Time is the sum of the work that they report: so the tests assert how much
 * work lies between two turns, whatever the machine. (slices-in-a-process.test.ts has the host's own clock.)
 */
import { chan, go, gosched, onCrash, range, select, type Body } from 'millrace'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { queue } from '../../src/runtime/scheduler/run-queue.js'
import { seeded } from '../support/seeded.js'
import { settle } from '../support/settle.js'

const host = vi.hoisted(() => ({ ms: 0, turns: [] as number[] }))

vi.mock(import('../../src/runtime/base/host.js'), async (original) => {
  const real = await original()
  const hostTurn = (f: () => void): void => {
    real.hostTurn(() => {
      host.turns.push(host.ms)
      f()
    })
  }
  return { ...real, now: () => host.ms, hostTurn }
})

/** ms of work after which the host must have had a turn; a slice is 5. */
const LONGEST = 20
/** ms of work done in all: some steps for each of a thousand goroutines; ten turns are enough where steps are short. */
const ALL = 1000
const ALL_SHORT = 200

/** Stands for a number of ms that is short at first, then long. */
const GROWING = -1

let [over, start, all] = [false, 0, ALL]
const work = (ms: number): boolean => {
  host.ms += ms !== GROWING ? ms : host.ms < start + 50 ? 0.001 : 1
  over ||= host.ms >= start + all
  return !over
}

beforeEach(() => {
  over = false
  all = ALL
  start = host.ms += 100
  host.turns = []
})

/** Goroutines that wait only for each other; each step is `ms` of work. */
const busy: Record<string, (ms: number) => void> = {
  gosched: (ms) =>
    void go(function* () {
      while (work(ms)) yield* gosched()
    }),
  'ready operations': (ms) =>
    void go(function* () {
      const ch = chan<number>(1)
      while (work(ms)) {
        yield* ch.send(1)
        yield* ch.receive()
      }
    }),
  'ready selects': (ms) =>
    void go(function* () {
      const [a, b] = [chan<number>(1), chan<number>(1)]
      for (a.trySend(1); work(ms);) yield* select({ a: a.receive().map(() => b.trySend(1)), b: b.receive().map(() => a.trySend(1)) })
    }),
  'a sender and a receiver': (ms) => {
    const ch = chan<number>()
    go(function* () {
      while (work(ms)) yield* ch.send(1)
      ch.close()
    })
    go(function* () {
      for (const it = range(ch); yield* it.next();) work(ms)
    })
  },
  'goroutines that start others': (ms) => {
    const next: Body<[], void> = () => void (work(ms) && go(next))
    go(next)
  },
  'await of gosched': (ms) =>
    void go(async () => {
      while (work(ms)) await gosched()
    }),
  'await of ready operations': (ms) =>
    void go(async () => {
      const ch = chan<number>(1)
      while (work(ms)) {
        await ch.send(1)
        await ch.receive()
      }
    }),
  'an async sender and an async receiver': (ms) => {
    const ch = chan<number>()
    go(async () => {
      while (work(ms)) await ch.send(1)
      ch.close()
    })
    go(async () => {
      for await (const _ of ch) work(ms)
    })
  },
}

/** The work done between two turns of the host. */
function gaps(): number[] {
  const turns = [start, ...host.turns, host.ms]
  return turns.slice(1).map((at, i) => at - turns[i])
}
const longestGap = (): number => Math.max(...gaps())

const steps = [0.001, 0.1, 1]

it.each(Object.keys(busy).flatMap((kind) => steps.map((ms) => [kind, ms] as const)))('one of %s, %d ms a step', async (kind, ms) => {
  using _random = seeded(1)
  if (ms < 0.1) all = ALL_SHORT
  busy[kind](ms)
  while (!over) await settle()
  expect(longestGap()).toBeLessThanOrEqual(LONGEST)
  await settle()
})

it.each(Object.keys(busy).flatMap((kind) => steps.map((ms) => [kind, ms] as const)))('a hundred of %s, %d ms a step', async (kind, ms) => {
  using _random = seeded(1)
  if (ms < 0.1) all = ALL_SHORT
  for (let i = 0; i < 100; i++) busy[kind](ms)
  while (!over) await settle()
  expect(longestGap()).toBeLessThanOrEqual(LONGEST)
  await settle()
})

it.each(Object.keys(busy))('a hundred of %s, whose steps grow from 0.001 to 1 ms', async (kind) => {
  using _random = seeded(1)
  for (let i = 0; i < 100; i++) busy[kind](GROWING)
  while (!over) await settle()
  const long = gaps().filter((gap) => gap > LONGEST)
  expect(long.length).toBeLessThanOrEqual(1) // the slice in which the steps grew
  expect(Math.max(0, ...long)).toBeLessThan(100) // the stride was still that of short steps
  await settle()
})

it.each(['in groups', 'mixed'])('a thousand of all kinds, with long and short steps, %s', async (how) => {
  using _random = seeded(1)
  const kinds = Object.values(busy).flatMap((start) => steps.flatMap((ms) => Array.from({ length: 42 }, () => () => start(ms))))
  const order = how === 'mixed' ? kinds.map((_, i) => kinds[(i * 461) % kinds.length]) : kinds
  for (const start of order) start()
  while (!over) await settle()
  expect(longestGap()).toBeLessThanOrEqual(LONGEST)
  await settle()
})

/** Begins a slice; time passes in it only by `work`. */
async function newSlice(): Promise<void> {
  await settle()
  queue.hostHadItsTurn()
}

describe('within a slice an operation that is ready', () => {
  it('completes at once by yield*, without a turn of the queue', async () => {
    await newSlice()
    const order: unknown[] = []
    const ch = chan<number>(100)
    const sender = go(function* () {
      for (let i = 0; i < 100; i++) yield* ch.send(i)
      order.push('all sent')
    })
    go(() => order.push('the next goroutine'))
    await sender.join()
    await settle()
    expect(order).toEqual(['all sent', 'the next goroutine'])
  })

  it('completes at once by await, without a turn of the event loop', async () => {
    await newSlice()
    const ch = chan<number>(100)
    const sendAll = async () => {
      for (let i = 0; i < 100; i++) await ch.send(i)
    }
    void sendAll()
    for (let microtask = 0; microtask < 1000; microtask++) await Promise.resolve()
    expect(ch.size).toBe(100)
    expect(host.turns).toEqual([])
  })
})

it('the end of a slice does not decide what is a crash: a ready goroutine may still join', async () => {
  const crashes: unknown[] = []
  const off = onCrash((error) => crashes.push(error))
  let joined = 0
  for (let i = 0; i < 300; i++) {
    const failing = go(() => {
      work(i % 3)
      throw new Error('boom')
    })
    for (let others = i % 4; others > 0; others--) go(() => {}) // slices end at any point
    go(function* () {
      if ((yield* failing.join().attempt())._tag === 'Left') joined++
    })
  }
  while (joined < 300) await settle()
  await settle()
  off()
  expect(host.turns.length).toBeGreaterThan(10)
  expect(crashes).toEqual([])
})
