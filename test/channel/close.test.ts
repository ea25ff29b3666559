import { left, right } from 'fp-ts/lib/Either.js'
import { none, some } from 'fp-ts/lib/Option.js'
import { chan, dropping, range, select, sliding, trySelect } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, thrown, thrownError, waiting, ways } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { nobody, waitersOf } from '../support/waiters.js'

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

function closed<T>(capacity = 0, cause?: unknown) {
  const ch = chan<T>(capacity)
  ch.close(cause)
  return ch
}

it('CL-002 a second close throws, and the channel stays closed', async () => {
  const ch = closed<number>()
  expect(() => ch.close()).toThrow('close of closed channel')
  expect(() => ch.close(new Error('a cause does not help'))).toThrow('close of closed channel')
  expect(ch.isClosed).toBe(true)
  expect(await ch.receive()).toEqual(none)
})

describe.each(ways)('by %s', (_, perform) => {
  it.each([0, 1])('CL-003 a send on a closed channel of capacity %i throws, plain and as the only case of a select', async (capacity) => {
    const ch = closed<number>(capacity)
    const sends = [perform(ch.send(1)), perform(select({ sent: ch.send(1) }))]
    await settle()
    expect(sends.map(({ now }) => now)).toEqual(sends.map(() => thrownError('send on closed channel')))
  })

  it('CL-005 a receive from a closed channel never waits', async () => {
    const ch = closed<number>()
    for (const _ of upTo(10)) {
      const receive = perform(ch.receive())
      await settle()
      expect(receive.now).toEqual(done(none))
    }
  })

  it('CL-007 a close releases the receiver that waits, at every capacity', async () => {
    for (const capacity of upTo(200)) {
      const ch = chan<number>(capacity)
      const receive = perform(ch.receive())
      const inSelect = perform(select({ value: ch.receive(), other: chan().receive() }))
      await settle()
      expect([receive.now, inSelect.now]).toEqual([waiting, waiting])
      ch.close()
      await settle()
      expect([receive.now, inSelect.now]).toEqual([done(none), done({ case: 'value', value: none })])
    }
  })

  it('JS-005 a close makes parked senders throw and parked receivers get None', async () => {
    const full = chan<number>()
    const sends = upTo(3).map((i) => perform(full.send(i)))
    await settle()
    expect(waitersOf(full)).toEqual({ senders: 3, receivers: 0 })
    full.close()
    await settle()
    expect(sends.map(({ now }) => now)).toEqual(upTo(3).map(() => thrownError('send on closed channel')))
    expect(waitersOf(full)).toEqual(nobody)

    const empty = chan<number>()
    const receives = upTo(3).map(() => perform(empty.receive()))
    await settle()
    expect(waitersOf(empty)).toEqual({ senders: 0, receivers: 3 })
    empty.close()
    await settle()
    expect(receives.map(({ now }) => now)).toEqual(upTo(3).map(() => done(none)))
    expect(waitersOf(empty)).toEqual(nobody)
  })

  it('after a close with a cause a receiver gets the buffered values, and then throws that cause', async () => {
    const cause = new Error('the source broke')
    const ch = chan<number>(2)
    ch.trySend(1)
    ch.close(cause)
    const receives = upTo(3).map(() => perform(ch.receive()))
    await settle()
    expect(receives.map(({ now }) => now)).toEqual([done(some(1)), thrown(cause), thrown(cause)])
  })

  it('a close with a cause makes a parked receiver throw that cause', async () => {
    const cause = { reason: 'any value' }
    const ch = chan<number>()
    const receive = perform(ch.receive())
    await settle()
    ch.close(cause)
    await settle()
    expect(receive.now.is === 'thrown' && receive.now.cause).toBe(cause)
  })
})

it('JS-005 parked senders throw in the order in which they parked', async () => {
  const order: number[] = []
  const ch = chan<number>()
  for (const i of upTo(3)) performed(ch.send(i).attempt((cause) => order.push(i) && cause))
  await settle()
  ch.close()
  await settle()
  expect(order).toEqual([0, 1, 2])
})

it('CL-006 values buffered at the close are received in order, and then None for ever', async () => {
  for (const capacity of upTo(200)) {
    const ch = chan<number>(capacity)
    for (const i of upTo(capacity)) ch.trySend(i)
    ch.close()
    for (const i of upTo(capacity)) expect(await ch.receive()).toEqual(some(i))
    for (const _ of upTo(3)) expect(await ch.receive()).toEqual(none)
  }
})

it('CL-011 tryReceive on a closed channel succeeds and reports that the channel is closed', () => {
  const ch = closed<number>()
  expect(ch.tryReceive()).toEqual(left('closed'))
  expect(trySelect({ value: ch.receive() })).toEqual(some({ case: 'value', value: none }))
})

it('CL-018 a close does not change size and capacity', async () => {
  const ch = chan<number>(4)
  ch.trySend(1)
  ch.trySend(2)
  ch.close()
  expect([ch.size, ch.capacity]).toEqual([2, 4])
  await ch.receive()
  expect([ch.size, ch.capacity]).toEqual([1, 4])
  await ch.receive()
  expect([ch.size, ch.capacity]).toEqual([0, 4])
})

it('CL-024 tryReceive returns "empty" and "closed" as different results', () => {
  const ch = chan<number>()
  let ok: boolean | 'untouched' = 'untouched'
  const look = () => {
    const answer = trySelect({ value: ch.receive() })
    if (answer._tag === 'Some') ok = answer.value.value._tag === 'Some'
  }
  for (const _ of upTo(10)) look()
  expect(ok).toBe('untouched')
  ch.close()
  look()
  expect(ok).toBe(false)
})

describe('close with a cause', () => {
  const cause = new Error('the source broke')

  it('tryReceive throws the cause after the buffered values', () => {
    const ch = chan<number>(1)
    ch.trySend(1)
    ch.close(cause)
    expect(ch.tryReceive()).toEqual(right(1))
    expect(() => ch.tryReceive()).toThrow(cause)
    expect(() => trySelect({ value: ch.receive() })).toThrow(cause)
  })

  it('a range throws the cause after the buffered values', async () => {
    const ch = chan<number>(1)
    ch.trySend(1)
    ch.close(cause)
    const cursor = range(ch)
    expect([await cursor.next(), cursor.value]).toEqual([true, 1])
    await expect(cursor.next()).rejects.toBe(cause)
  })

  it('a for await throws the cause after the buffered values', async () => {
    const ch = chan<number>(1)
    ch.trySend(1)
    ch.close(cause)
    const seen: number[] = []
    const loop = async () => {
      for await (const value of ch) seen.push(value)
    }
    await expect(loop()).rejects.toBe(cause)
    expect(seen).toEqual([1])
  })

  it('a sender throws "send on closed channel" with that cause, at once or after a wait', async () => {
    const ch = chan<number>()
    const parked = performed(ch.send(1))
    await settle()
    ch.close(cause)
    await settle()
    expect(parked.now).toEqual(thrown(expect.objectContaining({ message: 'send on closed channel', cause })))
    await expect(ch.send(2)).rejects.toMatchObject({ message: 'send on closed channel', cause })
    expect(() => ch.trySend(3)).toThrow(expect.objectContaining({ message: 'send on closed channel', cause }))
  })

  it('any value but undefined is a cause', async () => {
    await expect(closed(0, null).receive()).rejects.toBe(null)
    await expect(closed(0, 0).receive()).rejects.toBe(0)
    expect(await closed(0, undefined).receive()).toEqual(none)
  })

  it('applies to channels with every kind of buffer', async () => {
    for (const buffer of [0, 1, sliding<number>(1), dropping<number>(1)]) {
      const ch = chan<number>(buffer)
      ch.close(cause)
      await expect(ch.receive()).rejects.toBe(cause)
    }
  })
})
