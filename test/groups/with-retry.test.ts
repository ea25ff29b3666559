import { background, backoff, go, sleep, withCancel, withRetry, withTimeout, type BackoffOptions, type Failed } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, thrown, thrownError } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const boom = new Error('boom')
const failed = (attempts: number, cause: unknown = boom, elapsed = 0): Failed => ({ attempts, cause, elapsed })
const plain: BackoffOptions = { jitter: 0, attempts: Infinity }

describe('withRetry', () => {
  /** Fails `times` times, and records the time of each call. */
  function failing(times: number, calls: number[], now: () => number) {
    return async () => {
      calls.push(now())
      if (calls.length <= times) throw boom
      return 'result'
    }
  }

  it('tries again after the waits of the schedule, and returns the first result', async () => {
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

  it('passes the schedule the failures so far', async () => {
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
    expect(result.now).toEqual(thrown(boom)) // at 20 ms: the next attempt would start at 60
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

  it.each([false, true])('a cancel whose clean-up throws ends it: there is no further attempt (the clean-up waits: %s)', async (waits) => {
    using clock = virtualTime()
    let attempts = 0
    const goroutine = go(
      withRetry(
        () => 0,
        function* () {
          attempts++
          try {
            yield* sleep(100)
          } finally {
            if (waits) yield* sleep(5)
            throw boom // eslint-disable-line no-unsafe-finally -- the fault of the clean-up
          }
        },
      ),
    )
    const join = performed(goroutine.join())
    await clock.advance(10)
    goroutine.cancel()
    await clock.advance(1000)
    expect(attempts).toBe(1)
    expect(join.now).toEqual(thrown(boom))
  })

  it('rejects invalid arguments', () => {
    expect(() => withRetry(5 as never, () => 0)).toThrow('withRetry(schedule, f): schedule: expected a function, got 5')
    expect(() => withRetry(backoff(), 5 as never)).toThrow('withRetry(schedule, f): f: expected a function, got 5')
    expect(() => withRetry(backoff(), () => 0, { ctx: {} as never })).toThrow('expected a Context')
  })
})
