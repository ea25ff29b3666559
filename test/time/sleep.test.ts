import { after, chan, go, select, sleep } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, waiting, ways } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const nothing = [0, -0, -1, -3_600_000, -Infinity]

describe.each(ways)('by %s', (_, perform) => {
  it('TM-001 sleep waits for its time, and not longer', async () => {
    using clock = virtualTime()
    const slept = perform(sleep(100))
    await clock.advance(99.9)
    expect(slept.now).toEqual(waiting)
    await clock.advance(0.1)
    expect(slept.now).toEqual(done(undefined))
  })

  it('TM-008 zero and negative times end at once, and set no timer', async () => {
    using clock = virtualTime()
    for (const ms of nothing) {
      const outcomes = [perform(sleep(ms)), perform(after(ms))]
      expect(clock.waiting).toBe(0)
      await settle()
      expect(outcomes.map(({ now }) => now)).toEqual([done(undefined), done(undefined)])
    }
  })
})

describe('sleep', () => {
  it('TM-001 of zero, a hundred times among sends and receives, blocks no goroutine', async () => {
    const ch = chan<number>()
    const sender = go(function* () {
      for (let i = 0; i < 100; i++) {
        yield* sleep(0)
        yield* ch.send(i)
      }
    })
    const receiver = go(async () => {
      for (let i = 0; i < 100; i++) {
        await sleep(0)
        await ch.receive()
        await sleep(0)
      }
    })
    await sender.join()
    await receiver.join()
  })

  it('counts from when it is performed, not from when it was made', async () => {
    using clock = virtualTime()
    const op = sleep(100)
    await clock.advance(1000)
    const slept = performed(op)
    await clock.advance(99)
    expect(slept.now).toEqual(waiting)
    await clock.advance(1)
    expect(slept.now).toEqual(done(undefined))
  })

  it('sleeps with the same end return in the order of their start', async () => {
    using clock = virtualTime()
    const order: number[] = []
    for (let i = 0; i < 50; i++)
      go(function* () {
        yield* sleep(10)
        order.push(i)
      })
    await clock.advance(10)
    expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })

  it('of Infinity never ends', async () => {
    using clock = virtualTime()
    const slept = performed(sleep(Infinity))
    await clock.advance(1e15)
    expect(slept.now).toEqual(waiting)
    slept.leave()
    expect(clock.waiting).toBe(0)
  })

  it('as a case that is not chosen it leaves nothing behind', async () => {
    using clock = virtualTime()
    const ch = chan<number>(1)
    const cases = select({ value: ch.receive(), timeout: after(1000) })
    for (let round = 0; round < 3; round++) {
      const answer = performed(cases)
      await settle()
      expect(clock.waiting).toBe(1)
      ch.trySend(round)
      await settle()
      expect(answer.now).toMatchObject(done({ case: 'value' }))
      expect(clock.waiting).toBe(0)
    }
    const answer = performed(cases)
    await clock.advance(1000)
    expect(answer.now).toEqual(done({ case: 'timeout', value: undefined }))
  })

  it.each([
    ['sleep', sleep],
    ['after', after],
  ])('%s of a value that is not a number of ms throws at once, and names it', (name, make) => {
    const as = (value: unknown) => value as number // what JavaScript may pass
    expect(() => make(NaN)).toThrow(new RangeError(`${name}(ms): expected a number of ms, got NaN`))
    expect(() => make(as('10'))).toThrow(new TypeError(`${name}(ms): expected a number of ms, got "10"`))
    expect(() => make(as(undefined))).toThrow(new TypeError(`${name}(ms): expected a number of ms, got undefined`))
    expect(() => make(as(null))).toThrow(new TypeError(`${name}(ms): expected a number of ms, got null`))
    expect(() => make(as(10n))).toThrow(new TypeError(`${name}(ms): expected a number of ms, got 10n`))
  })
})
