/**
 * Every job that runs functions of the user, under one table of hostile functions: clean-ups that wait or fail, errors that cannot be
 * read, async functions that ignore their context. A clean-up runs whole, a failure is seen once, and nothing is left behind.
 */
import { all, any, backoff, background, go, hedge, mapConcurrent, never, numGoroutine, onCrash, onLateFailure, pool, race, scope, singleflight, sleep, syncMap, timeout, withCancel, withRetry, type Job } from 'millrace' // prettier-ignore
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { performed } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

let crashes: unknown[] = []
let late: unknown[] = []
let takeBack: (() => void)[] = []
beforeEach(() => {
  ;[crashes, late] = [[], []]
  takeBack = [onCrash((error) => crashes.push(error)), onLateFailure((error) => late.push(error))]
})
afterEach(() => {
  takeBack.forEach((off) => off())
  expect(numGoroutine()).toBe(0)
})

type Run = () => unknown
const other = () => never()

const structures: Record<string, (f: Run) => Job<unknown>> = {
  scope: (f) =>
    scope(background, function* (s) {
      s.go(() => f())
      yield* never()
    }),
  'scope, the body': (f) => scope(background, () => f()),
  all: (f) => all([() => f(), other]),
  any: (f) => any([() => f(), other]),
  race: (f) => race([() => f(), other]),
  hedge: (f) => hedge(0, [() => f(), other]),
  withRetry: (f) => withRetry(backoff({ attempts: 1 }), () => f()),
  timeout: (f) => timeout(1000, () => f()),
  mapConcurrent: (f) => mapConcurrent([1], 1, () => f()),
  'singleflight.do': (f) => singleflight<string, unknown>().do('key', () => f()),
  loadOrCompute: (f) => syncMap<string, unknown>().loadOrCompute('key', () => f()),
  'pool.drain': (f) => {
    const tasks = pool<unknown>({ size: 1 })
    tasks.go(() => f())
    return tasks.drain()
  },
  within: (f) => scope(background, () => f()).within(withCancel(background)),
  'one in the other': (f) => all([scope(background, () => race([timeout(500, () => f()), other]))]),
}
/** One failure of several decides nothing there. */
const waitsForAll = new Set(['any', 'hedge'])
const cases = Object.entries(structures)

describe.each(cases)('%s', (name, structure) => {
  const ends: Record<string, (job: Job<unknown>) => (() => void)[]> = {
    'a cancel': (job) => {
      const goroutine = go(job)
      return [() => goroutine.cancel()]
    },
    'a cancel during the clean-up': (job) => {
      const goroutine = go(job)
      return [() => goroutine.cancel(), () => goroutine.cancel()]
    },
    'a timeout, then the end of a context and a cancel': (job) => {
      const ctx = withCancel(background)
      const goroutine = go(job.timeout(2).within(ctx))
      return [() => {}, () => ctx.cancel(), () => goroutine.cancel()]
    },
  }

  it.each(Object.entries(ends))('a clean-up runs whole, and is waited for: %s', async (_, begin) => {
    using clock = virtualTime()
    const log: string[] = []
    function* cleaning() {
      try {
        yield* never()
      } finally {
        for (const step of ['roll back', 'release']) {
          yield* sleep(10)
          log.push(step)
        }
      }
    }
    const steps = begin(structure(cleaning))
    await settle()
    for (const step of steps) {
      step()
      await clock.advance(3)
    }
    await clock.advance(100)
    expect(log).toEqual(['roll back', 'release'])
    expect([crashes, late]).toEqual([[], []])
  })

  it('the failure of a clean-up is seen: by the joiner, or late', async () => {
    const boom = new Error('cannot release')
    function* cleaning() {
      try {
        yield* never()
      } finally {
        yield* sleep(0)
        throw boom // eslint-disable-line no-unsafe-finally -- the fault of the clean-up
      }
    }
    const goroutine = go(structure(cleaning))
    const join = performed(goroutine.join())
    await settle()
    goroutine.cancel()
    await settle()
    const seen = join.now.is === 'thrown' ? [join.now.cause, ...late] : late
    expect(seen.filter((error) => error === boom || (error as AggregateError).errors?.includes(boom))).toHaveLength(1)
    expect(crashes).toEqual([])
  })

  const kinds: Record<string, () => unknown> = {
    undefined: () => undefined,
    null: () => null,
    NaN: () => NaN,
    'an empty text': () => '',
    'a symbol': () => Symbol('failure'),
    'a frozen error': () => Object.freeze(new Error('frozen')),
    'a revoked proxy': () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return proxy
    },
    'an error whose properties throw': () =>
      new Proxy(new Error(), {
        get() {
          throw new Error('getter')
        },
      }),
  }
  const ways: Record<string, (error: unknown) => Run> = {
    'a generator': (error) =>
      function* () {
        yield* sleep(0)
        throw error
      },
    'an async function': (error) => async () => {
      await Promise.resolve()
      throw error
    },
    'a plain function': (error) => () => {
      throw error
    },
  }
  const failures = Object.keys(kinds).flatMap((kind) => Object.keys(ways).map((way) => [kind, way] as const))

  it.runIf(!waitsForAll.has(name)).each(failures)('throws %s of %s as it is; unjoined, it is a crash', async (kind, way) => {
    const error = kinds[kind]()
    const join = performed(structure(ways[way](error)))
    await settle()
    expect(join.now.is === 'thrown' && Object.is(join.now.cause, error)).toBe(true)
    expect([crashes, late]).toEqual([[], []])
    const again = kinds[kind]() // an error that has ended a group is the echo of that end
    go(structure(ways[way](again)))
    await settle()
    expect(crashes.length === 1 && Object.is(crashes[0], again)).toBe(true)
    expect(late).toEqual([])
  })

  it('an async function that ignores its context holds nothing up, and its failure is late', async () => {
    using clock = virtualTime()
    const boom = new Error('late')
    const join = performed(
      structure(async () => {
        await sleep(50)
        throw boom
      }).timeout(5),
    )
    await clock.advance(6)
    expect(join.now).toMatchObject({ is: 'thrown', cause: { name: 'DeadlineExceededError' } })
    await clock.advance(100)
    expect([crashes, late]).toEqual([[], [boom]])
  })
})
