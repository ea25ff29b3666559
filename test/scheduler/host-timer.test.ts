/** One timer of the host serves all sleeps, timers, tickers and deadlines. */
import { after, background, go, newTimer, select, sleep, ticker, withTimeout } from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { time, Timers } from '../../src/runtime/scheduler/timers.js'
import { done, performed, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { few, survivorsOf } from '../support/survivors.js'
import { virtualTime } from '../support/virtual-time.js'
import { OneAlarm } from './one-alarm.js'

const HOUR = 3_600_000
const LONGEST = 2 ** 31 - 1 // ms that a host's timer takes
const before = time.timers
afterEach(() => {
  time.timers = before
})

function install(clock: OneAlarm): OneAlarm {
  time.timers = new Timers(clock)
  return clock
}

describe('one timer of the host', () => {
  it('serves any number of sleeps, and is set once when each is longer than the last', async () => {
    const clock = install(new OneAlarm())
    let woken = 0
    for (let i = 0; i < 1000; i++)
      go(function* () {
        yield* sleep(100 + i)
        woken++
      })
    await settle()
    expect(clock.sets).toBe(1)
    await clock.moveTo(99)
    expect(woken).toBe(0)
    await clock.moveTo(2000)
    expect(woken).toBe(1000)
    expect(clock.alarm).toBeNull()
  })

  it('moves to an earlier time, and stays when that timer is stopped', async () => {
    const clock = install(new OneAlarm())
    const late = newTimer(100)
    expect(clock.alarm?.at).toBe(100)
    const early = newTimer(10)
    expect(clock.alarm?.at).toBe(10)
    early.stop()
    await clock.moveTo(50)
    expect(clock.alarm?.at).toBe(100)
    late.stop()
    expect(clock.alarm).toBeNull()
  })

  it('wakes early for a time beyond its longest delay, and fires at that time', async () => {
    const clock = install(new OneAlarm(LONGEST))
    const century = 36_525 * 24 * HOUR
    const slept = performed(sleep(century))
    const timed = withTimeout(background, century)
    await settle()
    await clock.moveTo(century - 1)
    expect(clock.sets).toBe(Math.ceil(century / LONGEST))
    expect(slept.now).toEqual(waiting)
    expect(timed.err()._tag).toBe('None')
    await clock.moveTo(century)
    expect(slept.now).toEqual(done(undefined))
    expect(timed.err()._tag).toBe('Some')
  })

  it('is not set for a timer that never fires', () => {
    const clock = install(new OneAlarm())
    const [never, hour] = [newTimer(Infinity), newTimer(HOUR)]
    expect(clock.alarm?.at).toBe(HOUR)
    hour.stop()
    expect(clock.alarm).toBeNull()
    never.stop()
  })

  it('a late host timer fires everything that is due, in the order of time', async () => {
    const clock = install(new OneAlarm())
    const order: number[] = []
    for (const ms of [30, 10, 20])
      go(function* () {
        yield* sleep(ms)
        order.push(ms)
      })
    await settle()
    clock.time = 1000
    await clock.moveTo(1000)
    expect(order).toEqual([10, 20, 30])
    expect(clock.sets).toBe(2) // for 30 ms, and for 10
  })
})

describe('TM-025 dropped timers are collected:', () => {
  const made: Record<string, () => object> = {
    'after that was never performed': () => after(HOUR),
    'a select that was never performed': () => select({ timeout: after(HOUR) }),
    'a timer that was stopped': () => stopped(newTimer(HOUR)),
    'a timer that was reset and stopped': () => {
      const timer = newTimer(HOUR)
      timer.reset(2 * HOUR)
      return stopped(timer)
    },
    'a ticker that was stopped': () => stopped(ticker(HOUR)),
    'a context that was canceled': () => {
      const ctx = withTimeout(background, HOUR)
      ctx.cancel()
      return ctx
    },
  }
  const stopped = <T extends { stop(): unknown }>(one: T): T => (one.stop(), one)

  it.each(Object.keys(made))('%s', async (kind) => {
    using clock = virtualTime()
    expect(await survivorsOf(10_000, made[kind])).toBeLessThan(few())
    expect(clock.waiting).toBe(0)
  })

  it('a timer that has not fired is held until it does', async () => {
    using clock = virtualTime()
    expect(await survivorsOf(100, () => newTimer(HOUR))).toBe(100)
    await clock.advance(HOUR)
    expect(clock.waiting).toBe(0)
    expect(await survivorsOf(100, () => stopped(newTimer(HOUR)))).toBeLessThan(few())
  })
})
