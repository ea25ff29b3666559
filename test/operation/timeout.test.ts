import { left, right } from 'fp-ts/lib/Either.js'
import { background, chan, DeadlineExceededError, fromPromise, go, never, rateLimiter, select, sleep, withTimeout, type Op } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, thrown, thrownError, waiting, ways } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { nobody, waitersOf } from '../support/waiters.js'

describe.each(ways)('by %s', (_, perform) => {
  it('an operation that is ready in time results in its value, and its timer leaves the heap', async () => {
    using time = virtualTime()
    const ch = chan<number>()
    const outcome = perform(ch.receive().map((message) => (message._tag === 'Some' ? message.value : -1)).timeout(20)) // prettier-ignore
    await settle()
    expect(outcome.now).toEqual(waiting)
    performed(ch.send(7))
    await settle()
    expect(outcome.now).toEqual(done(7))
    expect(time.waiting).toBe(0)
  })

  it('an operation that takes longer leaves its queues and throws an error that names the wait and the time', async () => {
    using time = virtualTime()
    const ch = chan<number>()
    const outcome = perform(ch.receive().timeout(20))
    await settle()
    await time.advance(20)
    expect(outcome.now).toEqual(thrownError('deadline exceeded: chan receive took more than 20 ms'))
    expect(outcome.now).toEqual(thrown(expect.any(DeadlineExceededError)))
    expect(waitersOf(ch)).toEqual(nobody)
  })

  it('a time of 0 ms or less is over at once, also where the operation is ready', async () => {
    using _time = virtualTime()
    for (const ms of [0, -1]) {
      const ch = chan<number>(1)
      ch.trySend(1)
      const outcome = perform(ch.receive().timeout(ms))
      await settle()
      expect(outcome.now).toEqual(thrown(expect.any(DeadlineExceededError)))
      expect(ch.tryReceive()).toEqual(right(1))
    }
  })
})

it.each([NaN, undefined, '20', null])('timeout(%s) throws at the call', (ms) => {
  expect(() => never().timeout(ms as never)).toThrow('timeout(ms): expected a number of ms, got ')
})

it('each performance counts from its own start', async () => {
  using time = virtualTime()
  const op: Op<void> = chan<void>().receive().map(() => {}).timeout(20) // prettier-ignore
  const first = performed(op)
  await settle()
  await time.advance(15)
  const second = performed(op)
  await settle()
  await time.advance(5)
  expect([first.now.is, second.now.is]).toEqual(['thrown', 'waiting'])
  await time.advance(15)
  expect(second.now.is).toBe('thrown')
})

it('a case with a timeout in a select throws when it is chosen by its time', async () => {
  using time = virtualTime()
  const outcome = performed(select({ a: never().timeout(10), b: sleep(20) }))
  await settle()
  await time.advance(10)
  expect(outcome.now).toEqual(thrownError('deadline exceeded: select (no cases) took more than 10 ms'))
})

it('a limiter refuses a wait that cannot be granted within the timeout at once, as by a context with that deadline', async () => {
  using time = virtualTime()
  const limiter = rateLimiter(10, 1)
  expect(limiter.allow()).toBe(true)
  const byTimeout = performed(limiter.wait().timeout(20))
  const byContext = performed(limiter.wait().within(withTimeout(background, 20)))
  await settle()
  expect([byTimeout.now.is, byContext.now.is]).toEqual(['thrown', 'thrown'])
  expect(time.waiting).toBe(1) // the timer of the context
  const granted = performed(limiter.wait().timeout(200))
  await settle()
  await time.advance(100)
  expect(granted.now.is).toBe('done')
})

it('the timeout of an operation with a timeout is the shorter one', async () => {
  using time = virtualTime()
  const outcome = performed(never().timeout(10).timeout(1000).attempt())
  const other = performed(never().timeout(1000).timeout(10).attempt())
  await settle()
  await time.advance(10)
  expect([outcome.now.is, other.now.is]).toEqual(['done', 'done'])
  expect(time.waiting).toBe(0)
})

it('a promise that is late is given up, and its rejection is handled', async () => {
  using time = virtualTime()
  let reject!: (cause: unknown) => void
  const outcome = performed(fromPromise(new Promise<number>((_, no) => (reject = no))).timeout(5).attempt()) // prettier-ignore
  await settle()
  await time.advance(5)
  expect(outcome.now).toEqual(done(left(expect.any(DeadlineExceededError))))
  reject(new Error('late'))
  await settle()
})

it('a goroutine that is canceled while its operation has a timeout leaves no timer', async () => {
  using time = virtualTime()
  const handle = go(function* () {
    yield* never().timeout(50)
  })
  await settle()
  expect(time.waiting).toBe(1)
  handle.cancel()
  expect(await handle.join().attempt()).not.toEqual(right(undefined))
  expect(time.waiting).toBe(0)
})
