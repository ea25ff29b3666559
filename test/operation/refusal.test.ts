/** A case that cannot come before the context ends does not keep the others from coming. */
import { background, chan, choose, rateLimiter, select, sleep, withTimeout, type Op } from 'millrace'
import { expect, it } from 'vitest'
import { performed, thrown, thrownError } from '../support/outcome.js'
import { virtualTime } from '../support/virtual-time.js'

it.each<[string, (op: Op<void>) => Op<unknown>]>([
  ['mapped', (op) => op.map(String)],
  ['attempted', (op) => op.attempt()],
  ['a case', (op) => choose(op)],
])('an operation that is refused is refused as well where it is %s', async (_, wrapped) => {
  using clock = virtualTime()
  const limiter = rateLimiter(1, 1)
  limiter.allow()
  using ctx = withTimeout(background, 100)
  const wait = performed(wrapped(limiter.wait()).within(ctx))
  await clock.advance(10)
  expect(wait.now).toEqual(thrownError('rate: Wait(n=1) would exceed context deadline'))
})

it('a select is refused only where every case is', async () => {
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
