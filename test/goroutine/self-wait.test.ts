// A goroutine that waits for an end that cannot come before its own gets an error, in every form of the wait, and goes on.
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import {
  all,
  background,
  chan,
  errgroup,
  go,
  hedge,
  mapConcurrent,
  once,
  onceValue,
  pool,
  race,
  scope,
  select,
  singleflight,
  sleep,
  syncMap,
  timeout,
  waitGroup,
  withRetry,
  type Goroutine,
  type Job,
  type Op,
  type Routine,
} from 'millrace'
import { bubble } from 'millrace/testing'

type Steps = Generator<never, void>
type Wait = Op<unknown> | Job<unknown>

/** Each starts a function `worker`, of the kind, which performs what it makes of its own wait. */
const kinds: Record<string, (worker: (wait: () => Wait) => Steps) => Routine<unknown>> = {
  *'sync.WaitGroup.Wait'(worker) {
    const wg = waitGroup()
    wg.go(worker, () => wg.wait())
    yield* wg.wait()
  },
  *'errgroup.Wait'(worker) {
    const group = errgroup(background)
    group.go(() => worker(() => group.wait()))
    yield* group.wait()
  },
  *'pool.Wait'(worker) {
    const tasks = pool<void>({ size: 1 })
    tasks.go(() => worker(() => tasks.wait()))
    yield* tasks.wait()
  },
  *'pool.drain'(worker) {
    const tasks = pool<void>({ size: 2 })
    tasks.go(() => worker(() => tasks.drain()))
    tasks.go(() => sleep(100))
    yield* tasks.wait()
    tasks.go(() => {}) // the drain had no effect
    yield* tasks.wait()
  },
  *'singleflight.do'(worker) {
    const flights = singleflight<string, void>()
    const load = (): Job<unknown> => flights.do('key', () => worker(load))
    yield* load()
  },
  *'syncMap.loadOrCompute'(worker) {
    const map = syncMap<string, boolean>()
    const load = (): Job<boolean> =>
      map.loadOrCompute('key', function* () {
        yield* worker(load)
        return true
      })
    yield* load()
  },
  *once(worker) {
    const one = once()
    const run = (): Job<void> => one.do(() => worker(run))
    yield* run()
  },
  *worker(worker) {
    const init: () => Job<void> = onceValue(Object.defineProperty(() => worker(init), 'name', { value: 'worker' }))
    yield* init()
  },
}

/** Ways to perform a wait: by the goroutine itself, or by a child that it waits for. */
const ways: Record<string, (wait: () => Wait) => Routine<unknown>> = {
  plain: (wait) => wait() as Routine<unknown>,
  timeout: (wait) => wait().timeout(20),
  attempt: (wait) => rethrown(wait().attempt()),
  'timeout of a function': (wait) => timeout(20, wait),
  map: (wait) => wait().map(String),
  all: (wait) => all([wait]),
  race: (wait) => race([wait, sleep(20)]),
  hedge: (wait) => hedge(5, [wait]).attempt().map(firstOf),
  mapConcurrent: (wait) => mapConcurrent([1], 1, wait),
  scope: (wait) =>
    scope(background, function* (s) {
      yield* s.go(wait).join()
    }),
  withRetry: (wait) => withRetry(() => null, wait),
  'a job in a job': (wait) => all([() => all([wait]).timeout(20)]),
  singleflight: (wait) => singleflight().do(1, wait),
}

function* rethrown(attempt: Wait): Steps {
  const end = (yield* attempt) as { readonly _tag: 'Left'; readonly left: unknown } | { readonly _tag: 'Right' }
  if (end._tag === 'Left') throw end.left
}

function firstOf(end: { readonly _tag: string; readonly left?: unknown }): never {
  throw (end.left as AggregateError).errors[0]
}

describe.each(Object.entries(kinds))('%s in its own function', (name, start) => {
  it.each(Object.entries(ways))('throws, performed by: %s', async (_, way) => {
    const failures: unknown[] = []
    await bubble(function* () {
      yield* start(function* worker(wait) {
        try {
          yield* way(wait)
        } catch (error) {
          failures.push(error)
        }
      })
    })
    expect(failures).toHaveLength(1)
    expect(String(failures[0])).toMatch(
      new RegExp(
        `^Error: ${name} in .+ waits for itself: it would wait for the end of .+; wait outside .+, or start the wait with go\\(\\)$`,
      ),
    )
  })
})

describe('a wait for itself', () => {
  it('names the goroutines between', async () => {
    const wg = waitGroup()
    wg.go(function worker() {
      return all([
        function* watcher() {
          yield* wg.wait()
        },
      ])
    })
    await expect(wg.wait()).rejects.toThrow(
      'sync.WaitGroup.Wait in watcher waits for itself: it would wait for the end of worker, which waits for watcher; wait outside worker, or start the wait with go()',
    )
  })

  it.each<[string, (join: Op<void>) => Op<unknown>]>([
    ['plain', (join) => join],
    ['attempt', (join) => join.attempt((error): never => { throw error })], // prettier-ignore
    ['map', (join) => join.map(String)],
  ])('as a join of itself throws (%s), and the goroutine goes on', async (_, way) => {
    const own: Goroutine<string> = go(function* worker() {
      try {
        yield* way(own.join().map(() => {}))
      } catch (error) {
        return String(error)
      }
      return 'joined'
    })
    expect(await own.join()).toBe('Error: join in worker waits for itself; join it in another goroutine')
  })

  it('as a join of itself ends with a cancel that comes first, and by `then` is no fault', async () => {
    const log: string[] = []
    const own: Goroutine<void> = go(async function worker() {
      void own.join().then(() => log.push('then'))
      await sleep(1)
    })
    await own.join()
    await settle()
    expect(log).toEqual(['then'])
    const canceled: Goroutine<void> = go(function* worker() {
      canceled.cancel()
      yield* canceled.join()
    })
    await expect(canceled.join()).rejects.toThrow('context canceled')
  })

  it('in a clean-up throws too, and the cancel goes on', async () => {
    const end = await bubble(function* () {
      const tasks = pool<void>({ size: 1 })
      tasks.go(function* worker() {
        try {
          yield* sleep(1000)
        } finally {
          yield* tasks.drain()
        }
      })
      yield* sleep(1)
      return yield* tasks.drain().timeout(10).attempt()
    })
    expect(end).toMatchObject({ left: { message: expect.stringContaining('pool.drain in worker waits for itself') as string } })
  })

  it('is no fault where the goroutine goes on meanwhile', async () => {
    const log: string[] = []
    await bubble(function* () {
      const wg = waitGroup()
      wg.go(function* () {
        void wg.wait().then(() => log.push('then'))
        go(function* () {
          yield* wg.wait()
          log.push('go')
        })
        yield* sleep(1)
      })
      yield* wg.wait()
      log.push('outside')
    })
    expect(log.sort()).toEqual(['go', 'outside', 'then'])
  })

  it('is no fault as a case that is not chosen', async () => {
    const chosen = await bubble(function* () {
      const [wg, ready] = [waitGroup(), chan<void>()]
      let chosen: unknown
      wg.go(function* worker() {
        go(() => ready.send())
        chosen = (yield* select([wg.wait(), ready.receive()])).case
      })
      yield* wg.wait()
      return chosen
    })
    expect(chosen).toBe(1)
  })

  it('leaves the group as it was', async () => {
    await bubble(function* () {
      const group = errgroup(background)
      group.go(function* worker() {
        yield* group.wait().attempt()
        yield* sleep(1)
        throw new Error('own')
      })
      const end = yield* group.wait().attempt()
      expect(end).toMatchObject({ left: { message: 'own' } })
    })
  })
})
