/** The first failure of a group ends the group's context. It is a failure all the same: never lost, and never taken for an echo. */
import {
  all,
  background,
  chan,
  errgroup,
  go,
  gosched,
  mapConcurrent,
  onCrash,
  onLateFailure,
  pool,
  sleep,
  waitGroup,
  withCancel,
  type Context,
} from 'millrace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

const boom = new Error('boom')
const boomAs = (name: string): Error => new Error(`boom of ${name}`)

const crashes: unknown[] = []
const late: unknown[] = []
let takeBack: (() => void)[] = []
beforeEach(() => {
  crashes.length = late.length = 0
  takeBack = [onCrash((error) => void crashes.push(error)), onLateFailure((error) => void late.push(error))]
})
afterEach(() => {
  for (const off of takeBack) off()
})

/** Waits for work that fails with the error. */
const waits: Record<string, (error: Error) => Generator<never, unknown>> = {
  *'errgroup.wait'(error) {
    const group = errgroup(background)
    group.go(fails(error))
    yield* group.wait()
  },
  *'pool.wait'(error) {
    const tasks = pool({ size: 1, errors: 'first' })
    tasks.go(fails(error))
    yield* tasks.wait()
  },
  *'pool.drain'(error) {
    const tasks = pool({ size: 1, errors: 'first' })
    tasks.go(fails(error))
    yield* tasks.drain()
  },
  *mapConcurrent(error) {
    yield* mapConcurrent([1], 1, fails(error))
  },
  *'mapConcurrent within a context'(error) {
    yield* mapConcurrent([1], 1, fails(error)).within(withCancel(background))
  },
  *all(error) {
    yield* all([fails(error)])
  },
}
const fails = (error: Error) =>
  function* (): Generator<never, void> {
    yield* gosched()
    throw error
  }

describe.each(Object.keys(waits))('the failure thrown by %s', (name) => {
  it('is a crash of a goroutine that nobody joins', async () => {
    const error = boomAs(name)
    go(() => waits[name](error))
    await settle()
    expect([crashes, late]).toEqual([[error], []])
  })

  it('is a crash of an async function that nobody joins', async () => {
    const error = boomAs(`${name}, async`)
    go(async () => {
      await go(() => waits[name](error)).join()
    })
    await settle()
    expect([crashes, late]).toEqual([[error], []])
  })

  it('is the failure of a goroutine that is joined', async () => {
    const error = boomAs(name)
    await expect(go(() => waits[name](error)).join()).rejects.toBe(error)
    await settle()
    expect([crashes, late]).toEqual([[], []])
  })
})

it('is an echo in a goroutine that waits under the context of the group', async () => {
  const group = errgroup(background)
  const never = chan<void>()
  group.go(fails(boom))
  go(function* () {
    yield* never.receive().within(group.ctx)
  })
  await expect(group.wait()).rejects.toBe(boom)
  await settle()
  expect([crashes, late]).toEqual([[], []])
})

describe('a wait that is given up', () => {
  const groups: Record<string, (f: () => Generator<never, void>) => (ctx: Context) => PromiseLike<unknown>> = {
    waitGroup: (f) => {
      const wg = waitGroup()
      wg.go(f)
      return (ctx) => wg.wait().within(ctx)
    },
    errgroup: (f) => {
      const group = errgroup(background)
      group.go(f)
      return (ctx) => group.wait().within(ctx)
    },
    pool: (f) => {
      const tasks = pool({ size: 1 })
      tasks.go(f)
      return (ctx) => tasks.wait().within(ctx)
    },
  }
  const stop = new Error('stop')

  it.each(Object.keys(groups))('makes the failure of a %s a late failure, after it and before it', async (name) => {
    for (const hasEnded of [true, false]) {
      late.length = 0
      const error = boomAs(`${name} ${hasEnded}`)
      const ctx = withCancel(background)
      if (hasEnded) ctx.cancel(stop)
      const wait = groups[name](fails(error))(ctx)
      const ended = Promise.resolve(wait).catch((cause: unknown) => cause)
      ctx.cancel(stop)
      expect(await ended).toBe(stop)
      await settle()
      expect([crashes, late]).toEqual([[], [error]])
    }
  })

  it('counts where its goroutine was canceled before it parked', async () => {
    const error = boomAs('canceled')
    const waiter = go(function* () {
      const wg = waitGroup()
      wg.go(fails(error))
      waiter.cancel(stop)
      yield* wg.wait()
    })
    await settle()
    expect([crashes, late]).toEqual([[], [error]])
  })
})

it('a second cancel does not cut short the wait of a job for its child', async () => {
  const log: string[] = []
  const ctx = withCancel(background)
  const performer = go(function* () {
    try {
      yield* mapConcurrent([1], 1, function* () {
        try {
          yield* sleep(1e6)
        } finally {
          for (let i = 0; i < 5; i++) yield* gosched()
          log.push('unwound')
        }
      }).within(ctx)
    } finally {
      log.push('left')
    }
  })
  await settle()
  ctx.cancel(new Error('stop'))
  await Promise.resolve()
  performer.cancel()
  await settle()
  expect(log).toEqual(['unwound', 'left'])
})
