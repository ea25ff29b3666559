import { left, right } from 'fp-ts/lib/Either.js'
import { none, some } from 'fp-ts/lib/Option.js'
import { chan, go, never, range, select, trySelect, type Receiver } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, waiting, ways } from '../support/outcome.js'
import { neverLooksAtTheClock, settle } from '../support/settle.js'
import { nobody, waitersOf } from '../support/waiters.js'

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)
const outOfRange: readonly unknown[] = [-1, -0.5, 0.5, 2 ** 31, 2 ** 53, Infinity, -Infinity, NaN]
const mistyped: readonly unknown[] = ['1', '', true, 1n, null, [], {}, Symbol('one'), () => 1]

describe.each(ways)('by %s', (_, perform) => {
  it('CH-001 an unbuffered send waits until a receiver takes the value', async () => {
    const ch = chan<number>()
    const send = perform(ch.send(1))
    await settle()
    expect(send.now).toEqual(waiting)

    const receive = perform(ch.receive())
    await settle()
    expect(receive.now).toEqual(done(some(1)))
    expect(send.now).toEqual(done(undefined))
  })

  it('CH-002 at every capacity receivers of an empty channel wait, a try receives nothing, and sends release them', async () => {
    for (const capacity of upTo(200)) {
      const ch = chan<number>(capacity)
      const cursor = range(ch)
      const two = perform(ch.receive())
      const one = perform(cursor.next())
      await settle()
      expect([two.now, one.now]).toEqual([waiting, waiting])
      expect(ch.tryReceive()).toEqual(left('empty'))
      expect(trySelect({ value: ch.receive() })).toEqual(none)

      const sends = [perform(ch.send(1)), perform(ch.send(2))]
      await settle()
      expect(sends.map(({ now }) => now)).toEqual([done(undefined), done(undefined)])
      expect(two.now).toEqual(done(some(1)))
      expect([one.now, cursor.value]).toEqual([done(true), 2])
    }
  })

  it('CH-003 at every capacity the sender past a full buffer waits until one value is taken', async () => {
    for (const capacity of upTo(200)) {
      const ch = chan<number>(capacity)
      for (const i of upTo(capacity)) expect(ch.trySend(i)).toBe(true)
      const extra = perform(ch.send(capacity))
      await settle()
      expect(extra.now).toEqual(waiting)
      expect(ch.trySend(-1)).toBe(false)
      expect(trySelect({ sent: ch.send(-1) })).toEqual(none)

      expect(ch.tryReceive()).toEqual(right(0))
      await settle()
      expect(extra.now).toEqual(done(undefined))
      expect(upTo(capacity).map(() => ch.tryReceive())).toEqual(upTo(capacity).map((i) => right(i + 1)))
    }
  })

  it('CH-004 a send into a free slot needs no receiver', async () => {
    const ch = chan<string>(1)
    const send = perform(ch.send('x'))
    await settle()
    expect(send.now).toEqual(done(undefined))
    expect(ch.size).toBe(1)
  })

  it('CH-014 blocked senders are served in the order they came', async () => {
    const ch = chan<number>()
    const sends = upTo(5).map((i) => perform(ch.send(i)))
    await settle()
    expect(upTo(5).map(() => ch.tryReceive())).toEqual(upTo(5).map((i) => right(i)))
    await settle()
    expect(sends.map(({ now }) => now)).toEqual(upTo(5).map(() => done(undefined)))
  })

  it('blocked receivers are served in the order they came', async () => {
    const ch = chan<number>()
    const receives = upTo(5).map(() => perform(ch.receive()))
    await settle()
    for (const i of upTo(5)) expect(ch.trySend(i)).toBe(true)
    await settle()
    expect(receives.map(({ now }) => now)).toEqual(upTo(5).map((i) => done(some(i))))
  })

  it('CH-021 falsy values arrive unchanged, and none of them means closed', async () => {
    for (const value of [0, '', false, null, NaN, undefined]) {
      for (const capacity of [0, 1]) {
        const ch = chan<unknown>(capacity)
        const send = perform(ch.send(value))
        const receive = perform(ch.receive())
        await settle()
        expect(receive.now).toStrictEqual(done(some(value)))
        expect(send.now).toEqual(done(undefined))
        ch.close()
        const last = perform(ch.receive())
        await settle()
        expect(last.now).toStrictEqual(done(none))
      }
    }
  })

  it('CH-027 a channel of signals carries no payload, with a buffer and without', async () => {
    for (const capacity of [0, 1]) {
      const ch = chan<void>(capacity)
      const wait = perform(ch.receive())
      await settle()
      expect(wait.now).toEqual(waiting)
      const signal = perform(ch.send())
      await settle()
      expect([wait.now, signal.now]).toStrictEqual([done(some(undefined)), done(undefined)])
    }
  })
})

it('CH-005 the values of one sender arrive in order at every capacity', async () => {
  for (const capacity of [0, 1, 2, 10, 100]) {
    const ch = chan<number>(capacity)
    go(function* () {
      for (const i of upTo(200)) yield* ch.send(i)
    })
    const byReceive = go(function* () {
      const seen = []
      for (const _ of upTo(100)) seen.push(yield* ch.receive())
      return seen
    })
    expect(await byReceive.join()).toEqual(upTo(100).map((i) => some(i)))
    const byCursor = go(function* () {
      const seen = []
      const cursor = range(ch)
      for (const _ of upTo(100)) seen.push((yield* cursor.next()) ? cursor.value : 'closed')
      return seen
    })
    expect(await byCursor.join()).toEqual(upTo(100).map((i) => i + 100))
  }
})

describe('size and capacity', () => {
  it('CH-007 size counts buffered values and never parked senders or receivers', async () => {
    const buffered = chan<number>(10)
    expect([buffered.size, buffered.capacity]).toEqual([0, 10])
    for (const i of upTo(3)) buffered.trySend(i)
    expect([buffered.size, buffered.capacity]).toEqual([3, 10])
    for (const i of upTo(7)) buffered.trySend(i)
    expect([buffered.size, buffered.capacity]).toEqual([10, 10])
    performed(buffered.send(11))
    await settle()
    expect([buffered.size, buffered.capacity]).toEqual([10, 10])

    const unbuffered = chan<number>()
    performed(unbuffered.send(1))
    performed(unbuffered.send(2))
    await settle()
    expect(waitersOf(unbuffered).senders).toBe(2)
    expect([unbuffered.size, unbuffered.capacity]).toEqual([0, 0])
  })
})

it.each([
  ['number', 7, 0],
  ['bigint', 7n, 0n],
  ['boolean', true, false],
  ['string', 'seven', ''],
] as const)('CH-013 a send that does not wait fails until a receiver of a %s is parked', async (_, value, before) => {
  for (const capacity of [0, 1]) {
    const ch = chan<unknown>(capacity)
    if (capacity === 1) ch.trySend(before)
    expect(ch.trySend(value)).toBe(false)
    expect(ch.trySend(value)).toBe(false)
    const receiver = go(function* () {
      if (capacity === 1) yield* ch.receive()
      return yield* ch.receive()
    })
    await settle()
    expect(ch.trySend(value)).toBe(true)
    expect(await receiver.join()).toEqual(some(value))
    expect(waitersOf(ch)).toEqual(nobody)
  }
})

it('CH-016 goroutines that pass a token on receive from one channel in the order of the token', async () => {
  const shared = chan<number>()
  const tokens = upTo(11).map(() => chan<void>())
  function* link(i: number) {
    yield* tokens[i].receive()
    const value = yield* shared.receive()
    yield* tokens[i + 1].send()
    return value
  }
  const links = upTo(10).map((i) => go(link, i))
  go(function* () {
    yield* tokens[0].send()
    for (const i of upTo(10)) yield* shared.send(i)
  })
  expect(await tokens[10].receive()).toEqual(some(undefined))
  for (const i of upTo(10)) expect(await links[i].join()).toEqual(some(i))
})

it('CH-017 one goroutine fills a buffer and empties it, in order, with no other', async () => {
  const ch = chan<number>(10)
  const alone = go(function* () {
    for (const i of upTo(10)) yield* ch.send(i)
    const seen = []
    for (const _ of upTo(10)) seen.push(yield* ch.receive())
    return seen
  })
  expect(await alone.join()).toEqual(upTo(10).map((i) => some(i)))
})

it('CH-020 a channel carries channels', async () => {
  const outer = chan<Receiver<number>>(1)
  const inner = chan<number>(1)
  await outer.send(inner)
  await inner.send(42)
  const found = await outer.receive()
  expect(found._tag === 'Some' && (await found.value.receive())).toEqual(some(42))
})

it('CH-022 a channel passes an object by identity, and the receiver sees a change made before the receive', async () => {
  for (const capacity of [0, 1]) {
    const ch = chan<{ n: number }>(capacity)
    const sent = { n: 1 }
    performed(ch.send(sent))
    await settle()
    sent.n = 2
    const got = await ch.receive()
    expect(got._tag === 'Some' && got.value).toBe(sent)
    expect(got).toEqual(some({ n: 2 }))
  }
})

it('CH-023 every form of receive returns the same value', async () => {
  const ch = chan<number>(1)
  const cursor = range(ch)
  const forms = {
    await: async () => await ch.receive(),
    'yield*': async () =>
      await go(function* () {
        return yield* ch.receive()
      }).join(),
    select: async () => (await select({ value: ch.receive() })).value,
    'select of two': async () => (await select({ other: chan<number>().receive(), value: ch.receive() })).value,
    trySelect: async () => {
      const answer = trySelect({ value: ch.receive() })
      return answer._tag === 'Some' ? answer.value.value : 'default'
    },
    tryReceive: async () => {
      const answer = ch.tryReceive()
      return answer._tag === 'Right' ? some(answer.right) : answer.left
    },
    range: async () => ((await cursor.next()) ? some(cursor.value) : none),
    'for await': async () => {
      for await (const value of ch) return some(value)
      return none
    },
  }
  for (const [name, receive] of Object.entries(forms)) {
    await ch.send(42)
    expect([name, await receive()]).toEqual([name, some(42)])
    expect(ch.size).toBe(0)
  }
  await ch.send(42)
  await ch.receive()
  expect(ch.size).toBe(0)
})

it('CH-024 a value sent before the close is received, and then None', async () => {
  const ch = chan<number>(1)
  await ch.send(100)
  expect(await ch.receive()).toEqual(some(100))
  ch.close()
  expect(await ch.receive()).toEqual(none)
})

it('JS-018 receivers get buffered values first; parked senders refill the buffer in their order as it drains', async () => {
  const ch = chan<number>(2)
  for (const i of upTo(2)) ch.trySend(i)
  const sends = upTo(4).map((i) => performed(ch.send(i + 2)))
  await settle()
  const states = () => sends.map(({ now }) => now.is)
  expect(ch.tryReceive()).toEqual(right(0))
  await settle()
  expect(states()).toEqual(['done', 'waiting', 'waiting', 'waiting'])
  expect(ch.size).toBe(2)

  await expect(
    ch.receive().map(() => {
      throw new Error('a receiver that fails')
    }),
  ).rejects.toThrow('a receiver that fails')
  await settle()
  expect(states()).toEqual(['done', 'done', 'waiting', 'waiting'])
  expect(ch.size).toBe(2)

  expect(upTo(4).map(() => ch.tryReceive())).toEqual([2, 3, 4, 5].map((i) => right(i)))
  await settle()
  expect(states()).toEqual(['done', 'done', 'done', 'done'])
  expect(ch.tryReceive()).toEqual(left('empty'))
})

it('a ready operation completes at once, without a turn of the run queue', async () => {
  const log: string[] = []
  const ch = chan<number>(3)
  go(function* () {
    neverLooksAtTheClock()
    for (const i of upTo(3)) {
      yield* ch.send(i)
      log.push(`sent ${i}`)
    }
    for (const i of upTo(3)) {
      yield* ch.receive()
      log.push(`received ${i}`)
    }
    yield* select({ sent: ch.send(0), never: never() })
    log.push('selected')
  })
  go(() => void log.push('the next in the queue'))
  await settle()
  expect(log).toEqual(['sent 0', 'sent 1', 'sent 2', 'received 0', 'received 1', 'received 2', 'selected', 'the next in the queue'])
})

describe('CH-009 a capacity that is not a whole number in range throws', () => {
  it.each(outOfRange)('%o: a RangeError that names it', (capacity) => {
    const make = () => chan(capacity as number)
    expect(make).toThrow(RangeError)
    expect(make).toThrow(`makechan: size out of range: expected a whole number from 0 to 2^31-1, got ${String(capacity)}`)
  })

  it.each(mistyped.map((value) => [value]))('%o: a TypeError with the same text', (capacity) => {
    const make = () => chan(capacity as number)
    expect(make).toThrow(TypeError)
    expect(make).toThrow(/^makechan: size out of range: expected a whole number from [01] to 2\^31-1, or a Buffer, got /)
  })

  it('the largest capacity is 2^31-1, and a channel allocates nothing before its first value', () => {
    expect(chan(2 ** 31 - 1).capacity).toBe(2 ** 31 - 1)
  })

  it('the default capacity is 0', () => {
    expect([chan().capacity, chan(undefined).capacity]).toEqual([0, 0])
  })
})
