import { none, some } from 'fp-ts/lib/Option.js'
import { background, chan, choose, go, never, range, select, sleep, trySelect, withCancel, type Op, type Receiver } from 'millrace'
import { from } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { done, performed, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { nobody, waitersOf } from '../support/waiters.js'

/** The values that a range over the receiver yields. */
function* all<T>(receiver: Receiver<T>) {
  const seen: T[] = []
  for (const it = range(receiver); yield* it.next();) seen.push(it.value)
  return seen
}

/** A channel behind the interface only, as a user may implement it. */
function behindInterface<T>(receiver: Receiver<T>): Receiver<T> {
  return {
    receive: () => receiver.receive(),
    tryReceive: () => receiver.tryReceive(),
    closed: () => receiver.closed(),
    size: 0,
    capacity: 0,
    [Symbol.asyncIterator]: () => receiver[Symbol.asyncIterator](),
  }
}

const ended = withCancel(background)
ended.cancel()

describe.each([
  ['a channel', <T>(ch: Receiver<T>) => ch],
  ['a Receiver of the user', behindInterface],
])('a range over %s', (_, as) => {
  it('CL-013 yields every value sent until the close', async () => {
    const ch = chan<string>()
    go(function* () {
      for (const letter of 'abcdefghijklmnopqrstuvwxyz') yield* ch.send(letter)
      ch.close()
    })
    expect((await go(all, as(ch)).join()).join('')).toBe('abcdefghijklmnopqrstuvwxyz')
  })

  it('CL-013 iterates as often when the body ignores the value', async () => {
    const ch = chan<string>()
    go(function* () {
      for (const letter of 'abcdefghijklmnopqrstuvwxyz') yield* ch.send(letter)
      ch.close()
    })
    const counter = go(function* () {
      let rounds = 0
      for (const it = range(as(ch)); yield* it.next();) rounds++
      return rounds
    })
    expect(await counter.join()).toBe(26)
  })

  it('CL-014 yields the buffered values of a closed channel, and ends', async () => {
    const ch = chan<number>(3)
    for (const i of [1, 2, 3]) ch.trySend(i)
    ch.close()
    expect(await go(all, as(ch)).join()).toEqual([1, 2, 3])
  })

  it('CL-019 yields every buffered value when the loop itself closes the channel', async () => {
    const ch = chan<number>(5)
    for (const i of [3, 4, 5, 6, 7]) ch.trySend(i)
    const loop = go(function* () {
      const seen = []
      for (const it = range(as(ch)); yield* it.next();) {
        seen.push(it.value)
        if (it.value === 5) ch.close()
      }
      return seen
    })
    expect(await loop.join()).toEqual([3, 4, 5, 6, 7])
  })

  it('undefined and null are values like any other', async () => {
    const ch = chan<unknown>(2)
    ch.trySend(undefined)
    ch.trySend(null)
    ch.close()
    expect(await go(all, as(ch)).join()).toStrictEqual([undefined, null])
  })

  it('is a case of a select, and consumes nothing when another case is chosen', async () => {
    const ch = chan<number>(1)
    const stop = chan<void>()
    const it = range(as(ch))
    const choice = performed(select({ next: it.next(), stop: stop.receive() }))
    await settle()
    stop.trySend()
    await settle()
    expect(choice.now).toEqual(done({ case: 'stop', value: some(undefined) }))
    expect(waitersOf(ch)).toEqual(nobody)

    ch.trySend(7)
    expect(await select({ next: it.next(), stop: stop.receive() })).toEqual({ case: 'next', value: true })
    expect(it.value).toBe(7)
  })

  it('leaving the loop neither closes nor drains the channel', async () => {
    const ch = chan<number>(3)
    for (const i of [1, 2, 3]) ch.trySend(i)
    const loop = go(function* () {
      for (const it = range(as(ch)); yield* it.next();) if (it.value === 2) return
    })
    await loop.join()
    expect([ch.size, ch.isClosed]).toEqual([1, false])
    expect(await ch.receive()).toEqual(some(3))
  })

  it('two cursors share the values between them', async () => {
    const ch = chan<number>(4)
    const [a, b] = [go(all, as(ch)), go(all, as(ch))]
    go(function* () {
      for (const i of [1, 2, 3, 4, 5, 6]) yield* ch.send(i)
      ch.close()
    })
    const seen = [...(await a.join()), ...(await b.join())]
    expect(seen.sort()).toEqual([1, 2, 3, 4, 5, 6])
  })
})

describe.each([
  ['a channel', <T>(ch: Receiver<T>) => ch],
  ['a Receiver of the user', behindInterface],
])('next() of a range over %s without yield*', (_, as) => {
  const slip =
    /^range: next\(\) was called again before its last operation was performed: write for \(const it = range\(receiver\); yield\* it\.next\(\); \)/

  it.each(['outside', 'in a goroutine'])('throws at the second call, %s', async (where) => {
    const ch = chan<number>(3)
    for (const n of [1, 2, 3]) ch.trySend(n)
    let rounds = 0
    const loop = () => {
      // the slip: an operation is truthy
      for (const it = range(as(ch)); it.next() as unknown;) rounds++
    }
    if (where === 'outside') expect(loop).toThrow(slip)
    else await expect(go(loop).join()).rejects.toThrow(slip)
    expect([rounds, ch.size]).toEqual([1, 3])
  })

  it('a cursor is not iterable', () => {
    const it = range(as(chan<number>())) as unknown as Iterable<number>
    expect(() => [...it]).toThrow(TypeError)
    expect(() => { for (const _ of it) return }).toThrow(TypeError) // prettier-ignore
  })

  it.each<[string, (next: () => Op<boolean>) => unknown]>([
    ['performed by yield*', (next) => go(function* () { yield* next() }).join()], // prettier-ignore
    ['awaited', async (next) => next()],
    ['chained', (next) => next().then((more) => more)],
    ['subscribed to', (next) => from(next()).subscribe()],
    ['a case that another case comes before', (next) => select({ first: sleep(0), next: next() }, { biased: true })],
    ['a case of an array', (next) => select([sleep(0), next()], { biased: true })],
    ['a case of a select that is not performed', (next) => void select({ next: next() })],
    ['a case of trySelect', (next) => trySelect({ first: sleep(0), next: next() }, { biased: true })],
    ['an operation of choose', (next) => choose(sleep(0), next())],
    ['mapped', (next) => next().map((more) => !more)],
    ['attempted', (next) => next().attempt()],
    ['under a context that has ended', (next) => next().within(ended).attempt()],
    ['under a timeout', (next) => next().timeout(0).attempt()],
  ])('does not throw where the operation is %s', async (_use, use) => {
    const ch = chan<number>(3)
    for (const n of [1, 2, 3]) ch.trySend(n)
    const it = range(as(ch))
    for (let round = 0; round < 3; round++) await use(() => it.next())
  })

  it('a goroutine that is canceled at its next() may range in its finally', async () => {
    const ch = chan<number>(1)
    const seen: number[] = []
    const it = range(as(ch))
    const goroutine = go(function* () {
      try {
        goroutine.cancel()
        yield* it.next()
      } finally {
        ch.trySend(7)
        ch.close()
        while (yield* it.next()) seen.push(it.value)
      }
    })
    await goroutine.join().attempt()
    expect(seen).toEqual([7])
  })
})

it('CL-015 a range over a channel without values waits for ever', async () => {
  const nil: Receiver<number> = { ...behindInterface(chan<number>()), receive: never }
  const loop = go(all, nil)
  await settle()
  const end = performed(loop.join())
  await settle()
  expect(end.now).toEqual(waiting)
})

it.each([[undefined], [null], [42], ['abc'], [{}], [[1, 2]]])('a range over %o, which is no receiver, is refused', (value) => {
  expect(() => range(value as never)).toThrow(TypeError)
  expect(() => range(value as never)).toThrow('range(receiver): expected a Receiver, got ')
})

it('the cursor of a closed channel returns false each time', async () => {
  const ch = chan<number>()
  ch.close()
  const it = range(ch)
  expect([await it.next(), await it.next()]).toEqual([false, false])
  expect(await ch.receive()).toEqual(none)
})
