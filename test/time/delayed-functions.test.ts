/** Go's time.AfterFunc is afterFunc of a context that ends in time. */
import { afterFunc, background, chan, sleep, withTimeout, type Body } from 'millrace'
import { expect, it } from 'vitest'
import { done, performed, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const delayed = (ms: number, f: Body<[], unknown>): (() => boolean) => afterFunc(withTimeout(background, ms), f)

it('TM-004 a delayed function may set itself again, and one that sleeps does not hold up the others', async () => {
  using clock = virtualTime()
  const reported = chan<number>(1)
  let n = 10
  const count = function* () {
    if (n-- === 0) {
      yield* reported.send(n)
      return
    }
    delayed(0, count)
    yield* sleep(1000)
  }
  delayed(0, count)
  const report = performed(reported.receive())
  await settle()
  expect(report.now).toMatchObject(done({ value: -1 }))
  await clock.advance(1000)
})

it('TM-020 a delayed function that is stopped in time is not called; after the call stop returns false and does not wait', async () => {
  using clock = virtualTime()
  let state = 'not called'
  const f = function* () {
    state = 'called'
    yield* sleep(1000)
    state = 'over'
  }
  const early = delayed(10, f)
  await clock.advance(9)
  expect(early()).toBe(true)
  await clock.advance(100)
  expect(state).toBe('not called')
  const late = delayed(10, f)
  await clock.advance(10)
  expect([state, late(), state]).toEqual(['called', false, 'called'])
  await clock.advance(1000)
  expect(state).toBe('over')
})

it('TM-028 delayed functions run in the order of their delays, and those of one delay as they were set', async () => {
  using clock = virtualTime()
  const order: string[] = []
  for (const [i, ms] of [30, 10, 20, 10].entries()) delayed(ms, () => order.push(`${ms} (${i})`))
  await clock.advance(100)
  expect(order).toEqual(['10 (1)', '10 (3)', '20 (2)', '30 (0)'])
})

it('a delayed function is called when its time has come, not before', async () => {
  using clock = virtualTime()
  const called = chan<number>(1)
  delayed(10, () => called.trySend(clock.now()))
  const at = clock.now() + 10
  const received = performed(called.receive())
  await clock.advance(9)
  expect(received.now).toEqual(waiting)
  await clock.advance(1)
  expect(received.now).toMatchObject(done({ value: at }))
})
