// The error of an end says which time was over and which waits it has cut off; its message and its identity stay Go's.
import { inspect } from 'node:util'
import {
  all,
  background,
  CanceledError,
  chan,
  errgroup,
  go,
  mutex,
  never,
  pool,
  select,
  semaphore,
  sleep,
  withCancel,
  withDeadline,
  withTimeout,
  type Op,
} from 'millrace'
import { describe, expect, it } from 'vitest'
import { performed, ways } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const locked = mutex()
locked.tryLock()
const full = semaphore(1)
full.tryAcquire(1)

const waits: readonly (readonly [string, () => Op<unknown>])[] = [
  ['chan receive', () => chan().receive()],
  ['chan send', () => chan<number>().send(1)],
  ['sync.Mutex.Lock', () => locked.lock()],
  ['semaphore.Acquire', () => full.acquire(1)],
  ['select', () => select([never(), never()])],
  ['sleep', () => sleep(1000)],
]

describe.each(waits)('a wait: %s', (name, wait) => {
  it('is named by the error of the deadline that has cut it off, with the deadline', async () => {
    using clock = virtualTime()
    const ctx = withTimeout(background, 50)
    go.named('worker', function* () {
      yield* wait().within(ctx).attempt()
    })
    await clock.advance(50)
    expect(ctx.err()).toMatchObject({
      value: { message: 'context deadline exceeded', limit: 'withTimeout(50 ms)', waits: [`${name} in worker`] },
    })
    expect(inspect(ctx.cause())).toMatch(/DeadlineExceededError: context deadline exceeded\]? \{[^}]*withTimeout\(50 ms\)[^}]*in worker/)
  })

  it('is named by the error of its timeout', async () => {
    using clock = virtualTime()
    const outcome = performed(wait().timeout(50))
    await clock.advance(50)
    expect(outcome.now).toMatchObject({ cause: { waits: [`${name} in anonymous`] } })
  })
})

describe.each(ways)('by %s', (_, perform) => {
  it('the error is the one of the context, and names the wait', async () => {
    const ctx = withCancel(background)
    const outcome = perform(chan().receive().within(ctx))
    await settle()
    ctx.cancel()
    await settle()
    const error = (ctx.err() as { value: CanceledError }).value
    expect(outcome.now).toEqual({ is: 'thrown', cause: error })
    expect((outcome.now as { cause: unknown }).cause).toBe(error)
    expect(error.waits).toEqual([expect.stringMatching(/^chan receive/)])
    expect(error.message).toBe('context canceled')
  })
})

it('names each kind of wait once, and five at most', async () => {
  const ctx = withCancel(background)
  const names = ['a', 'a', 'b', 'c', 'd', 'e', 'f']
  for (const name of names)
    go.named(name, function* () {
      yield* chan().receive().within(ctx).attempt()
    })
  await settle()
  ctx.cancel()
  await settle()
  expect(ctx.err()).toMatchObject({ value: { waits: ['a', 'b', 'c', 'd', 'e'].map((name) => `chan receive in ${name}`) } })
})

it('a wait that begins after the end is named only where no wait was cut off', async () => {
  const [idle, busy] = [withCancel(background), withCancel(background)]
  performed(chan().receive().within(busy))
  await settle()
  for (const ctx of [idle, busy]) {
    ctx.cancel()
    await settle()
    performed(chan<number>().send(1).within(ctx))
    performed(sleep(1).within(ctx))
    await settle()
  }
  const waitsOf = (ctx: typeof idle) => (ctx.err() as { value: CanceledError }).value.waits
  expect([waitsOf(idle), waitsOf(busy)]).toEqual([['chan send in anonymous'], ['chan receive in anonymous']])
})

it('a deadline shows its time, and the nearest one that came counts', async () => {
  using clock = virtualTime()
  const outer = withTimeout(background, 10)
  const inner = withTimeout(outer, 100)
  await clock.advance(10)
  expect(inner.err()).toMatchObject({ value: { limit: 'withTimeout(10 ms)' } })
})

it('a deadline that was given as a time shows that time', () => {
  const ctx = withDeadline(background, Date.UTC(2001, 0, 1))
  expect(ctx.err()).toMatchObject({ value: { limit: 'withDeadline(2001-01-01T00:00:00.000Z)' } })
})

it('a cause of the user is thrown as it is', async () => {
  const cause = Object.freeze(new Error('the client has left'))
  const ctx = withCancel(background)
  const outcome = performed(never().within(ctx))
  await settle()
  ctx.cancel(cause)
  await settle()
  expect((outcome.now as { cause: unknown }).cause).toBe(cause)
  expect(Reflect.ownKeys(cause)).not.toContain('waits')
})

it('a job is named, and so is the wait of a group that was cut short', async () => {
  using clock = virtualTime()
  const forever = () => never()
  const [ofJob, ofGroup, ofPool] = [10, 20, 30].map((ms) => withTimeout(background, ms))
  performed(all([forever]).within(ofJob))
  const timed = performed(all([forever]).timeout(10))
  const group = errgroup(ofGroup)
  group.go(forever)
  performed(group.wait())
  const functions = pool({ size: 1, ctx: ofPool })
  functions.go(forever)
  performed(functions.wait())
  await clock.advance(30)
  expect([ofJob, ofGroup, ofPool].map((ctx) => ctx.err())).toMatchObject(
    ['all', 'errgroup.Wait', 'pool.Wait'].map((name) => ({ value: { waits: [`${name} in anonymous`] } })),
  )
  expect(timed.now).toMatchObject({ cause: { message: 'deadline exceeded: all took more than 10 ms', waits: ['all in anonymous'] } })
})
