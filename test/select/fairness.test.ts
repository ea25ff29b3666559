// Statistics from a fixed seed: the draws are the same in every run, so a bound holds always or never.
import { chan, choose, go, gosched, never, select, type Chan, type Op, type Receiver } from 'millrace'
import { describe, expect, it } from 'vitest'
import { Random } from '../../src/runtime/base/random.js'
import { queue } from '../../src/runtime/scheduler/run-queue.js'
import { performed } from '../support/outcome.js'
import { seeded } from '../support/seeded.js'
import { settle } from '../support/settle.js'

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)
/** How far a share of 1/2 may be off in n draws: passed once in a million draws of the seed (six nines, two-sided). */
const bound = (n: number) => 4.891676 / (2 * Math.sqrt(n))

function full(n: number): Chan<number> {
  const ch = chan<number>(n)
  for (const i of upTo(n)) ch.trySend(i)
  return ch
}

/** How often each index is chosen in `n` rounds. */
async function chosen(n: number, count: number, choice: (round: number) => Op<{ case: number | string }>): Promise<number[]> {
  const counts = upTo(count).map(() => 0)
  await go(function* () {
    for (let i = 0; i < n; i++) counts[Number((yield* choice(i)).case)]++
  }).join()
  return counts
}

it('SE-012 two cases that are always ready are chosen equally often', async () => {
  using _ = seeded(12)
  const n = 10_000
  const [c1, c2] = [full(n + 1), full(n + 1)]
  const cases = [chan<number>(), chan<number>(), c1, c2].map((ch) => ch.receive())
  const counts = await chosen(n, 4, () => select(cases))
  expect(counts[0] + counts[1]).toBe(0)
  expect(Math.abs(counts[2] / n - 0.5)).toBeLessThan(bound(n))
})

it.each([0, 100])('SE-016 a select of two sends on a channel of capacity %i sends both values', async (capacity) => {
  using _ = seeded(16)
  // On either side: the select finds a parked receiver, or parks and is found.
  for (const waits of ['the receiver', 'the select']) {
    const ch = chan<number>(capacity)
    const counts = [0, 0]
    for (const _ of upTo(100)) {
      const receive = () => performed(ch.receive().map((message) => message._tag === 'Some' && counts[message.value]++))
      if (waits === 'the receiver') receive()
      await settle()
      performed(select([ch.send(0), ch.send(1)]))
      await settle()
      if (waits === 'the select') receive()
      await settle()
    }
    expect(counts[0] + counts[1]).toBe(100)
    expect(Math.min(...counts)).toBeGreaterThan(10)
  }
})

it.each([2, 3, 300])('%i cases that wait in one queue are found equally often', async (width) => {
  using _ = seeded(17)
  const ch = chan<number>()
  const choice = select(upTo(width).map((i) => ch.send(i)))
  const n = 10_000
  let low = 0
  await go(function* () {
    go(function* () {
      for (const _ of upTo(n)) yield* choice
    })
    for (const _ of upTo(n)) {
      yield* gosched()
      const message = yield* ch.receive()
      if (message._tag === 'Some' && message.value < width / 2) low++
    }
  }).join()
  const expected = Math.ceil(width / 2) / width
  expect(Math.abs(low / n - expected)).toBeLessThan(bound(n))
})

it('with biased the first case in the order written is parked first', async () => {
  const ch = chan<number>()
  for (const _ of upTo(20)) {
    performed(select([ch.send(0), ch.send(1)], { biased: true }))
    await settle()
    expect(ch.tryReceive()).toEqual({ _tag: 'Right', right: 0 })
  }
})

describe('two ready cases of four are chosen equally often', () => {
  const pairs = upTo(4).flatMap((a) => upTo(a).map((b) => [b, a]))

  it.each(pairs)('%i and %i', async (a, b) => {
    using _ = seeded(4)
    const n = 10_000
    const ready = full(1)
    const again = select(
      [...upTo(4)].map((i) => (i === a || i === b ? ready.receive().map(() => ready.trySend(1)) : chan<number>().receive())),
    )
    const counts = await chosen(n, 4, () => again)
    expect(counts[a] + counts[b]).toBe(n)
    expect(Math.abs(counts[a] / n - 0.5)).toBeLessThan(bound(n))
  })
})

describe.each([2, 3, 8, 64])('of %i cases that are always ready', (width) => {
  const n = 1000 * width
  /** Chi-square over its mean, in standard deviations: six is far out. */
  const deviation = (counts: readonly number[]) => {
    const expected = n / counts.length
    const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    return (chi - (counts.length - 1)) / Math.sqrt(2 * (counts.length - 1))
  }
  const closed = chan<number>()
  closed.close()

  it('each is chosen equally often, with one select or a new one each time', async () => {
    using _ = seeded(64)
    const receives = upTo(width).map(() => closed.receive())
    const kept = select(receives)
    expect(Math.abs(deviation(await chosen(n, width, () => kept)))).toBeLessThan(6)
    expect(Math.abs(deviation(await chosen(n, width, () => select(receives))))).toBeLessThan(6)
    const record = Object.fromEntries(receives.map((op, i) => [`${i}`, op]))
    expect(Math.abs(deviation(await chosen(n, width, () => select(record))))).toBeLessThan(6)
  })

  it('the second draw is fair too: no case is preferred when the first drawn is not ready', async () => {
    using _ = seeded(65)
    // The case of this round is never ready, so that each of the others has the same chance.
    const counts = await chosen(n, width, (round) => select(upTo(width).map((i) => (i === round % width ? never() : closed.receive()))))
    expect(Math.abs(deviation(counts))).toBeLessThan(6)
  })

  it('with biased the first case in the order written is always chosen', async () => {
    const counts = await chosen(100, width, () =>
      select(
        upTo(width).map(() => closed.receive()),
        { biased: true },
      ),
    )
    expect(counts[0]).toBe(100)
  })
})

it('a choice within a select counts as one case, however many operations it has', async () => {
  using _ = seeded(7)
  const n = 10_000
  const closed = chan<number>()
  closed.close()
  const inner = choose(...upTo(9).map(() => closed.receive()))
  const counts = await chosen(n, 2, () => select([inner, closed.receive()]))
  expect(Math.abs(counts[0] / n - 0.5)).toBeLessThan(bound(n))
})

it('the same seed draws the same, and another seed another', async () => {
  const closed = chan<number>()
  closed.close()
  const draws = async (seed: number) => {
    using _ = seeded(seed)
    const seen: number[] = []
    for (const _ of upTo(50)) seen.push((await select(upTo(5).map(() => closed.receive()))).case)
    return seen.join('')
  }
  expect(await draws(1)).toBe(await draws(1))
  expect(await draws(1)).not.toBe(await draws(2))
})

it('a biased select and a select of one case draw nothing', async () => {
  using _ = seeded(1)
  const untouched = new Random(1)
  const closed = chan<number>()
  closed.close()
  const one: Receiver<number> = closed
  await select([one.receive()])
  await select({ a: one.receive(), b: one.receive() }, { biased: true })
  expect(queue.random.below(1_000_000)).toBe(untouched.below(1_000_000))
})

it('parked receivers are served in their order: only cases ready at the poll are drawn at random', async () => {
  const ch = chan<number>()
  const order: number[] = []
  for (const i of upTo(5))
    go(function* () {
      yield* select({ value: ch.receive(), other: never() })
      order.push(i)
    })
  await go(function* () {
    for (const i of upTo(5)) yield* ch.send(i)
  }).join()
  await settle()
  expect(order).toEqual(upTo(5))
})
