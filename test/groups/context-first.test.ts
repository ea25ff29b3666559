// A context may stand first: the forms of Go, for the calls that take members.
import { all, any, background, hedge, race, sleep, withCancel, type Context, type Job } from 'millrace'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { done, performed, thrown } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { wrapped } from '../context/user-contexts.js'

type Call = (ctx: Context, ...members: readonly ((ctx: Context) => unknown)[]) => Job<unknown>
const calls: Record<string, Call> = {
  'all(ctx, [])': (ctx, ...members) => all(ctx, members),
  'all(ctx, {})': (ctx, ...members) => all(ctx, { ...members }),
  'any(ctx, [])': (ctx, ...members) => any(ctx, members),
  'race(ctx, [])': (ctx, ...members) => race(ctx, members),
  'hedge(ctx, afterMs, [])': (ctx, ...members) => hedge(ctx, 10, members),
}

describe.each(Object.entries(calls))('%s', (_, call) => {
  it('performs its members, which receive a context under it', async () => {
    const ctx = withCancel(background)
    const seen: Context[] = []
    const outcome = performed(call(ctx, (own) => void seen.push(own)))
    await settle()
    expect(outcome.now.is).toBe('done')
    expect(seen).toHaveLength(1)
    expect(seen[0]).not.toBe(ctx)
  })

  it('throws the cause once the context ends, and unwinds the members first', async () => {
    using _time = virtualTime()
    const ctx = withCancel(background)
    const log: string[] = []
    const outcome = performed(
      call(ctx, function* () {
        try {
          yield* sleep(100)
        } finally {
          log.push('unwound')
        }
      }),
    )
    await settle()
    ctx.cancel('over')
    await settle()
    expect([outcome.now, log]).toEqual([thrown('over'), ['unwound']])
  })

  it('starts nothing under a context that has ended', async () => {
    const ctx = withCancel(background)
    ctx.cancel('over')
    const outcome = performed(call(ctx, () => expect.unreachable()))
    await settle()
    expect(outcome.now).toEqual(thrown('over'))
  })
})

it('takes a context of the user', async () => {
  const outcome = performed(all(wrapped(background), [() => 1]))
  await settle()
  expect(outcome.now).toEqual(done([1]))
})

it('keeps the types of the results', () => {
  expectTypeOf(all(background, { user: () => 'ada', orders: sleep(1).map(() => [1]) })).toEqualTypeOf<
    Job<{ user: string; orders: number[] }>
  >()
  expectTypeOf(all(background, [() => 1, async () => Promise.resolve('x')])).toEqualTypeOf<Job<[number, string]>>()
  expectTypeOf(race(background, [() => 1, () => 'x'])).toEqualTypeOf<Job<number | string>>()
  expectTypeOf(any(background, [() => 1, () => 'x'])).toEqualTypeOf<Job<number | string>>()
  expectTypeOf(hedge(background, 5, [() => 1, () => 'x'])).toEqualTypeOf<Job<number | string>>()
})
