/** The first failure of a group ends the group's context. It is a failure all the same: never lost, and never taken for an echo. */
import {
  all,
  any,
  background,
  chan,
  DeadlineExceededError,
  errgroup,
  go,
  gosched,
  hedge,
  mapConcurrent,
  onCrash,
  onLateFailure,
  once,
  pool,
  race,
  scope,
  sleep,
  timeout,
  waitGroup,
  withCancel,
  type Context,
  type Job,
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
  *race(error) {
    yield* race([fails(error)])
  },
  *scope(error) {
    yield* scope(background, (s) => s.go(fails(error)).join())
  },
  *'waitGroup.wait'(error) {
    const wg = waitGroup()
    wg.go(fails(error))
    yield* wg.wait()
  },
  *'once.do, again'(error) {
    const first = once()
    yield* first.do(fails(error)).attempt()
    yield* first.do(fails(error))
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

describe('a failure at the moment of a cancel', () => {
  /** Jobs of one member that fails, and what becomes of its failure where the job is given up. */
  const jobs: Record<string, (member: () => Generator<never, void>) => Job<unknown>> = {
    all: (member) => all([member]),
    any: (member) => any([member]).attempt(boomOf),
    race: (member) => race([member]),
    hedge: (member) => hedge(1, [member]).attempt(boomOf),
    scope: (member) => scope(background, (s) => s.go(member).join()),
    timeout: (member) => timeout(1000, member),
    mapConcurrent: (member) => mapConcurrent([1], 1, member),
  }
  /** `any` fails with all failures of its members. */
  const boomOf = (error: unknown): never => {
    throw error instanceof AggregateError ? error.errors[0] : error
  }
  const errorsOf = (error: unknown): unknown => (error instanceof AggregateError ? error.errors : [error])

  it.each(Object.keys(jobs))('of the performer of %s is late, or thrown', async (name) => {
    const error = boomAs(name)
    const seen: unknown[] = []
    const performer = go(function* () {
      yield* jobs[name](function* () {
        yield* gosched()
        performer.cancel()
        throw error
      })
    })
    performer.join().then(undefined, (cause) => void seen.push(cause))
    await settle()
    expect([...seen.filter((cause) => cause === error), ...late.flatMap(errorsOf)]).toEqual([error])
    expect(crashes).toEqual([])
  })

  it.each(Object.keys(jobs))('of a member that performs %s is no echo, although it is the cause of an end', async (name) => {
    const error = boomAs(name)
    const seen: unknown[] = []
    const inner = () =>
      jobs[name](function* () {
        yield* gosched()
        performer.cancel()
        throw error
      })
    const performer = go(() => all([inner]))
    performer.join().then(undefined, (cause) => void seen.push(cause))
    await settle()
    expect([...seen.filter((cause) => cause === error), ...late.flatMap(errorsOf)]).toEqual([error])
    expect(crashes).toEqual([])
  })
})

it('a member that joins another passes on one failure, which is reported once', async () => {
  const [first, second] = [boomAs('first'), boomAs('second')]
  const job = scope(background, function* (s) {
    const failing = s.go(fails(second))
    s.go(fails(first))
    yield* failing.join()
  })
  await expect(go(job).join()).rejects.toBe(second)
  await settle()
  expect([crashes, late]).toEqual([[], [first]])
})

describe('an echo that a wait passes on stays an echo', () => {
  it.each(Object.keys(waits))('%s', async (name) => {
    go(() => waits[name](new DeadlineExceededError()))
    await settle()
    expect([crashes, late]).toEqual([[], []])
  })
})

it('an error that many places throw is a failure, although it was the cause of an end before', async () => {
  withCancel(background).cancel(boom)
  for (const name of Object.keys(waits)) go(() => waits[name](boom))
  await settle()
  expect(crashes).toEqual(Object.keys(waits).map(() => boom))
})

it('the cause of an end that cut off a goroutine is an echo in the goroutine that joins it, and in a group', async () => {
  const ctx = withCancel(background)
  const stop = boomAs('the owner')
  const cutOff = () => chan<void>().receive().within(ctx)
  const joining = function* () {
    yield* go(cutOff).join()
  }
  const jobs: Job<unknown>[] = [all([joining]), race([joining]), all([() => race([cutOff], { ctx })]), mapConcurrent([1], 1, joining)]
  const performers = jobs.map((job) => go(job))
  for (const job of jobs) {
    const errors = errgroup(background)
    errors.go(() => job)
    void errors.wait()
  }
  await settle()
  ctx.cancel(stop)
  for (const performer of performers) performer.cancel()
  await settle()
  expect([crashes, late]).toEqual([[], []])
})
