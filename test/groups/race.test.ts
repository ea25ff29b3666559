import { background, chan, never, numGoroutine, race, sleep, withCancel, type Job } from 'millrace'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { done, performed, thrown, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const boom = new Error('boom')

describe('race', () => {
  it.each(['a result', 'a throw'])('ends with the first end, %s, once the others are unwound', async (end) => {
    using clock = virtualTime()
    const before = numGoroutine()
    const log: string[] = []
    const outcome = performed(
      race([
        function* () {
          try {
            yield* never()
          } finally {
            yield* sleep(5)
            log.push('unwound')
          }
        },
        function* () {
          yield* sleep(10)
          if (end === 'a throw') throw boom
          return 'first'
        },
        async (ctx) => {
          ctx.signal.addEventListener('abort', () => log.push('aborted'))
          await ctx.done()
          await sleep(100)
        },
      ]),
    )
    await clock.advance(14)
    expect([outcome.now, log]).toEqual([waiting, ['aborted']])
    await clock.advance(1)
    expect(outcome.now).toEqual(end === 'a throw' ? thrown(boom) : done('first'))
    expect(log).toEqual(['aborted', 'unwound'])
    expect(numGoroutine()).toBe(before)
  })

  it('takes operations, and nothing from those that lose', async () => {
    const [a, b] = [chan<number>(1), chan<number>(1)]
    b.trySend(2)
    expect(await race([a.receive(), b.receive()])).toEqual({ _tag: 'Some', value: 2 })
    a.trySend(1)
    expect(a.size).toBe(1)
  })

  it('throws the cause of its context where that ends first', async () => {
    const ctx = withCancel(background)
    const outcome = performed(race([() => never()], { ctx }))
    await settle()
    ctx.cancel(boom)
    await settle()
    expect(outcome.now).toEqual(thrown(boom))
  })

  it('rejects an empty list and members that cannot be performed', () => {
    expect(() => race([])).toThrow(new RangeError('race(members): expected one member or more, got none'))
    expect(() => race(undefined as never)).toThrow('race(members): expected an array of members, got undefined')
    expect(() => race({ a: () => 1 } as never)).toThrow('race(members): expected an array of members, got an object')
    expect(() => race([5 as never])).toThrow('race(members): member 0: expected a function, an operation, a job or a promise, got 5')
    expect(() => race([() => 1], { ctx: null as never })).toThrow('race(members, { ctx }): ctx: expected a Context')
  })

  it('is typed as the union of its results', () => {
    expectTypeOf(() => race([sleep(1), async () => 'x'])).returns.toEqualTypeOf<Job<string | void>>()
  })
})
