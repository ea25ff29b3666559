import { left, right } from 'fp-ts/lib/Either.js'
import { some } from 'fp-ts/lib/Option.js'
import { chan, dropping, sliding, type Buffer } from 'millrace'
import { from } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { done, performed, subscribed } from '../support/outcome.js'
import { settle } from '../support/settle.js'

const outOfRange: readonly unknown[] = [-1, -0.5, 0.5, 2 ** 31, 2 ** 53, Infinity, -Infinity, NaN]
const mistyped: readonly unknown[] = ['1', '', true, 1n, null, [], {}, Symbol('one'), () => 1]

describe.each([
  ['sliding', sliding],
  ['dropping', dropping],
])('the buffer of %s', (name, make) => {
  it.each([...outOfRange, 0])('%o throws a RangeError that names the value', (n) => {
    expect(() => make(n as number)).toThrow(RangeError)
    expect(() => make(n as number)).toThrow(String(n))
  })

  it.each([...mistyped, undefined].map((value) => [value]))('%o throws a TypeError that names the argument', (n) => {
    expect(() => make(n as number)).toThrow(TypeError)
    expect(() => make(n as number)).toThrow(`${name}(n)`)
  })

  it('never makes a sender wait', async () => {
    const ch = chan<number>(make<number>(2))
    for (let i = 0; i < 100; i++) {
      const send = performed(ch.send(i))
      await settle()
      expect(send.now).toEqual(done(undefined))
    }
    expect([ch.size, ch.capacity]).toEqual([2, 2])
  })

  it('hands a value directly to a parked receiver', async () => {
    const ch = chan<number>(make<number>(1))
    const receive = performed(ch.receive())
    await settle()
    ch.trySend(1)
    ch.trySend(2)
    await settle()
    expect(receive.now).toEqual(done(some(1)))
    expect(ch.tryReceive()).toEqual(right(2))
  })

  it('keeps its values after a close, and a send throws', () => {
    const ch = chan<number>(make<number>(2))
    ch.trySend(1)
    ch.close()
    expect(() => ch.trySend(2)).toThrow('send on closed channel')
    expect([ch.tryReceive(), ch.tryReceive()]).toEqual([right(1), left('closed')])
  })

  it('serves any number of channels, each with its own values', () => {
    const buffer = make<number>(1)
    const [a, b] = [chan<number>(buffer), chan<number>(buffer)]
    a.trySend(1)
    expect([a.size, b.size]).toEqual([1, 0])
  })
})

const drain = <T>(ch: { tryReceive(): unknown; size: number }): T[] =>
  Array.from({ length: ch.size }, () => (ch.tryReceive() as { right: T }).right)

it('a full sliding buffer loses its oldest value', () => {
  const ch = chan<number>(sliding<number>(3))
  for (let i = 0; i < 10; i++) expect(ch.trySend(i)).toBe(true)
  expect(drain(ch)).toEqual([7, 8, 9])
})

it('a full dropping buffer loses the value just sent', () => {
  const ch = chan<number>(dropping<number>(3))
  for (let i = 0; i < 10; i++) expect(ch.trySend(i)).toBe(true)
  expect(drain(ch)).toEqual([0, 1, 2])
})

it('a sliding buffer shrinks back to its size after a value was returned to it', async () => {
  const ch = chan<number>(sliding<number>(1))
  const receive = subscribed(ch.receive())
  ch.trySend(1)
  ch.trySend(2)
  receive.leave() // 1 returns in front of 2
  expect(ch.size).toBe(2)
  ch.trySend(3)
  expect(drain(ch)).toEqual([3])
  await settle()
})

it.each([{ capacity: 1 }, { capacity: 1, loses: 'both' }, { loses: 'oldest' }])('%o is no buffer', (buffer) => {
  expect(() => chan(buffer as Buffer<number>)).toThrow(TypeError)
  const expected = 'capacity' in buffer ? 'chan(buffer): expected a Buffer made by sliding or dropping, got an object' : 'got undefined'
  expect(() => chan(buffer as Buffer<number>)).toThrow(expected)
})

it('a slow subscriber of a sliding channel sees the newest', async () => {
  const ch = chan<number>(sliding<number>(1))
  for (let i = 0; i < 5; i++) ch.trySend(i)
  const seen: number[] = []
  from(ch).subscribe((value) => seen.push(value))
  await settle()
  expect(seen).toEqual([4])
})
