import { any, never, numGoroutine, onLateFailure, sleep, type Job } from 'millrace'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { done, performed, thrown, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

function* failing(ms: number, message: string): Generator<never, never> {
  yield* sleep(ms)
  throw new Error(message)
}

describe('any', () => {
  it('results in the first success, whatever has failed before, once the others are unwound', async () => {
    using clock = virtualTime()
    const before = numGoroutine()
    const log: string[] = []
    const outcome = performed(
      any([
        () => failing(5, 'a is down'),
        function* () {
          yield* sleep(10)
          return 'b'
        },
        function* () {
          try {
            return yield* never()
          } finally {
            yield* sleep(3)
            log.push('unwound')
          }
        },
      ]),
    )
    await clock.advance(12)
    expect(outcome.now).toEqual(waiting)
    await clock.advance(1)
    expect([outcome.now, log]).toEqual([done('b'), ['unwound']])
    expect(numGoroutine()).toBe(before)
  })

  it('throws an AggregateError with the errors in the order of the members', async () => {
    using clock = virtualTime()
    const outcome = performed(any([() => failing(20, 'a'), () => failing(10, 'b'), Promise.reject(new Error('c'))]))
    await clock.advance(20)
    expect(outcome.now).toEqual(thrown(expect.any(AggregateError)))
    const { message, errors } = (outcome.now as { cause: AggregateError }).cause
    expect(message).toBe('any: all 3 members failed')
    expect(errors.map((error) => (error as Error).message)).toEqual(['a', 'b', 'c'])
  })

  it('reports what fails after the first success as a late failure, also in a clean-up', async () => {
    const late: string[] = []
    const stop = onLateFailure((error) => late.push((error as Error).message))
    expect(
      await any([
        function* () {
          try {
            return yield* never()
          } finally {
            throw new Error('clean-up') // eslint-disable-line no-unsafe-finally -- the fault under test
          }
        },
        async (ctx) => {
          await ctx.done()
          throw new Error('ignored the end')
        },
        () => sleep(0).map(() => 'won'),
      ]),
    ).toBe('won')
    await settle()
    stop()
    expect(late.sort()).toEqual(['clean-up', 'ignored the end'])
  })

  it('rejects an empty list and members that cannot be performed', () => {
    expect(() => any([])).toThrow(new RangeError('any(members): expected one member or more, got none'))
    expect(() => any(null as never)).toThrow('any(members): expected an array of members, got null')
    expect(() => any([{} as never])).toThrow('any(members): member 0: expected a function, an operation, a job or a promise, got an object')
  })

  it('is typed as the union of its results', () => {
    expectTypeOf(() => any([() => 1, async () => 'x'])).returns.toEqualTypeOf<Job<string | number>>()
  })
})
