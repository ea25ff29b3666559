/** What happens before what: after each of these meetings the other side's writes are seen. (MM-001 is in goroutine.test.ts.) */
import { chan, go, gosched, mutex } from 'millrace'
import { expect, it } from 'vitest'

it('MM-002 what was written before a send is seen by the one who received it', async () => {
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

it('MM-003 what was written before a close is seen by the one who learns of it', async () => {
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

it('MM-004 unbuffered, what was written before the receive is seen after the send', async () => {
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

it('MM-007 what was written before an unlock is seen after the next lock', async () => {
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

it('MM-008 what runs once has run before any of those who wait for it goes on', async () => {
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
