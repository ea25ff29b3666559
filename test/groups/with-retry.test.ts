import { describe, expect, it } from 'vitest'
import { backoff, background, sleep, withCancel, withRetry, withTimeout, type BackoffOptions, type Failed } from 'millrace'
import { done, performed, thrown, thrownError } from '../support/outcome.js'
import { seeded } from '../support/seeded.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const boom = new Error('boom')
const failed = (attempts: number, cause: unknown = boom, elapsed = 0): Failed => ({ attempts, cause, elapsed })
const plain: BackoffOptions = { jitter: 0, attempts: Infinity }

describe('backoff', () => {
  it('waits longer each time, up to the longest', () => {
    const schedule = backoff({ ...plain, first: 100, factor: 3, longest: 1000 })
    expect([1, 2, 3, 4, 1000].map((n) => schedule(failed(n)))).toEqual([100, 300, 900, 1000, 1000])
  })

  it('ends after so many attempts', () => {
    const schedule = backoff({ ...plain, attempts: 3 })
    expect([1, 2, 3].map((n) => schedule(failed(n)))).toEqual([100, 200, null])
    expect(backoff()(failed(5))).toBe(null)
  })

  it('no attempt begins after the budget', () => {
    const schedule = backoff({ ...plain, first: 100, budget: 500 })
    expect(schedule(failed(1, boom, 400))).toBe(100)
    expect(schedule(failed(1, boom, 401))).toBe(null)
  })

  it('leaves a part of each wait to chance', () => {
    using _chance = seeded(1)
    const schedule = backoff({ ...plain, first: 100, factor: 1, jitter: 0.25 })
    const waits = Array.from({ length: 1000 }, () => schedule(failed(1)) as number)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(75)
    expect(Math.max(...waits)).toBeLessThanOrEqual(100)
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(20)
  })

  it('asks whether the failure is worth it', () => {
    const schedule = backoff({ ...plain, retryIf: (cause) => cause !== boom })
    expect(schedule(failed(1))).toBe(null)
    expect(schedule(failed(1, new Error('other')))).toBe(100)
  })

  it('comes back when the server says: in seconds, or by a date', () => {
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

  it('refuses what makes no sense', () => {
    expect(() => backoff({ first: NaN })).toThrow('backoff({ first }): expected a number of ms, got NaN')
    expect(() => backoff({ longest: NaN })).toThrow('backoff({ longest }): expected a number of ms, got NaN')
    expect(() => backoff({ budget: NaN })).toThrow('backoff({ budget }): expected a number of ms, got NaN')
    expect(() => backoff({ factor: 0.5 })).toThrow('backoff({ factor }): expected a number from 1 up, got 0.5')
    expect(() => backoff({ jitter: 2 })).toThrow('backoff({ jitter }): expected a number from 0 to 1, got 2')
    expect(() => backoff({ attempts: 0 })).toThrow('backoff({ attempts }): expected a whole number from 1 up, got 0')
    expect(() => backoff({ retryIf: 1 as never })).toThrow('backoff({ retryIf }): expected a function, got 1')
  })
})

describe('withRetry', () => {
  /** Fails so many times, and says when it was called. */
  function failing(times: number, calls: number[], now: () => number) {
    return async () => {
      calls.push(now())
      if (calls.length <= times) throw boom
      return 'result'
    }
  }

  it('tries again after the waits of the schedule, and answers the first result', async () => {
    using clock = virtualTime()
    const start = clock.now()
    const calls: number[] = []
    const result = performed(
      withRetry(
        backoff({ ...plain, first: 10 }),
        failing(3, calls, () => clock.now() - start),
      ),
    )
    await clock.advance(1000)
    expect(result.now).toEqual(done('result'))
    expect(calls).toEqual([0, 10, 30, 70])
  })

  it('gives up when the schedule does, with what the last attempt threw', async () => {
    using clock = virtualTime()
    let attempts = 0
    const result = performed(
      withRetry(backoff({ ...plain, attempts: 3 }), function* (_, attempt) {
        attempts++
        yield* sleep(1)
        throw new Error(`attempt ${attempt}`)
      }),
    )
    await clock.advance(1000)
    expect(result.now).toEqual(thrownError('attempt 3'))
    expect(attempts).toBe(3)
  })

  it('tells the schedule what has happened so far', async () => {
    using clock = virtualTime()
    const told: Failed[] = []
    const result = performed(
      withRetry(
        (failed) => {
          told.push(failed)
          return told.length < 3 ? 5 : null
        },
        async () => {
          await sleep(10)
          throw boom
        },
      ),
    )
    await clock.advance(1000)
    expect(told).toEqual([failed(1, boom, 10), failed(2, boom, 25), failed(3, boom, 40)])
    expect(result.now).toEqual(thrown(boom))
  })

  it('stops when the next wait would pass the deadline', async () => {
    using clock = virtualTime()
    using ctx = withTimeout(background, 50)
    const start = clock.now()
    const calls: number[] = []
    const result = performed(
      withRetry(
        backoff({ ...plain, first: 20 }),
        failing(9, calls, () => clock.now() - start),
        { ctx },
      ),
    )
    await clock.advance(20)
    await settle()
    expect(result.now).toEqual(thrown(boom)) // at 20 ms: the next one would come at 60
    expect(calls).toEqual([0, 20])
  })

  it('ends with the context: in a wait, in an attempt, and before the first', async () => {
    using clock = virtualTime()
    const cause = new Error('enough')
    const ctx = withCancel(background)
    const inWait = performed(withRetry(() => 1000, failing(9, [], Date.now), { ctx }))
    const inAttempt = performed(
      withRetry(
        () => 0,
        async (its) => {
          await its.done()
          throw boom
        },
        { ctx },
      ),
    )
    await clock.advance(10)
    ctx.cancel(cause)
    const late = performed(withRetry(() => 0, () => expect.unreachable(), { ctx })) // prettier-ignore
    await settle()
    expect(inWait.now).toEqual(thrown(cause))
    expect(inAttempt.now).toEqual(thrown(boom))
    expect(late.now).toEqual(thrown(cause))
  })

  it('refuses what makes no sense', () => {
    expect(() => withRetry(5 as never, () => 0)).toThrow('withRetry(schedule, f): schedule: expected a function, got 5')
    expect(() => withRetry(backoff(), 5 as never)).toThrow('withRetry(schedule, f): f: expected a function, got 5')
    expect(() => withRetry(backoff(), () => 0, { ctx: {} as never })).toThrow('expected a Context')
  })
})
