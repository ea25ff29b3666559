import { left } from 'fp-ts/lib/Either.js'
import { none, some } from 'fp-ts/lib/Option.js'
import {
  background,
  chan,
  choose,
  contextKey,
  never,
  rateLimiter,
  select,
  sleep,
  withCancel,
  withTimeout,
  withValue,
  type Chan,
  type Context,
  type Op,
} from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, thrown, thrownError, waiting, ways } from '../support/outcome.js'
import { seeded } from '../support/seeded.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { nobody, waitersOf } from '../support/waiters.js'

function canceled(cause?: unknown) {
  const ctx = withCancel(background)
  ctx.cancel(cause)
  return ctx
}

function filled<T>(...values: readonly T[]): Chan<T> {
  const ch = chan<T>(values.length)
  for (const value of values) ch.trySend(value)
  return ch
}

describe.each(ways)('by %s', (_, perform) => {
  it('a context already done wins, and the operation is not touched', async () => {
    const ch = filled(1)
    const room = chan<number>(1)
    const results = [perform(ch.receive().within(canceled('over'))), perform(room.send(1).within(canceled('over')))]
    await settle()
    expect(results.map(({ now }) => now)).toEqual([thrown('over'), thrown('over')])
    expect([ch.size, room.size]).toEqual([1, 0])
  })

  it('throws the cause, and without a cause "context canceled"', async () => {
    const results = [perform(never().within(canceled())), perform(never().within(canceled(new Error('why'))))]
    await settle()
    expect(results.map(({ now }) => now)).toEqual([thrownError('context canceled'), thrownError('why')])
  })

  it('the end of the context ends the wait, and leaves no waiter in the queue', async () => {
    const ch = chan<number>()
    const ctx = withCancel(background)
    const waits = [perform(ch.receive().within(ctx)), perform(ch.receive().map(String).within(ctx))]
    await settle()
    expect(waitersOf(ch).receivers).toBe(2)
    ctx.cancel('over')
    await settle()
    expect(waits.map(({ now }) => now)).toEqual([thrown('over'), thrown('over')])
    expect(waitersOf(ch)).toEqual(nobody)
  })

  it('the operation works as without the context while the context lasts', async () => {
    const ch = chan<number>()
    const ctx = withCancel(background)
    const receive = perform(ch.receive().within(ctx))
    const always = perform(filled(2).receive().within(background))
    await settle()
    expect(ch.trySend(1)).toBe(true)
    await settle()
    expect([receive.now, always.now]).toEqual([done(some(1)), done(some(2))])
    ctx.cancel()
    await settle()
    expect(receive.now).toEqual(done(some(1)))
  })

  it('a deadline ends the wait at its time', async () => {
    using clock = virtualTime()
    const receive = perform(chan<number>().receive().within(withTimeout(background, 10)))
    await clock.advance(9)
    expect(receive.now).toEqual(waiting)
    await clock.advance(1)
    expect(receive.now).toEqual(thrownError('context deadline exceeded'))
  })

  it('a select within a context ends with it, and leaves every queue', async () => {
    using clock = virtualTime()
    const [a, b] = [chan<number>(), chan<number>()]
    const ctx = withCancel(background)
    const choice = perform(select({ a: a.receive(), b: b.send(1), time: sleep(10) }).within(ctx))
    await clock.advance(1)
    expect([waitersOf(a).receivers, waitersOf(b).senders, clock.waiting]).toEqual([1, 1, 1])
    ctx.cancel('over')
    expect([waitersOf(a), waitersOf(b), clock.waiting]).toEqual([nobody, nobody, 0])
    await settle()
    expect(choice.now).toEqual(thrown('over'))
  })

  it('a select throws when the context of a case ends', async () => {
    const [a, b] = [chan<number>(), chan<number>()]
    const ctx = withCancel(background)
    const choice = perform(select({ a: a.receive().within(ctx), b: b.receive() }))
    await settle()
    ctx.cancel('over')
    await settle()
    expect(choice.now).toEqual(thrown('over'))
    expect([waitersOf(a), waitersOf(b)]).toEqual([nobody, nobody])
  })

  it('attempt around within returns the end of the context as Left', async () => {
    const wait = perform(never().within(canceled('over')).attempt())
    await settle()
    expect(wait.now).toEqual(done(left('over')))
  })

  it('a context that carries values ends with the one it was derived from', async () => {
    const ctx = withCancel(background)
    const wait = perform(never().within(withValue(ctx, contextKey<number>('n'), 1)))
    await settle()
    ctx.cancel('over')
    await settle()
    expect(wait.now).toEqual(thrown('over'))
  })
})

it('making the operation reads nothing: the context counts when it is performed', async () => {
  const ctx = withCancel(background)
  const op = filled(1, 2).receive().within(ctx)
  expect(await op).toEqual(some(1))
  ctx.cancel('over')
  await expect(op).rejects.toBe('over')
})

/** The smallest context that a user can write. */
function own(): { ctx: Context; end: () => void; asked: string[] } {
  const asked: string[] = []
  const inner = withCancel(background)
  const ctx: Context = {
    done: () => (asked.push('done'), inner.done()),
    err: () => (asked.push('err'), inner.err()),
    cause: () => inner.cause(),
    deadline: () => none,
    value: () => none,
    signal: inner.signal,
  }
  return { ctx, end: () => inner.cancel('own end'), asked }
}

it("a user's context works, ended before or during the wait", async () => {
  const { ctx, end, asked } = own()
  const ch = chan<number>()
  const op = ch.receive().within(ctx)
  const wait = performed(op)
  await settle()
  expect(wait.now).toEqual(waiting)
  end()
  await settle()
  expect(wait.now).toEqual(thrown('own end'))
  expect(waitersOf(ch)).toEqual(nobody)
  const late = performed(op)
  await settle()
  expect(late.now).toEqual(thrown('own end'))
  expect(asked).toContain('err')
})

it.each([
  ['its err', { done: () => never() }],
  ['its done', { err: () => none }],
])("a user's context has ended as soon as %s says so", async (_, lagging) => {
  const { ctx, end } = own()
  const ch = filled(1)
  const op = ch.receive().within({ ...ctx, ...lagging })
  end()
  await expect(op).rejects.toBe('own end')
  expect(ch.size).toBe(1)
})

it('the end of a context of a user without a cause is "context canceled"', async () => {
  const { ctx, end } = own()
  const wait = performed(never().within({ ...ctx, cause: () => none }))
  await settle()
  end()
  await settle()
  expect(wait.now).toEqual(thrownError('context canceled'))
})

it("a user's context whose done() returns no operation is refused", () => {
  const ctx = { ...own().ctx, done: () => Promise.resolve() as unknown as Op<void> }
  expect(() => never().within(ctx)).toThrow(/^within\(ctx\): expected an operation, got an instance of Promise/)
})

it('within counts as one case of a select', async () => {
  using _ = seeded(3)
  const ctx = withCancel(background)
  const closed = chan<number>()
  closed.close()
  const ops = [closed.receive().within(ctx), closed.receive()]
  let first = 0
  for (let i = 0; i < 10_000; i++) if ((await select(ops)).case === 0) first++
  expect(Math.abs(first / 10_000 - 0.5)).toBeLessThan(0.0245)
})

it('when a context ends and an operation becomes ready in one turn, the first of them wins', async () => {
  for (const order of ['value first', 'end first']) {
    const ch = chan<number>()
    const ctx = withCancel(background)
    const wait = performed(choose(ch.receive().within(ctx), never()))
    await settle()
    if (order === 'end first') ctx.cancel('over')
    const isTaken = ch.trySend(1)
    if (order === 'value first') ctx.cancel('over')
    await settle()
    expect([isTaken, wait.now]).toEqual(order === 'value first' ? [true, done(some(1))] : [false, thrown('over')])
  }
})

it.each<[string, (op: Op<void>) => Op<unknown>]>([
  ['mapped', (op) => op.map(String)],
  ['attempted', (op) => op.attempt()],
  ['a case', (op) => choose(op)],
])('a wait beyond the deadline is refused at once also where it is %s', async (_, wrapped) => {
  using clock = virtualTime()
  const limiter = rateLimiter(1, 1)
  limiter.allow()
  using ctx = withTimeout(background, 100)
  const wait = performed(wrapped(limiter.wait()).within(ctx))
  await clock.advance(10)
  expect(wait.now).toEqual(thrownError('rate: Wait(n=1) would exceed context deadline'))
})

it('a select is refused at once only when every case is', async () => {
  using clock = virtualTime()
  const limiter = rateLimiter(1, 1)
  limiter.allow()
  const ch = chan<number>(1)
  using ctx = withTimeout(background, 100)
  const either = performed(select({ token: limiter.wait(), job: ch.receive() }).within(ctx))
  const none = performed(select({ token: limiter.wait() }).within(ctx))
  await clock.advance(10)
  expect(none.now).toEqual(thrown(new Error('rate: Wait(n=1) would exceed context deadline')))
  ch.trySend(7)
  await clock.advance(10)
  expect(either.now).toMatchObject({ value: { case: 'job' } })
  const late = performed(select({ token: limiter.wait(), late: sleep(1000) }).within(ctx))
  await clock.advance(100)
  expect(late.now).toEqual(thrown(ctx.cause()._tag === 'Some' ? (ctx.cause() as { value: unknown }).value : null))
})
