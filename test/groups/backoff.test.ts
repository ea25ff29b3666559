import { backoff, type BackoffOptions, type Failed } from 'millrace'
import { describe, expect, it } from 'vitest'
import { seeded } from '../support/seeded.js'
import { virtualTime } from '../support/virtual-time.js'

const boom = new Error('boom')
const failed = (attempts: number, cause: unknown = boom, elapsed = 0): Failed => ({ attempts, cause, elapsed })
const plain: BackoffOptions = { jitter: 0, attempts: Infinity }

describe('backoff', () => {
  it('waits longer each time, up to the longest', () => {
    const schedule = backoff({ ...plain, first: 100, factor: 3, longest: 1000 })
    expect([1, 2, 3, 4, 1000].map((n) => schedule(failed(n)))).toEqual([100, 300, 900, 1000, 1000])
  })

  it('ends after `attempts` attempts', () => {
    const schedule = backoff({ ...plain, attempts: 3 })
    expect([1, 2, 3].map((n) => schedule(failed(n)))).toEqual([100, 200, null])
    expect(backoff()(failed(5))).toBe(null)
  })

  it('starts no attempt after the budget', () => {
    const schedule = backoff({ ...plain, first: 100, budget: 500 })
    expect(schedule(failed(1, boom, 400))).toBe(100)
    expect(schedule(failed(1, boom, 401))).toBe(null)
  })

  it('draws a part of each wait at random', () => {
    using _chance = seeded(1)
    const schedule = backoff({ ...plain, first: 100, factor: 1, jitter: 0.25 })
    const waits = Array.from({ length: 1000 }, () => schedule(failed(1)) as number)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(75)
    expect(Math.max(...waits)).toBeLessThanOrEqual(100)
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(20)
  })

  it('retries only errors that `retryIf` accepts', () => {
    const schedule = backoff({ ...plain, retryIf: (cause) => cause !== boom })
    expect(schedule(failed(1))).toBe(null)
    expect(schedule(failed(1, new Error('other')))).toBe(100)
  })

  it('waits as Retry-After says: in seconds, or until a date', () => {
    using clock = virtualTime()
    const schedule = backoff({ ...plain, first: 100 })
    const after = (text: string) => new Response(null, { status: 429, headers: { 'Retry-After': text } })
    expect(schedule(failed(1, after('2')))).toBe(2000)
    expect(schedule(failed(1, { response: after('3') }))).toBe(3000)
    expect(schedule(failed(1, after(new Date(clock.now() + 5000).toUTCString())))).toBe(5000)
    expect(schedule(failed(1, after('0')))).toBe(100)
    expect(schedule(failed(1, after('whenever')))).toBe(100)
    expect(schedule(failed(1, after(new Date(clock.now() - 5000).toUTCString())))).toBe(100)
    for (const cause of [new Response(), { headers: {} }, { headers: { 'retry-after': '5' } }, 'text', null, undefined])
      expect(schedule(failed(1, cause))).toBe(100)
    expect(backoff({ ...plain, budget: 1000 })(failed(1, after('2')))).toBe(null)
  })

  it('rejects invalid arguments', () => {
    expect(() => backoff({ first: NaN })).toThrow('backoff({ first }): expected a number of ms, got NaN')
    expect(() => backoff({ longest: NaN })).toThrow('backoff({ longest }): expected a number of ms, got NaN')
    expect(() => backoff({ budget: NaN })).toThrow('backoff({ budget }): expected a number of ms, got NaN')
    expect(() => backoff({ factor: 0.5 })).toThrow('backoff({ factor }): expected a number from 1 up, got 0.5')
    expect(() => backoff({ jitter: 2 })).toThrow('backoff({ jitter }): expected a number from 0 to 1, got 2')
    expect(() => backoff({ attempts: 0 })).toThrow('backoff({ attempts }): expected a whole number from 1 up, got 0')
    expect(() => backoff({ retryIf: 1 as never })).toThrow('backoff({ retryIf }): expected a function, got 1')
  })
})
