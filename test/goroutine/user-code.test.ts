/**
 * Every place of the runtime and the toolkit that calls a function of the user, with functions that return junk, throw, or call the same
 * place again: one clear error or a result, at the place where it belongs; nothing hangs, and nothing is left behind.
 */
import { afterFunc, all, any, backoff, background, chan, choose, cond, errgroup, fromPromise, go, hedge, mapConcurrent, mutex, numGoroutine, once, onceFunc, onceValue, onCrash, onLateFailure, pool, race, scope, select, singleflight, sleep, sometimes, syncMap, syncPool, timeout, uncancelable, waitGroup, withCancel, withRetry, workers, type Job, type Op } from 'millrace' // prettier-ignore
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { done, performed, thrown } from '../support/outcome.js'
import { virtualTime, type VirtualTime } from '../support/virtual-time.js'

let crashes: unknown[] = []
let late: unknown[] = []
let unhandled: unknown[] = []
let takeBack: (() => void)[] = []
const onUnhandled = (error: unknown) => void unhandled.push(error)
beforeEach(() => {
  ;[crashes, late, unhandled] = [[], [], []]
  takeBack = [onCrash((error) => crashes.push(error)), onLateFailure((error) => late.push(error))]
  process.on('unhandledRejection', onUnhandled)
})
afterEach(() => {
  takeBack.forEach((off) => off())
  process.off('unhandledRejection', onUnhandled)
})

type Bad = () => never
const junk = (value: unknown) => value as never
const boom = new Error('boom')
const fault = new Error('getter')
const raise = (cause: unknown): never => {
  throw cause
}
const throwing = (...names: (string | symbol)[]) =>
  Object.defineProperties({}, Object.fromEntries(names.map((name) => [name, { get: () => raise(fault), enumerable: true }])))
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const over = () => ({ done: true })

const returns: Record<string, () => unknown> = {
  undefined: () => undefined,
  NaN: () => NaN,
  'a revoked proxy': revoked,
  'a getter `then` that throws': () => throwing('then'),
  'a getter `Symbol.iterator` that throws': () => throwing(Symbol.iterator, Symbol.asyncIterator),
  'a getter `next` that throws': () => throwing('next'),
  'getters `value` and `done` that throw': () => ({
    next: () => throwing('value', 'done'),
    return: () => throwing('value', 'done'),
    throw: raise,
  }),
  'a `then` that throws': () => ({ then: () => raise(fault) }),
  'a generator without results': () => ({ next: () => undefined, return: over, throw: raise }),
  'a generator whose results cannot be read': () => ({ next: revoked, return: over, throw: raise }),
  'a generator whose result has a `then` that throws': () => ({ next: () => throwing('then'), return: over, throw: raise }),
  'a symbol': () => Symbol('junk'),
}

/** Calls the place with the function; the result is performed. A value that is no wait is the result. */
type Place = (f: Bad) => unknown
const ready = () => {
  const ch = chan<number>(1)
  ch.trySend(1)
  return ch
}
const soon = () => sleep(1)

const operations: Record<string, Place> = {
  'map, ready': (f) => ready().receive().map(f),
  'map, parked': (f) => soon().map(f),
  'map in a select': (f) => select({ a: soon().map(f), b: chan().receive() }),
  'map in a choice in a select': (f) => select([choose(chan().receive(), soon().map(f))]),
  'attempt(onThrow)': (f) =>
    soon()
      .map(() => raise('first'))
      .attempt(f),
  'attempt(onThrow), ready': (f) =>
    ready()
      .receive()
      .map(() => raise('first'))
      .attempt(f),
  'map of a job': (f) =>
    once()
      .do(() => 1)
      .map(f),
  'attempt(onThrow) of a job': (f) =>
    once()
      .do(() => raise('first'))
      .attempt(f),
  'fromPromise, then': (f) => fromPromise({ then: f }).timeout(100),
  'cond(locker), unlock': (f) =>
    cond({ lock: () => sleep(0), unlock: f })
      .wait()
      .timeout(100),
  'cond(locker), lock': (f) => {
    const condition = cond({ lock: f, unlock: () => undefined })
    go(() => condition.signal())
    return condition.wait().timeout(100)
  },
  'uncancelable': (f) => go(function* () { return [yield* uncancelable({ [Symbol.iterator]: f } as never)] }).join(), // prettier-ignore
}

const bodies: Record<string, Place> = {
  go: (f) => go(f).join(),
  'go, the routine of a job': (f) => go(timeout(1000, f)).join(),
  'waitGroup.go': (f) => {
    const group = waitGroup()
    group.go(f)
    return group.wait()
  },
  'errgroup.go': (f) => {
    const group = errgroup(background)
    group.go(f)
    return group.wait()
  },
  'errgroup.go, queued': (f) => {
    const group = errgroup()
    group.setLimit(1)
    group.go(soon)
    group.go(f)
    group.go(soon)
    return group.wait()
  },
  'pool.go': (f) => {
    const tasks = pool<unknown>({ size: 1 })
    tasks.go(soon)
    tasks.go(f)
    tasks.go(soon)
    return tasks.wait()
  },
  'pool.go, drain': (f) => {
    const tasks = pool<unknown>({ size: 2, errors: 'first' })
    tasks.go(f)
    tasks.go(soon)
    return tasks.drain()
  },
  'once.do': (f) => once().do(f),
  onceFunc: (f) => onceFunc(f)(),
  onceValue: (f) => onceValue(f)(),
  'singleflight.do': (f) => singleflight<string, unknown>().do('key', f),
  'syncMap.loadOrCompute': (f) => syncMap<string, unknown>().loadOrCompute('key', f),
  timeout: (f) => timeout(1000, f),
  all: (f) => all([f, soon]),
  'all, a record': (f) => all({ f, soon }),
  any: (f) => any([f]),
  race: (f) => race([f, () => chan().receive()]),
  hedge: (f) => hedge(10, [f]),
  'scope, the body': (f) => scope(background, f),
  'scope.go': (f) => scope(background, (s) => s.go(f).join()),
  'withRetry, the function': (f) => withRetry(() => null, f).timeout(1000),
  'mapConcurrent, the function': (f) => mapConcurrent([1], 1, f),
  workers: (f) => {
    const [jobs, out] = [ready(), chan<unknown>(1)]
    jobs.close()
    return workers(1, jobs, f).receive().map((value) => [value, out]) // prettier-ignore
  },
}

/** Functions whose result is checked or ignored, and not performed. */
const others: Record<string, Place> = {
  'withRetry, the schedule': (f) => withRetry(f, () => raise('first')),
  'backoff({ retryIf })': (f) => withRetry(backoff({ first: 1, attempts: 3, retryIf: f }), () => raise('first')).attempt(),
  'mapConcurrent, the items': (f) => mapConcurrent({ [Symbol.iterator]: f } as never, 1, (n) => n),
  'mapConcurrent, next of the items': (f) => mapConcurrent({ [Symbol.iterator]: () => ({ next: f }) } as never, 1, () => raise('first')),
  'mapConcurrent, async items': (f) => mapConcurrent({ [Symbol.asyncIterator]: f } as never, 1, (n) => n),
  'mapConcurrent, next of async items': (f) =>
    mapConcurrent({ [Symbol.asyncIterator]: () => ({ next: f }) } as never, 1, () => raise('first')),
  'syncPool(make)': (f) => [syncPool<unknown>(f).get()],
  'sometimes.do': (f) => [sometimes().do(f)],
  'syncMap.range': (f) => {
    const map = syncMap<string, number>()
    map.store('key', 1)
    return [map.range(f)]
  },
}

interface End {
  readonly is: 'waiting' | 'done' | 'thrown'
  readonly cause?: unknown
}

/** Calls the place, performs the result, and lets the time pass. */
async function end(place: () => unknown, clock: VirtualTime): Promise<End> {
  let outcome: { now: End }
  try {
    const made = place()
    outcome = Array.isArray(made) ? { now: { is: 'done' } } : performed(made as Op<unknown> | Job<unknown>)
  } catch (cause) {
    outcome = { now: thrown(cause) }
  }
  await clock.advance(1e6)
  return outcome.now
}

const places = { ...operations, ...bodies, ...others }

describe.each(Object.entries(places))('%s', (name, place) => {
  const check = async (f: Bad): Promise<End> => {
    using clock = virtualTime()
    const before = numGoroutine()
    const now = await end(() => place(f), clock)
    expect({ crashes, late, unhandled, left: numGoroutine() - before, timers: clock.waiting }).toEqual({ crashes: [], late: [], unhandled: [], left: 0, timers: 0 }) // prettier-ignore
    return now
  }

  it.each(Object.entries(returns))('returns %s: a result or one clear error', async (_, make) => {
    const now = await check(() => junk(make()))
    expect(now.is).not.toBe('waiting')
    if (now.is !== 'thrown' || now.cause === 'first' || name === 'uncancelable') return // the language reads the iterator of `yield*`
    const cause = now.cause instanceof AggregateError ? (now.cause.errors[0] as unknown) : now.cause
    expect(cause).toBeInstanceOf(Error)
    expect((cause as Error).message).not.toBe('')
    expect((cause as Error).message).not.toMatch(/Cannot read prop|is not a function|is not iterable|undefined is not a f/)
  })

  it.each([
    ['an error', boom],
    ['undefined', undefined],
  ])('throws %s: the place throws it', async (_, cause) => {
    const now = await check(() => raise(cause))
    if (name === 'workers' && cause === undefined) return expect(now).toMatchObject({ cause: { message: 'undefined was thrown' } }) // a channel is closed with an error
    if (name === 'backoff({ retryIf })') return expect(now).toMatchObject({ is: 'done', value: { _tag: 'Left', left: cause } })
    if (now.cause instanceof AggregateError) return expect(now.cause.errors).toEqual([cause])
    expect(now).toEqual(thrown(cause))
  })

  it('calls the same place again: both end', async () => {
    const inner: { now: End }[] = []
    const now = await check(() => {
      if (inner.length > 0) return junk(undefined)
      inner.push({ now: { is: 'done' } })
      const made = place(() => junk(undefined))
      if (!Array.isArray(made)) inner.push(performed(made as Op<unknown>))
      return junk(undefined)
    })
    expect([now, ...inner.map((one) => one.now)].map(({ is }) => is)).not.toContain('waiting')
  })

  it('rejects with undefined: a result or undefined is thrown', async () => {
    if (!(name in bodies)) return
    const now = await check(() => junk(Promise.reject(undefined)))
    expect(now.is).toBe('thrown')
  })
})

/** A function that calls the object that calls it; the results in order. */
const again: Record<string, () => Op<unknown> | Job<unknown> | unknown[]> = {
  'once.do within its function: a wait for itself, as in Go': () => {
    const first = once()
    return first
      .do(() => first.do(() => 1).timeout(10))
      .attempt()
      .map(tagOf)
  },
  'onceValue within its function': () => {
    const value: () => Job<unknown> = onceValue(() => value().timeout(10).attempt().map(tagOf))
    return value()
  },
  'singleflight.do of the same key': () => {
    const flights = singleflight<string, unknown>()
    return flights
      .do('key', () => flights.do('key', () => 1).timeout(10))
      .attempt()
      .map(tagOf)
  },
  'singleflight.do of another key': () => {
    const flights = singleflight<string, unknown>()
    return flights.do('a', () => flights.do('b', () => 1).map(({ value }) => value)).map(({ value }) => value)
  },
  'singleflight.do after forget': () => {
    const flights = singleflight<string, unknown>()
    const inner = () => {
      flights.forget('key')
      return flights.do('key', () => 1).map(({ value }) => value)
    }
    return flights.do('key', inner).map(({ value }) => value)
  },
  'loadOrCompute of the same key': () => {
    const map = syncMap<string, unknown>()
    return map
      .loadOrCompute('key', () => map.loadOrCompute('key', () => 1).timeout(10))
      .attempt()
      .map(tagOf)
  },
  'loadOrCompute that stores its key: the stored value wins': () => {
    const map = syncMap<string, unknown>()
    return map.loadOrCompute('key', () => {
      map.store('key', 'stored')
      return 'computed'
    })
  },
  'syncMap.range that deletes, stores and ranges': () => {
    const map = syncMap<number, number>()
    for (const i of [1, 2, 3]) map.store(i, i)
    const seen: number[] = []
    map.range((key) => {
      seen.push(key)
      map.delete(2)
      map.store(4, 4)
      if (key === 1) map.range((inner) => seen.push(inner * 10))
    })
    return seen
  },
  'errgroup.go, tryGo and wait within a function': () => {
    const [group, order] = [errgroup(background), [] as unknown[]]
    group.go(function* () {
      group.go(() => order.push('inner'))
      order.push(group.tryGo(() => order.push('tried')))
      order.push((yield* group.wait().timeout(10).attempt())._tag)
    })
    return group.wait().map(() => order)
  },
  'errgroup, cancel by a failure within a function that then starts another': () => {
    const [group, order] = [errgroup(background), [] as unknown[]]
    group.go(() => {
      group.go(() => raise(boom))
      group.go(() => order.push('started before'))
    })
    return group.wait().attempt().map(tagOf).map((tag) => [tag, ...order]) // prettier-ignore
  },
  'pool.go within a function of a pool of one': () => {
    const tasks = pool<unknown>({ size: 1 })
    tasks.go(() => {
      tasks.go(() => 'inner')
      tasks.resize(2)
      tasks.pause()
      tasks.resume()
      return 'outer'
    })
    return tasks.wait()
  },
  'waitGroup.go within a function': () => {
    const [group, order] = [waitGroup(), [] as unknown[]]
    group.go(() => group.go(() => order.push('inner')))
    return group.wait().map(() => order)
  },
  'scope.go within a function of the scope': () =>
    scope(background, (s) => s.go(() => s.go(() => s.go(() => 'inner').join()).join()).join()),
  'a job that performs itself': () => {
    let depth = 0
    const job: Job<unknown> = timeout(100, () => (depth++ < 3 ? job : depth))
    return job
  },
  'syncPool.get and put within make': () => {
    let depth = 0
    const items: { get(): number; put(n: number): void } = syncPool((): number => {
      if (depth++ > 0) return 1
      items.put(items.get() + 1)
      return items.get() + 1
    })
    return [items.get(), items.get()]
  },
  'sometimes.do within do': () => {
    const [gate, order] = [sometimes({ first: 2 }), [] as unknown[]]
    gate.do(() => {
      gate.do(() => order.push('inner'))
      gate.do(() => order.push('third'))
      order.push('outer')
    })
    return order
  },
  'a mapped receive that sends to its channel': () => {
    const ch = chan<number>(1)
    ch.trySend(1)
    const one = ch.receive().map((value) => [value._tag, ch.trySend(2), ch.tryReceive()._tag])
    return select([one])
  },
  'afterFunc within its function, on the same context': () => {
    const [ctx, order] = [withCancel(background), [] as unknown[]]
    afterFunc(ctx, () => {
      ctx.cancel()
      afterFunc(ctx, () => order.push('inner'))
      order.push('outer')
    })
    ctx.cancel()
    return soon().map(() => order)
  },
  'a locker whose unlock signals': () => {
    const mu = mutex()
    const condition = cond({ lock: () => mu.lock(), unlock: () => (mu.unlock(), condition.signal()) })
    mu.tryLock()
    return condition.wait().map(() => mu.tryLock())
  },
  'a schedule that performs a retry': () => {
    const seen: unknown[] = [] // race-ok: no other goroutine adds to it after its first wait
    const schedule = ({ attempts }: { attempts: number }) => {
      if (attempts === 1) performed(withRetry(() => null, () => raise('inner')).attempt(String).map((e) => seen.push(e))) // prettier-ignore
      return attempts < 3 ? 1 : null
    }
    return withRetry(schedule, () => raise('outer')).attempt().map((e) => [e, ...seen]) // prettier-ignore
  },
  'a thenable that calls back twice, both ways': () =>
    fromPromise({
      then: (f: (n: number) => void, r: (e: unknown) => void) => {
        f(1)
        r(boom)
        f(2)
        raise(boom)
      },
    } as never),
}

const results: Record<string, unknown> = {
  'once.do within its function: a wait for itself, as in Go': 'Left',
  'onceValue within its function': 'Left',
  'singleflight.do of the same key': 'Left',
  'singleflight.do of another key': 1,
  'singleflight.do after forget': 1,
  'loadOrCompute of the same key': 'Left',
  'loadOrCompute that stores its key: the stored value wins': 'stored',
  'syncMap.range that deletes, stores and ranges': [1, 10, 30, 40, 3],
  'errgroup.go, tryGo and wait within a function': [true, 'inner', 'tried', 'Left'],
  'errgroup, cancel by a failure within a function that then starts another': ['Left', 'started before'],
  'pool.go within a function of a pool of one': ['outer', 'inner'],
  'waitGroup.go within a function': ['inner'],
  'scope.go within a function of the scope': 'inner',
  'a job that performs itself': 4,
  'syncPool.get and put within make': [3, 1],
  'sometimes.do within do': ['inner', 'outer'],
  'a mapped receive that sends to its channel': { case: 0, value: ['Some', true, 'Right'] },
  'afterFunc within its function, on the same context': ['outer', 'inner'],
  'a locker whose unlock signals': false,
  'a schedule that performs a retry': [
    { _tag: 'Left', left: 'outer' },
    { _tag: 'Left', left: 'inner' },
  ],
  'a thenable that calls back twice, both ways': 1,
}

function tagOf(outcome: { readonly _tag: string }): string {
  return outcome._tag
}

it.each(Object.entries(again))('%s', async (name, place) => {
  using clock = virtualTime()
  const before = numGoroutine()
  const made = place()
  const outcome = Array.isArray(made) ? { now: made } : performed(made)
  await clock.advance(1000)
  expect({ crashes, late, unhandled, left: numGoroutine() - before, timers: clock.waiting }).toEqual({ crashes: [], late: [], unhandled: [], left: 0, timers: 0 }) // prettier-ignore
  expect(outcome.now).toEqual(Array.isArray(made) ? results[name] : done(results[name]))
})

describe('a body that yields something else than an operation', () => {
  const strange = thrown(
    expect.objectContaining({ message: expect.stringContaining('yielded 5: only operations may be yielded') as string }),
  )

  it('is unwound, and gives back the lock', async () => {
    const mu = mutex()
    const outcome = performed(
      go(function* () {
        using _guard = yield* mu.lock()
        yield junk(5)
      }).join(),
    )
    using clock = virtualTime()
    await clock.advance(0)
    expect([outcome.now, mu.tryLock()]).toEqual([strange, true])
  })

  it('is unwound with clean-ups that wait, also where it is canceled meanwhile', async () => {
    using clock = virtualTime()
    const [log, mu] = [[] as string[], mutex()]
    function* inner(): Generator<never, void> {
      using _guard = yield* mu.lock()
      try {
        yield* [5] as unknown as Iterable<never>
      } finally {
        yield* sleep(10)
        log.push('inner')
      }
    }
    const goroutine = go(function* () {
      try {
        yield* inner()
      } finally {
        yield* sleep(10)
        log.push('caller')
      }
    })
    const outcome = performed(goroutine.join())
    await clock.advance(5)
    goroutine.cancel()
    await clock.advance(10)
    goroutine.cancel()
    await clock.advance(100)
    expect([log, outcome.now, mu.tryLock()]).toEqual([['inner', 'caller'], strange, true])
  })

  it.each([1, 2])('drops a body that yields such values again and again (%s)', async (twice) => {
    using clock = virtualTime()
    const outcome = performed(
      go(function* () {
        for (;;)
          try {
            yield junk(5)
          } finally {
            for (let i = 0; i < twice; i++) yield junk(6)
          }
      }).join(),
    )
    await clock.advance(0)
    expect(outcome.now).toEqual(strange)
  })

  it('fails, whatever its clean-up returns', async () => {
    using clock = virtualTime()
    const outcome = performed(
      go(function* () {
        try {
          yield junk(5)
        } finally {
          // eslint-disable-next-line no-unsafe-finally -- the case
          return 7
        }
      }).join(),
    )
    await clock.advance(0)
    expect(outcome.now).toEqual(strange)
  })
})
