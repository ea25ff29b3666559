import { some } from 'fp-ts/lib/Option.js'
import { chan, go, type Chan } from 'millrace'
import { expect, it } from 'vitest'
import { queue } from '../../src/runtime/scheduler/run-queue.js'
import { hostTurn, neverLooksAtTheClock, settle } from '../support/settle.js'
import { nobody, waitersOf } from '../support/waiters.js'

function filled(...values: readonly number[]): Chan<number> {
  const ch = chan<number>(values.length)
  for (const value of values) ch.trySend(value)
  return ch
}

/** The state of a promise, readable synchronously. */
function watched<T>(promise: Promise<T>) {
  const state: { now: unknown } = { now: 'waiting' }
  void promise.then((value) => (state.now = value))
  return state
}

const over = { done: true, value: undefined }

it('JS-007 a for await receives the values of an async sender, and ends when the channel is closed', async () => {
  const ch = chan<number>()
  go(async () => {
    for (let i = 0; i < 5; i++) await ch.send(i)
    ch.close()
  })
  const seen: number[] = []
  for await (const value of ch) seen.push(value)
  expect(seen).toEqual([0, 1, 2, 3, 4])
})

it('undefined and null are values of a for await', async () => {
  const ch = chan<unknown>(2)
  ch.trySend(undefined)
  ch.trySend(null)
  ch.close()
  const seen: unknown[] = []
  for await (const value of ch) seen.push(value)
  expect(seen).toStrictEqual([undefined, null])
})

it.each(['break', 'throw'])('a for await that leaves by %s consumes nothing more and closes nothing', async (how) => {
  const ch = filled(1, 2, 3)
  const loop = async () => {
    for await (const value of ch) {
      if (value !== 2) continue
      if (how === 'throw') throw new Error('enough')
      break
    }
  }
  await loop().catch(() => {})
  await settle()
  expect([ch.size, ch.isClosed]).toEqual([1, false])
  expect(waitersOf(ch)).toEqual(nobody)
  expect(await ch.receive()).toEqual(some(3))
})

it("the iterator's return releases a next that waits, and nobody is left at the channel", async () => {
  const ch = chan<number>()
  const iterator = ch[Symbol.asyncIterator]()
  const next = watched(iterator.next())
  await settle()
  expect(next.now).toBe('waiting')
  expect(await iterator.return?.()).toEqual(over)
  await settle()
  expect(next.now).toEqual(over)
  expect(waitersOf(ch)).toEqual(nobody)
  expect(ch.trySend(1)).toBe(false)
})

it("the iterator's return releases every next that waits", async () => {
  const ch = chan<number>(2)
  const iterator = ch[Symbol.asyncIterator]()
  const nexts = [watched(iterator.next()), watched(iterator.next()), watched(iterator.next())]
  await settle()
  await iterator.return?.()
  await settle()
  expect(nexts.map(({ now }) => now)).toEqual([over, over, over])
  expect(waitersOf(ch)).toEqual(nobody)
})

it("the iterator's return between grant and delivery gives the value back", async () => {
  const ch = chan<number>()
  const iterator = ch[Symbol.asyncIterator]()
  const next = watched(iterator.next())
  await settle()
  expect(ch.trySend(7)).toBe(true)
  await iterator.return?.()
  await settle()
  expect(next.now).toEqual(over)
  expect(await ch.receive()).toEqual(some(7))
})

it('the iterator receives nothing after its return', async () => {
  const ch = filled(1)
  const iterator = ch[Symbol.asyncIterator]()
  await iterator.return?.()
  expect(await iterator.next()).toEqual(over)
  expect(ch.size).toBe(1)
})

it('several pending calls of next get the values in their order', async () => {
  const ch = chan<number>()
  const iterator = ch[Symbol.asyncIterator]()
  const nexts = [iterator.next(), iterator.next(), iterator.next()]
  await ch.send(1)
  await ch.send(2)
  ch.close()
  expect(await Promise.all(nexts)).toEqual([{ done: false, value: 1 }, { done: false, value: 2 }, over])
})

it('iterators of one channel are independent, and share its values', async () => {
  const ch = filled(1, 2)
  const [a, b] = [ch[Symbol.asyncIterator](), ch[Symbol.asyncIterator]()]
  expect([await a.next(), await b.next()]).toEqual([
    { done: false, value: 1 },
    { done: false, value: 2 },
  ])
  await a.return?.()
  ch.trySend(3)
  expect(await b.next()).toEqual({ done: false, value: 3 })
})

it('a for await over a channel that is never empty yields to the host', async () => {
  const ch = filled(...Array.from({ length: 1000 }, (_, i) => i))
  let hostRan = false
  void hostTurn().then(() => (hostRan = true))
  const deadline = performance.now() + 5000
  for await (const value of ch) {
    if (hostRan) break
    if (performance.now() > deadline) expect.fail('the host never had its turn')
    ch.trySend(value)
  }
  expect(hostRan).toBe(true)
  expect(ch.size).toBe(999)
})

it('next with a buffered value takes only microtasks within a slice', async () => {
  const ch = filled(1, 2, 3)
  const iterator = ch[Symbol.asyncIterator]()
  await new Promise<void>((resolve) => queue.pushAfterHost({ run: resolve })) // a slice begins
  neverLooksAtTheClock()
  const nexts = [watched(iterator.next()), watched(iterator.next()), watched(iterator.next())]
  for (let i = 0; i < 10; i++) await Promise.resolve()
  expect(nexts.map(({ now }) => now)).toEqual([1, 2, 3].map((value) => ({ done: false, value })))
})

it('a caller resumed after a pending next counts as resumed until its next operation', async () => {
  const ch = chan<number>()
  const iterator = ch[Symbol.asyncIterator]()
  queue.async.count = 0
  const afterValue = iterator.next().then(() => queue.async.count)
  await settle()
  ch.trySend(1)
  expect(await afterValue).toBe(1)

  const full = filled(...Array.from({ length: 1000 }, (_, i) => i))
  let resumed = 0
  await firstThatYields(full, full[Symbol.asyncIterator](), () => (resumed = queue.async.count))
  await settle()
  expect(resumed).toBe(1)
})

it("the iterator's return while it yields to the host receives nothing", async () => {
  const ch = filled(...Array.from({ length: 1000 }, (_, i) => i))
  const iterator = ch[Symbol.asyncIterator]()
  const next = await firstThatYields(ch, iterator)
  expect(ch.size).toBe(1000)
  expect(await iterator.return?.()).toEqual(over)
  await settle()
  expect(next.now).toEqual(over)
  expect(ch.size).toBe(1000)
})

/** Receives and sends back, until a `next` with a buffered value takes more than microtasks; returns that `next`. */
async function firstThatYields(ch: Chan<number>, iterator: AsyncIterator<number>, then = () => {}) {
  for (const deadline = performance.now() + 5000; performance.now() < deadline; ch.trySend(0)) {
    const promise = iterator.next()
    const next = watched(promise)
    void promise.then(then)
    for (let i = 0; i < 10; i++) await Promise.resolve()
    if (next.now === 'waiting') return next
  }
  return expect.unreachable('next never yielded')
}
