import {
  all,
  chan,
  DeadlineExceededError,
  go,
  now,
  numGoroutine,
  rateLimiter,
  sleep,
  timeout,
  type Context,
  type Job,
  type Option,
  type Receiver,
  type Routine,
} from 'millrace'
import { some } from 'fp-ts/lib/Option.js'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { done, performed, thrown, thrownError, ways } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

function* take(from: Receiver<number>): Routine<Option<number>> {
  return yield* from.receive()
}

/** Each kind of routine, which waits for the receiver. */
const routines: Record<string, (from: Receiver<number>) => Parameters<typeof timeout<Option<number>>>[1]> = {
  'a generator function': (from) => () => take(from),
  'a generator': (from) => take(from),
  'an async function': (from) => async () => from.receive(),
  'an operation': (from) => from.receive(),
  'a job': (from) => all([() => from.receive()]).map(([message]) => message),
  'a promise': (from) => Promise.resolve(from.receive()),
}

describe.each(Object.entries(routines))('timeout of %s', (_, make) => {
  it.each(ways)('results in its result, and leaves no timer (%s)', async (_, perform) => {
    using time = virtualTime()
    const ch = chan<number>()
    const outcome = perform(timeout(20, make(ch)))
    await time.advance(19)
    performed(ch.send(1))
    await settle()
    expect(outcome.now).toEqual(done({ _tag: 'Some', value: 1 }))
    expect(time.waiting).toBe(0)
  })

  it.each(ways)('throws DeadlineExceededError when the time is over (%s)', async (_, perform) => {
    using time = virtualTime()
    const outcome = perform(timeout(20, make(chan<number>())))
    await time.advance(20)
    expect(outcome.now).toEqual(thrown(expect.any(DeadlineExceededError)))
  })
})

describe('timeout', () => {
  it('gives a function a context that ends with the time, and unwinds a generator first', async () => {
    using time = virtualTime()
    const before = numGoroutine()
    const log: unknown[] = []
    const outcome = performed(
      timeout(20, function* load(ctx: Context) {
        try {
          yield* sleep(100)
        } finally {
          yield* sleep(5)
          log.push(ctx.err()._tag)
        }
      }),
    )
    await time.advance(24)
    expect([outcome.now.is, log]).toEqual(['waiting', []])
    await time.advance(1)
    expect(outcome.now).toEqual(thrownError('deadline exceeded: load took more than 20 ms'))
    expect([log, numGoroutine()]).toEqual([['Some'], before])
  })

  it('gives a function a context with its deadline, that of a timeout around it included', async () => {
    using time = virtualTime()
    const deadlines: unknown[] = []
    const look = (ctx: Context): unknown => deadlines.push(ctx.deadline())
    const nested = timeout(20, (outer) => {
      look(outer)
      return timeout(50, look).within(outer)
    })
    performed(nested)
    await time.advance(0)
    expect(deadlines).toEqual([some(now() + 20), some(now() + 50)])
    const limiter = rateLimiter(1, 1)
    limiter.allow()
    const wait = performed(timeout(20, (ctx) => limiter.wait().within(ctx)))
    await time.advance(0)
    expect(wait.now).toEqual(thrown(expect.any(Error))) // at once: the token comes after the deadline
  })

  it('ends the context of the function with DeadlineExceededError', async () => {
    using time = virtualTime()
    const ends: unknown[] = []
    const late = performed(timeout(20, (ctx) => ctx.done().map(() => ends.push(ctx.err()))))
    await time.advance(20)
    expect([ends, late.now.is]).toEqual([[some(expect.any(DeadlineExceededError))], 'thrown'])
  })

  it('is canceled with its performer', async () => {
    using time = virtualTime()
    const goroutine = go(() => timeout(20, () => sleep(10)))
    await settle()
    goroutine.cancel()
    await settle()
    expect(time.waiting).toBe(0)
  })

  it('throws for a time that is no time, and for what cannot be performed', () => {
    expect(() => timeout(NaN, () => 1)).toThrow(RangeError)
    expect(() => timeout(1, 5 as never)).toThrow('expected a function, an operation, a job or a promise, got 5')
  })

  it('has the type of the result', () => {
    expectTypeOf(timeout(1, take(chan<number>()))).toEqualTypeOf<Job<Option<number>>>()
    expectTypeOf(timeout(1, async () => Promise.resolve('x'))).toEqualTypeOf<Job<string>>()
    expectTypeOf(timeout(1, function* () { return yield* chan<number>().receive() })).toEqualTypeOf<Job<Option<number>>>() // prettier-ignore
  })
})
