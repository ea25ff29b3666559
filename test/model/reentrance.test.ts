/**
 * `then` with two functions calls back directly, from within whatever grants: the callback may come back to the channel it was called from,
 * and finds it whole. (The model performs with callbacks that only take note.)
 */
import { expect, it } from 'vitest'
import { chan, type Op } from 'millrace'
import { subscribable } from './doing.js'

function performs<T>(op: Op<T>, then: (value: T) => void): void {
  void op.then(then, (cause: unknown) => {
    throw cause
  })
}

it('a subscriber who unsubscribes again while its value is given back gives it back once', () => {
  const channel = chan<number>(1)
  const received: unknown[] = []
  const first = subscribable(channel.receive()).subscribe({ next: (value) => received.push(value) })
  channel.trySend(1)
  performs(channel.receive(), (value) => {
    received.push(value)
    first.unsubscribe()
  })
  first.unsubscribe()
  expect(received).toEqual([{ _tag: 'Some', value: 1 }])
  expect(channel.size).toBe(0)
})

it('a receiver that sends in its callback finds the value it was granted gone', () => {
  const channel = chan<number>(1)
  const received: unknown[] = []
  performs(channel.receive(), (value) => {
    received.push(value)
    expect(channel.trySend(2)).toBe(true)
    expect(channel.trySend(3)).toBe(false)
  })
  expect(channel.trySend(1)).toBe(true)
  expect(received).toEqual([{ _tag: 'Some', value: 1 }])
  expect(channel.tryReceive()).toEqual({ _tag: 'Right', right: 2 })
})

it('a sender that receives in its callback comes after the one whose receive admitted it', () => {
  const channel = chan<number>(1)
  const received: unknown[] = []
  channel.trySend(1)
  performs(channel.send(2), () => received.push(channel.tryReceive()))
  const first = channel.tryReceive()
  expect(first).toEqual({ _tag: 'Right', right: 1 })
  expect(received).toEqual([{ _tag: 'Right', right: 2 }])
  expect(channel.size).toBe(0)
})

it('a receiver that is told of the close finds the channel closed', () => {
  const channel = chan<number>()
  const seen: unknown[] = []
  performs(channel.receive(), () => {
    seen.push(channel.isClosed)
    expect(() => channel.trySend(1)).toThrow('send on closed channel')
    performs(channel.receive(), (message) => seen.push(message))
  })
  performs(channel.receive(), (message) => seen.push(message))
  channel.close()
  expect(seen).toEqual([true, { _tag: 'None' }, { _tag: 'None' }])
})
