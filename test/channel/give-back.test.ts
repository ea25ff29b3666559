// A value granted to a subscriber that unsubscribes before the delivery returns to the channel; no value is lost.
import { none, some } from 'fp-ts/lib/Option.js'
import { right } from 'fp-ts/lib/Either.js'
import { background, chan, choose, never, newTimer, range, select, sleep, withCancel, type Op, type Receiver } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, subscribed, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { nobody, waitersOf } from '../support/waiters.js'

const forms: readonly (readonly [string, (ch: Receiver<number>) => Op<unknown>])[] = [
  ['a receive', (ch) => ch.receive()],
  ['a range', (ch) => range(ch).next()],
  ['a mapped receive', (ch) => ch.receive().map(() => expect.unreachable('nobody performs it'))],
  ['a receive within a context', (ch) => ch.receive().within(withCancel(background))],
  ['an attempted receive', (ch) => ch.receive().attempt()],
  ['a select', (ch) => select({ other: chan().receive(), value: ch.receive(), sleep: sleep(1000) })],
  ['a choice', (ch) => choose(never(), ch.receive())],
  ['a choice within a select', (ch) => select({ inner: choose(ch.receive(), sleep(1000)), other: chan().receive() })],
  ['all of it', (ch) => select({ a: choose(ch.receive().map(String).attempt(), never()).within(withCancel(background)) }).attempt()],
]

describe.each(forms)('%s that was granted a value and then withdrawn', (_, make) => {
  it('returns the value to the channel', async () => {
    const ch = chan<number>()
    const left = subscribed(make(ch))
    expect(ch.trySend(7)).toBe(true)
    left.leave()
    expect(ch.tryReceive()).toEqual(right(7))
    await settle()
    expect(left.now).toEqual(waiting)
    expect(waitersOf(ch)).toEqual(nobody)
  })

  it('passes the value to the next waiter', async () => {
    const ch = chan<number>()
    const left = subscribed(make(ch))
    const next = performed(ch.receive())
    await settle()
    expect(ch.trySend(7)).toBe(true)
    left.leave()
    await settle()
    expect([left.now, next.now]).toEqual([waiting, done(some(7))])
  })

  it('returns the value in front of later values', async () => {
    const ch = chan<number>(2)
    const left = subscribed(make(ch))
    for (const value of [7, 8, 9]) expect(ch.trySend(value)).toBe(true)
    const parked = performed(ch.send(10))
    left.leave()
    await settle()
    expect(ch.size).toBe(3)
    expect(Array.from({ length: 4 }, () => ch.tryReceive())).toEqual([7, 8, 9, 10].map((value) => right(value)))
    await settle()
    expect(parked.now).toEqual(done(undefined))
  })

  it('returns nothing after a close, since it was granted no value', async () => {
    const ch = chan<number>()
    const left = subscribed(make(ch))
    ch.close()
    left.leave()
    await settle()
    expect([left.now, ch.size]).toEqual([waiting, 0])
    expect(await ch.receive()).toEqual(none)
  })

  it('leaves no waiter in the queue when it is withdrawn before a grant', () => {
    const ch = chan<number>()
    const left = subscribed(make(ch))
    expect(waitersOf(ch).receivers).toBe(1)
    left.leave()
    expect(waitersOf(ch)).toEqual(nobody)
    left.leave()
  })
})

it.each([
  [
    [0, 1, 2],
    [0, 1, 2],
  ], // the order in which the subscribers leave
  [
    [2, 1, 0],
    [0, 1, 2],
  ],
  [
    [1, 2, 0],
    [0, 1, 2],
  ],
  [
    [2, 0],
    [0, 2],
  ],
])('values given back in the order %j are received as they were granted, in front of later values', (order, received) => {
  for (const [, make] of forms) {
    const ch = chan<number>(1)
    const left = [0, 1, 2].map(() => subscribed(make(ch)))
    for (let i = 0; i <= 3; i++) ch.trySend(i)
    for (const i of order) left[i].leave()
    expect([...received, 3].map(() => ch.tryReceive())).toEqual([...received, 3].map(right))
  }
})

it('values that are given back again and again keep their order', () => {
  const ch = chan<number>(1)
  for (let round = 0; round < 20; round++) {
    const left = [0, 1, 2].map(() => subscribed(ch.receive()))
    for (let i = 0; i <= 3; i++) expect(ch.trySend(i)).toBe(true)
    left[round % 3].leave()
    left[(round + 1) % 3].leave()
    expect(ch.tryReceive()).toEqual(right(round % 3 === 1 ? 1 : 0))
    left[(round + 2) % 3].leave()
    const rest = [0, 1, 2, 3].filter((i) => i !== (round % 3 === 1 ? 1 : 0))
    expect(rest.map(() => ch.tryReceive())).toEqual(rest.map(right))
  }
})

it('a value returned to a full buffer is received first, and the others keep their order', () => {
  for (let capacity = 1; capacity <= 40; capacity++) {
    const ch = chan<number>(capacity)
    const left = subscribed(ch.receive())
    for (let i = 0; i <= capacity; i++) expect(ch.trySend(i)).toBe(true)
    left.leave()
    expect(ch.size).toBe(capacity + 1)
    expect(Array.from({ length: capacity + 1 }, () => ch.tryReceive())).toEqual(Array.from({ length: capacity + 1 }, (_, i) => right(i)))
  }
})

it('a send that was granted cannot be taken back: the receiver has the value', async () => {
  const ch = chan<number>()
  const left = subscribed(ch.send(7))
  expect(ch.tryReceive()).toEqual(right(7))
  left.leave()
  await settle()
  expect([left.now, ch.size]).toEqual([waiting, 0])
})

it('a send that is withdrawn before a grant delivers nothing', async () => {
  const ch = chan<number>()
  const left = subscribed(ch.send(7))
  left.leave()
  expect(waitersOf(ch)).toEqual(nobody)
  expect(ch.tryReceive()._tag).toBe('Left')
})

it('a withdrawn receive returns the expiry to the timer', async () => {
  using clock = virtualTime()
  // Both expire at one time, the sleep first: the receive is withdrawn after the grant and before the delivery.
  subscribed(sleep(10).map(() => left.leave()))
  const timer = newTimer(10)
  const left = subscribed(timer.fired())
  await clock.advance(10)
  expect(left.now).toEqual(waiting)
  const next = performed(timer.fired())
  await settle()
  expect(next.now).toEqual(done(undefined))
})
