import { none, some } from 'fp-ts/lib/Option.js'
import { after, go, newTimer, select, sleep, trySelect, type Timer } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, subscribed, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const HOUR = 3_600_000
const hasFired = (timer: Timer): boolean => trySelect({ fired: timer.fired() })._tag === 'Some'

describe('a timer', () => {
  it('expires once, at its time, for one of its waiters', async () => {
    using clock = virtualTime()
    const timer = newTimer(100)
    const [first, second] = [performed(timer.fired()), performed(timer.fired())]
    await clock.advance(99)
    expect([first.now, second.now]).toEqual([waiting, waiting])
    await clock.advance(HOUR)
    expect([first.now, second.now]).toEqual([done(undefined), waiting])
    timer.reset(10)
    await clock.advance(10)
    expect(second.now).toEqual(done(undefined))
  })

  it('without waiters it keeps its expiry for the next receive', async () => {
    using clock = virtualTime()
    const timer = newTimer(100)
    await clock.advance(200)
    expect([hasFired(timer), hasFired(timer)]).toEqual([true, false])
  })

  it('is stopped by `using`, whether it has expired or not', async () => {
    using clock = virtualTime()
    let expired, waits
    {
      using one = newTimer(100)
      using other = newTimer(200)
      ;[expired, waits] = [one, other]
      await clock.advance(100)
    }
    expect(clock.waiting).toBe(0)
    expect([expired, waits].map(hasFired)).toEqual([false, false])
    expect([expired, waits].map((timer) => timer.stop())).toEqual([false, false])
  })

  it("a due timer has expired although the host's timer is late", () => {
    using clock = virtualTime()
    const timer = newTimer(100)
    clock.block(99)
    expect(hasFired(timer)).toBe(false)
    clock.block(1)
    expect([hasFired(timer), hasFired(timer)]).toEqual([true, false])
    expect(clock.waiting).toBe(0)
  })

  it.each([0, -1, -HOUR, -Infinity])('TM-008 of %d ms fires soon', async (ms) => {
    using clock = virtualTime()
    const [waited, asked] = [newTimer(ms), newTimer(ms)]
    const fired = performed(waited.fired())
    await settle()
    expect(fired.now).toEqual(done(undefined))
    expect(hasFired(asked)).toBe(true)
    expect(clock.waiting).toBe(0)
  })

  it('of Infinity never fires, and can be moved earlier', async () => {
    using clock = virtualTime()
    const timer = newTimer(Infinity)
    const fired = performed(timer.fired())
    await clock.advance(1e15)
    expect(fired.now).toEqual(waiting)
    expect(timer.reset(10)).toBe(true)
    await clock.advance(10)
    expect(fired.now).toEqual(done(undefined))
  })

  it('as a case that is not chosen it keeps its expiry for the next receive', async () => {
    using clock = virtualTime()
    const timer = newTimer(100)
    const answer = performed(select({ early: after(50), fired: timer.fired() }))
    await clock.advance(50)
    expect(answer.now).toEqual(done({ case: 'early', value: undefined }))
    await clock.advance(50)
    expect(trySelect({ fired: timer.fired() })).toEqual(some({ case: 'fired', value: undefined }))
  })
})

describe('stop and reset', () => {
  it('TM-005 stop before the time is true and final, a second stop is false', async () => {
    using clock = virtualTime()
    const timers = [newTimer(50), newTimer(100)]
    const fired = timers.map((timer) => performed(timer.fired()))
    expect(timers.map((timer) => timer.stop())).toEqual([true, true])
    expect(timers.map((timer) => timer.stop())).toEqual([false, false])
    expect(clock.waiting).toBe(0)
    const witness = performed(after(200))
    await clock.advance(200)
    expect(witness.now).toEqual(done(undefined))
    expect(fired.map(({ now }) => now)).toEqual([waiting, waiting])
    expect(timers.map(hasFired)).toEqual([false, false])
  })

  it('TM-006 reset moves a timer and says whether it was still to fire', async () => {
    using clock = virtualTime()
    const timer = newTimer(200)
    const fired = performed(timer.fired())
    await clock.advance(100)
    expect(timer.reset(300)).toBe(true)
    await clock.advance(200)
    expect(fired.now).toEqual(waiting)
    await clock.advance(200)
    expect(fired.now).toEqual(done(undefined))
    expect(timer.reset(50)).toBe(false)
    await clock.advance(49)
    expect(hasFired(timer)).toBe(false)
    await clock.advance(1)
    expect(hasFired(timer)).toBe(true)
  })

  it('TM-007 return in a row: true, false, false, true, and after a receive false, false', async () => {
    using clock = virtualTime()
    const timer = newTimer(HOUR)
    expect([timer.stop(), timer.stop(), timer.reset(HOUR), timer.reset(1)]).toEqual([true, false, false, true])
    const fired = performed(timer.fired())
    await clock.advance(1)
    expect(fired.now).toEqual(done(undefined))
    expect([timer.stop(), timer.reset(HOUR)]).toEqual([false, false])
  })

  it.each<[string, (timer: Timer) => boolean]>([
    ['stop', (timer) => timer.stop()],
    ['reset', (timer) => timer.reset(HOUR)],
  ])('%s takes back an unreceived expiry and returns true', async (_, call) => {
    using clock = virtualTime()
    const timer = newTimer(10)
    await clock.advance(20)
    expect(call(timer)).toBe(true)
    expect(hasFired(timer)).toBe(false)
    timer.stop()
  })

  it.each<[string, (timer: Timer) => boolean]>([
    ['stop', (timer) => timer.stop()],
    ['reset', (timer) => timer.reset(HOUR)],
  ])("%s of a due timer, before the host's timer runs, takes back its expiry", (_, call) => {
    using clock = virtualTime()
    const timer = newTimer(10)
    clock.block(20)
    expect(call(timer)).toBe(true)
    expect(hasFired(timer)).toBe(false)
    timer.stop()
  })

  it('an expiry granted to a subscriber that unsubscribed is there again, unless the timer was stopped or reset since', async () => {
    for (const since of ['nothing', 'stop', 'reset']) {
      using clock = virtualTime()
      const between = go(function* () {
        yield* sleep(10) // starts before the timer, so it runs between the grant and the delivery
        if (since === 'stop') timer.stop()
        if (since === 'reset') timer.reset(HOUR)
        fired.leave()
      })
      await settle()
      const timer = newTimer(10)
      const fired = subscribed(timer.fired())
      await clock.advance(10)
      await between.join()
      expect(fired.now).toEqual(waiting)
      expect(hasFired(timer)).toBe(since === 'nothing')
      timer.stop()
    }
  })

  it('TM-022 a timer can be moved earlier again and again, a thousand times without a miss', async () => {
    using clock = virtualTime()
    for (let round = 0; round < 1000; round++) {
      const timer = newTimer(HOUR)
      for (let i = 0; i < 10; i++) {
        timer.stop()
        timer.reset(i % 2 === 0 ? HOUR - i : -i)
      }
      expect(timer.reset(-1)).toBe(true)
      const fired = performed(timer.fired())
      if (round % 100 === 0) {
        await settle()
        expect(fired.now).toEqual(done(undefined))
      } else expect(timer.stop()).toBe(true)
      fired.leave()
    }
    await settle()
    expect(clock.waiting).toBe(0)
  })

  it('TM-010 a timer without a duration is rejected', () => {
    using clock = virtualTime()
    const as = (value?: unknown) => value as number // what JavaScript may pass
    expect(() => newTimer(as())).toThrow(new TypeError('newTimer(ms): expected a number of ms, got undefined'))
    expect(() => newTimer(NaN)).toThrow(new RangeError('newTimer(ms): expected a number of ms, got NaN'))
    const timer = newTimer(HOUR)
    expect(() => timer.reset(as())).toThrow(new TypeError('timer.reset(ms): expected a number of ms, got undefined'))
    expect(() => timer.reset(NaN)).toThrow(new RangeError('timer.reset(ms): expected a number of ms, got NaN'))
    expect(timer.stop()).toBe(true) // a refused reset changes nothing
    expect(clock.waiting).toBe(0)
    expect(trySelect({ fired: timer.fired() })).toEqual(none)
  })
})
