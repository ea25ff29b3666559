/** Go's memory model: a write before a synchronization is visible after it. (MM-001 is in go.test.ts.) */
import { chan, go, gosched, mutex } from 'millrace'
import { expect, it } from 'vitest'

it('MM-002 a write before a send is visible to the receiver', async () => {
  const ch = chan<number>(10)
  let a = ''
  go(function* () {
    yield* gosched()
    a = 'hello, world'
    yield* ch.send(0)
  })
  const seen = go(function* () {
    yield* ch.receive()
    return a
  })
  expect(await seen.join()).toBe('hello, world')
})

it('MM-003 a write before a close is visible to a receiver that finds the channel closed', async () => {
  const ch = chan<number>(10)
  let a = ''
  go(function* () {
    yield* gosched()
    a = 'hello, world'
    ch.close()
  })
  const seen = go(function* () {
    yield* ch.receive()
    return a
  })
  expect(await seen.join()).toBe('hello, world')
})

it('MM-004 on an unbuffered channel a write before the receive is visible after the send', async () => {
  const ch = chan<number>()
  let a = ''
  go(function* () {
    yield* gosched()
    a = 'hello, world'
    yield* ch.receive()
  })
  const seen = go(function* () {
    yield* ch.send(0)
    return a
  })
  expect(await seen.join()).toBe('hello, world')
})

it('MM-007 a write before an unlock is visible after the next lock', async () => {
  const mu = mutex()
  let a = ''
  const seen = go(function* () {
    yield* mu.lock()
    go(function* () {
      yield* gosched()
      a = 'hello, world'
      mu.unlock()
    })
    using _lock = yield* mu.lock()
    return a
  })
  expect(await seen.join()).toBe('hello, world')
})

it('MM-008 the function of a once has finished before any waiter continues', async () => {
  let [a, runs] = ['', 0]
  const setup = go(function* () {
    yield* gosched()
    a = 'hello, world'
    runs++
  })
  const print = () =>
    go(function* () {
      yield* setup.join()
      return a
    })
  const [first, second] = [print(), print()]
  expect([await first.join(), await second.join(), runs]).toEqual(['hello, world', 'hello, world', 1])
})
