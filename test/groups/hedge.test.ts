import { hedge, numGoroutine, sleep, type Job } from 'millrace'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { done, performed, thrown, waiting } from '../support/outcome.js'
import { virtualTime } from '../support/virtual-time.js'

/** Members that log the ms of their start and of their clean-up. */
function logging(clock: { now(): number }) {
  const start = clock.now()
  const log: string[] = []
  const member = (name: string, ms: number, error?: Error) =>
    function* () {
      log.push(`${name} starts at ${clock.now() - start}`)
      try {
        yield* sleep(ms)
        if (error !== undefined) throw error
        return name
      } finally {
        yield* sleep(2)
        log.push(`${name} ends at ${clock.now() - start}`)
      }
    }
  return { log, member }
}

describe('hedge', () => {
  it('starts the next member after the time, and cancels the others at the first success', async () => {
    using clock = virtualTime()
    const before = numGoroutine()
    const { log, member } = logging(clock)
    const outcome = performed(hedge(10, [member('a', 100), member('b', 15), member('c', 100), member('d', 1)]))
    await clock.advance(28)
    expect(outcome.now).toEqual(waiting) // b ends its clean-up at 27, and then c is unwound
    await clock.advance(2)
    expect(outcome.now).toEqual(done('b'))
    expect(log).toEqual(['a starts at 0', 'b starts at 10', 'c starts at 20', 'b ends at 27', 'c ends at 29', 'a ends at 29'])
    expect([numGoroutine(), clock.waiting]).toEqual([before, 0])
  })

  it('starts no second member where the first is quick', async () => {
    using clock = virtualTime()
    const { log, member } = logging(clock)
    const outcome = performed(hedge(10, [member('a', 5), member('b', 5)]))
    await clock.advance(20)
    expect([outcome.now, log]).toEqual([done('a'), ['a starts at 0', 'a ends at 7']])
    expect(clock.waiting).toBe(0)
  })

  it('starts the next member at once when the one before fails', async () => {
    using clock = virtualTime()
    const { log, member } = logging(clock)
    const outcome = performed(hedge(10, [member('a', 1, new Error('a is down')), member('b', 20), member('c', 20, new Error('c'))]))
    await clock.advance(40)
    expect(outcome.now).toEqual(done('b'))
    expect(log).toEqual(['a starts at 0', 'a ends at 3', 'b starts at 3', 'c starts at 13', 'b ends at 25', 'c ends at 27'])
  })

  it('throws an AggregateError in the order of the members where all fail', async () => {
    using clock = virtualTime()
    const { member } = logging(clock)
    const [a, b] = [new Error('a'), new Error('b')]
    const outcome = performed(hedge(1, [member('a', 20, a), member('b', 1, b)]))
    await clock.advance(30)
    expect(outcome.now).toEqual(thrown(expect.objectContaining({ message: 'hedge: all 2 members failed', errors: [a, b] })))
  })

  it('with Infinity starts the next member only after a failure, and with 0 all at once', async () => {
    using clock = virtualTime()
    const { log, member } = logging(clock)
    const patient = performed(hedge(Infinity, [member('a', 50, new Error('a')), member('b', 1)]))
    const eager = performed(hedge(0, [member('c', 5), member('d', 5)]))
    await clock.advance(60)
    expect([patient.now, eager.now.is]).toEqual([done('b'), 'done'])
    expect(log.filter((line) => line.includes('starts'))).toEqual(['a starts at 0', 'c starts at 0', 'd starts at 0', 'b starts at 52'])
  })

  it('rejects invalid arguments', () => {
    expect(() => hedge(NaN, [() => 1])).toThrow('hedge(afterMs, members): afterMs: expected a number of ms, got NaN')
    expect(() => hedge([() => 1] as never, [() => 1])).toThrow('afterMs: expected a number of ms, got an array of 1')
    expect(() => hedge(1, [])).toThrow(new RangeError('hedge(afterMs, members): expected one member or more, got none'))
    expect(() => hedge(1, ['a' as never])).toThrow(
      'hedge(afterMs, members): member 0: expected a function, an operation, a job or a promise, got "a"',
    )
  })

  it('is typed as the union of its results', () => {
    expectTypeOf(() => hedge(10, [async (ctx) => ctx.signal.aborted, () => 1])).returns.toEqualTypeOf<Job<boolean | number>>()
  })
})
