/** The job: lazy, owned by its performer, and the same rule for every function that returns one. */
import {
  all,
  any,
  background,
  chan,
  choose,
  DeadlineExceededError,
  go,
  hedge,
  mapConcurrent,
  never,
  numGoroutine,
  once,
  race,
  scope,
  select,
  singleflight,
  sleep,
  syncMap,
  uncancelable,
  withCancel,
  withRetry,
  type Body,
  type Context,
  type Job,
  type Op,
} from 'millrace'
import { from } from 'rxjs'
import { fromOp, workerPool } from 'millrace/operators'
import { describe, expect, it } from 'vitest'
import { done, performed, subscribed, thrown, waiting, ways } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

type Work = Body<[ctx: Context], unknown>

/** Every job whose work ends with its performer. */
const owned: readonly (readonly [string, (f: Work) => Job<unknown>])[] = [
  ['mapConcurrent', (f) => mapConcurrent([0], 1, (_, __, ctx) => f(ctx))],
  ['withRetry', (f) => withRetry(() => null, (ctx) => f(ctx))], // prettier-ignore
  ['singleflight.do', (f) => singleflight<string, unknown>().do('key', f)],
  ['loadOrCompute', (f) => syncMap<string, unknown>().loadOrCompute('key', (_, ctx) => f(ctx))],
  ['all', (f) => all([f])],
  ['all by name', (f) => all({ f })],
  ['race', (f) => race([f])],
  ['any', (f) => failingAlone(any([f]))],
  ['hedge', (f) => failingAlone(hedge(1, [f]))],
  ['scope', (f) => scope(background, (s) => f(s.ctx))],
  ['scope.go', (f) => scope(background, (s) => s.go(f).join())],
]

/** Throws the only error of an AggregateError in its place. */
function failingAlone(job: Job<unknown>): Job<unknown> {
  return job
    .attempt((error) => (error as AggregateError).errors[0] as unknown)
    .map((end) => {
      if (end._tag === 'Left') throw end.left
      return end.right
    })
}

const jobs = [...owned, ['once.do', (f: Work) => once().do(() => f(background))]] as typeof owned

/** Ways to give a job up, 10 ms after its start. */
const waysOut: readonly (readonly [string, (job: Job<unknown>) => { readonly now: { readonly is: string } }])[] = [
  ['a cancel of its goroutine', (job) => leaving(performed(job))],
  ['the end of a context', (job) => performed(job.within(endingAfter(10)))],
  ['a timeout', (job) => performed(job.timeout(10))],
  ['an unsubscribed observer', (job) => leaving(subscribed(job))],
  ['a timeout of a job that was mapped', (job) => performed(job.map(String).attempt().timeout(10))],
]

function leaving(outcome: ReturnType<typeof performed>): typeof outcome {
  void go(function* () {
    yield* sleep(10)
    outcome.leave()
  })
  return outcome
}

function endingAfter(ms: number): Context {
  const ctx = withCancel(background)
  void go(function* () {
    yield* sleep(ms)
    ctx.cancel()
  })
  return ctx
}

describe.each(jobs)('%s', (_, make) => {
  it('runs nothing before it is performed, whichever way', async () => {
    for (const [, perform] of ways) {
      let runs = 0
      const job = make(() => void runs++)
      await settle()
      expect(runs).toBe(0)
      const outcome = perform(job)
      await settle()
      expect([outcome.now.is, runs]).toEqual(['done', 1])
    }
  })

  it('is performed by go, which returns its handle', async () => {
    const gate = chan<void>()
    const handle = go(make(async () => void (await gate.receive())))
    const joined = performed(handle.join())
    await settle()
    expect(joined.now).toEqual(waiting)
    gate.close()
    await settle()
    expect(joined.now.is).toBe('done')
    expect(go.named('mine', make(() => 1)).name).toBe('mine') // prettier-ignore
  })

  it('is no case of a select or a choice', () => {
    const job = make(() => expect.unreachable()) as unknown as Op<unknown>
    const text = 'a job has effects before it is chosen, so it is no case; start it before the select, and use go(job).join()'
    expect(() => select({ job })).toThrow(`select: case "job": ${text}`)
    expect(() => select([never(), job])).toThrow(`select: case 1: ${text}`)
    expect(() => choose(job)).toThrow(`choose: operation 0: ${text}`)
    let error: unknown
    try {
      void select({ job })
    } catch (cause) {
      error = cause
    }
    expect(error).toBeInstanceOf(TypeError)
  })

  it.each([{ a: 1 }, [1, 2], null, undefined, 0, Symbol.iterator, new Map(), { next: () => expect.unreachable() }])(
    'results in the value of a function, whatever value that is (%#)',
    async (value) => {
      const outcome = performed(make(() => value as never))
      await settle()
      expect(outcome.now.is).toBe('done')
    },
  )

  it('throws what its function throws, to each way of performing', async () => {
    const boom = new Error('boom')
    for (const [, perform] of ways) {
      const outcome = perform(
        make(function* () {
          throw boom
        }),
      )
      await settle()
      expect(outcome.now).toEqual(thrown(boom))
    }
  })

  it('throws the cause of a context that has ended, and starts nothing', async () => {
    const ctx = withCancel(background)
    const cause = new Error('enough')
    ctx.cancel(cause)
    const outcome = performed(make(() => expect.unreachable()).within(ctx))
    await settle()
    expect(outcome.now).toEqual(thrown(cause))
  })

  it('runs in a body that returns it, in a worker and in fromOp', async () => {
    expect(await go(() => make(() => 1).map(() => 'ran')).join()).toBe('ran')
    const results: string[] = []
    from([1]).pipe(workerPool(1, () => make(() => 1).map(() => 'ran'))).subscribe((r) => results.push(r)) // prettier-ignore
    fromOp(() => make(() => 1).map(() => 'ran')).subscribe((r) => results.push(r)) // prettier-ignore
    await settle()
    expect(results).toEqual(['ran', 'ran'])
  })
})

describe.each(owned)('%s, given up', (_, make) => {
  it.each(waysOut)('by %s, unwinds its generator first, waits included', async (_, giveUp) => {
    using clock = virtualTime()
    const before = numGoroutine()
    const log: string[] = []
    const outcome = giveUp(
      make(function* () {
        try {
          yield* never()
        } finally {
          yield* sleep(5)
          log.push('unwound')
        }
      }),
    )
    await clock.advance(14)
    await settle()
    expect(log).toEqual([])
    if (outcome.now.is !== 'waiting') expect.unreachable('the performer went on before the generator was unwound')
    await clock.advance(1)
    await settle()
    expect(log).toEqual(['unwound'])
    expect(numGoroutine()).toBe(before)
  })

  it.each(waysOut)('by %s, ends the context of its async function, and does not wait for it', async (_, giveUp) => {
    using clock = virtualTime()
    const log: string[] = []
    const outcome = giveUp(
      make(async (ctx) => {
        ctx.signal.addEventListener('abort', () => log.push('aborted'))
        await sleep(20)
        log.push('ended')
      }),
    )
    await clock.advance(10)
    await settle()
    expect(log).toEqual(['aborted'])
    await clock.advance(10)
    await settle()
    expect(log).toEqual(['aborted', 'ended'])
    if (outcome.now.is === 'done') expect.unreachable('the job was given up')
  })
})

describe.each(owned)('%s, canceled while it unwinds', (_, make) => {
  it.each([
    ['a timeout', (job: Job<unknown>) => job.timeout(10)],
    ['the end of a context', (job: Job<unknown>) => job.within(endingAfter(10))],
  ])('after %s, goes on to its end before the performer does', async (_, limited) => {
    using clock = virtualTime()
    const before = numGoroutine()
    let underWay = 0
    const job = limited(
      make(function* () {
        underWay++
        try {
          yield* never()
        } finally {
          yield* uncancelable(sleep(20))
          underWay--
        }
      }),
    )
    let seen = -1
    const performer = go(function* () {
      try {
        yield* job
      } finally {
        seen = underWay
      }
    })
    await clock.advance(15)
    performer.cancel()
    await clock.advance(5)
    expect(seen).toBe(-1)
    await clock.advance(10)
    await settle()
    expect([seen, underWay, numGoroutine()]).toEqual([0, 0, before])
  })
})

describe('a job', () => {
  const count = () => withRetry(() => null, (_, attempt) => attempt) // prettier-ignore

  it('maps, and shows its throw as a value', async () => {
    const boom = new Error('boom')
    const failing = withRetry(() => null, () => Promise.reject(boom)) // prettier-ignore
    expect(await count().map((n) => n + 1)).toBe(2)
    expect(await count().attempt()).toEqual({ _tag: 'Right', right: 1 })
    expect(await failing.attempt()).toEqual({ _tag: 'Left', left: boom })
    expect(await failing.attempt(String)).toEqual({ _tag: 'Left', left: 'Error: boom' })
    expect(await Promise.all([count(), count().then((n) => n * 3)])).toEqual([1, 3])
  })

  it('throws DeadlineExceededError after its timeout, and leaves no timer', async () => {
    using clock = virtualTime()
    const outcome = performed(withRetry(() => null, () => never()).timeout(20)) // prettier-ignore
    await clock.advance(20)
    await settle()
    expect(outcome.now).toEqual(thrown(expect.any(DeadlineExceededError)))
    const quick = performed(count().timeout(1000))
    await settle()
    expect(quick.now).toEqual(done(1))
    expect(clock.waiting).toBe(0)
  })

  it('rejects invalid arguments', () => {
    expect(() => count().timeout(NaN)).toThrow('timeout(ms): expected a number of ms, got NaN')
    expect(() => count().timeout('5' as never)).toThrow('timeout(ms): expected a number of ms, got "5"')
    expect(() => count().within({} as Context)).toThrow('within(ctx): expected a Context')
    expect(() => count().map(1 as never)).toThrow('map(f): expected a function, got 1')
    expect(() => count().attempt(1 as never)).toThrow('attempt(onThrow): expected a function, got 1')
    expect(() => go({} as never)).toThrow('go(fn): expected a function, got an object')
  })
})
