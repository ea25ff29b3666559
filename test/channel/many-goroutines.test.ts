import { chan, go, range, type Receiver, type Sender } from 'millrace'
import { expect, it } from 'vitest'

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

it('CH-006 with several senders and receivers every value arrives exactly once from each', async () => {
  for (const capacity of [0, 1, 100]) {
    const ch = chan<number>(capacity)
    const seen = new Map<number, number>()
    for (const _ of upTo(4))
      go(function* () {
        for (let i = 0; i < 1000; i++) yield* ch.send(i)
      })
    const receivers = upTo(4).map(() =>
      go(function* () {
        for (let i = 0; i < 1000; i++) {
          const message = yield* ch.receive()
          const value = message._tag === 'Some' ? message.value : -1
          seen.set(value, (seen.get(value) ?? 0) + 1)
        }
      }),
    )
    for (const receiver of receivers) await receiver.join()
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual(upTo(1000))
    expect(new Set(seen.values())).toEqual(new Set([4]))
  }
})

it('CH-026 many workers over one queue forward every value', async () => {
  const values = [2, 3, 7, 11, 13, 17, 19, 23, 27, 31]
  const jobs = chan<number>(69)
  const results = chan<number>(69)
  function* worker(from: Receiver<number>, to: Sender<number>) {
    for (const it = range(from); yield* it.next();) yield* to.send(it.value)
  }
  const workers = upTo(23).map(() => go(worker, jobs, results))
  go(function* feeder() {
    for (let i = 0; i < 271_828; i++) yield* jobs.send(values[i % values.length])
    jobs.close()
    for (const each of workers) yield* each.join()
    results.close()
  })
  const consumer = go(function* () {
    let count = 0
    let sum = 0
    for (const it = range(results); yield* it.next(); count++) sum += it.value
    return { count, sum }
  })
  expect(await consumer.join()).toEqual({ count: 271_828, sum: 4_158_941 })
})

it.each([10_000, 100_000])('CH-028 a value passes through a chain of %i goroutines', async (length) => {
  function* forward(left: Sender<number>, right: Receiver<number>) {
    const message = yield* right.receive()
    if (message._tag === 'Some') yield* left.send(message.value)
  }
  const leftmost = chan<number>()
  let left = leftmost
  for (let i = 0; i < length; i++) {
    const right = chan<number>()
    go(forward, left, right)
    left = right
  }
  go(function* () {
    yield* left.send(1)
  })
  expect(await leftmost.receive()).toEqual({ _tag: 'Some', value: 1 })
})
