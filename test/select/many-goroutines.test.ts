import { none } from 'fp-ts/lib/Option.js'
import { chan, go, gosched, range, select, trySelect, type Chan, type Op, type Receiver } from 'millrace'
import { expect, it } from 'vitest'
import { Random } from '../../src/runtime/base/random.js'
import { seeded } from '../support/seeded.js'

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

it('SE-018 a select takes exactly one of its cases: nothing arrives twice, and all arrive', async () => {
  const n = 100_000
  const channels = upTo(4).map(() => chan<number>())
  const merged = chan<number>()
  go(function* sender() {
    for (let i = 0; i < n; i++) yield* select(channels.map((ch) => ch.send(i)))
    for (const ch of channels) ch.close()
  })
  function* forward(from: Receiver<number>) {
    for (const it = range(from); yield* it.next();) yield* merged.send(it.value)
  }
  const forwarders = channels.map((ch) => go(forward, ch))
  go(function* () {
    for (const each of forwarders) yield* each.join()
    merged.close()
  })
  const seen = new Set<number>()
  let received = 0
  const reader = go(function* () {
    for (const it = range(merged); yield* it.next(); received++) seen.add(it.value)
  })
  await reader.join()
  expect([received, seen.size]).toEqual([n, n])
})

it('SE-031 where one of two channels is ready at every moment, a select never takes the default', async () => {
  const random = new Random(31)
  function* wait() {
    for (let left = random.below(4); left > 0; left--) yield* gosched()
  }
  for (const _ of upTo(2000)) {
    const [c1, c2] = [chan<number>(1), chan<number>(1)]
    c1.trySend(1)
    const looker = go(function* () {
      yield* wait()
      return trySelect({ c1: c1.receive(), c2: c2.receive() })
    })
    go(function* () {
      yield* wait()
      yield* c2.send(1)
      yield* wait()
      c1.tryReceive()
    })
    expect(await looker.join()).not.toEqual(none)
  }
})

it('SE-034 plain senders and receivers and selects over four channels all finish', async () => {
  using _ = seeded(34)
  const n = 10_000
  const channels = [chan<number>(), chan<number>(), chan<number>(2), chan<number>(3)]
  function* repeat(op: Op<unknown>) {
    for (let i = 0; i < n; i++) yield* op
  }
  /** Chooses among the four channels, and drops a channel after n values of it. */
  function* choose(make: (ch: Chan<number>) => Op<unknown>) {
    const left: (Op<unknown> | null)[] = channels.map(make)
    const counts = channels.map(() => 0)
    for (let i = 0; i < 4 * n; i++) {
      const chosen: { case: number } = yield* select(left)
      if (++counts[chosen.case] === n) left[chosen.case] = null
    }
    return counts
  }
  const plain = channels.flatMap((ch) => [go(repeat, ch.send(1)), go(repeat, ch.receive())])
  const selects = [go(choose, (ch: Chan<number>) => ch.send(1)), go(choose, (ch: Chan<number>) => ch.receive())]
  for (const each of plain) await each.join()
  for (const each of selects) expect(await each.join()).toEqual([n, n, n, n])
  expect(channels.map(({ size }) => size)).toEqual([0, 0, 0, 0])
})
