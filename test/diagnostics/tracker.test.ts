import {
  chan,
  cond,
  errgroup,
  go,
  gosched,
  keyedMutex,
  mutex,
  pool,
  rwMutex,
  semaphore,
  setProbe,
  singleflight,
  waitGroup,
  type ErrGroup,
  type Job,
  type Op,
  type Probe,
} from 'millrace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dumpOf, dumpText, ringText, Tracker } from '../../src/runtime/internal.js'
import { settle } from '../support/settle.js'

let before: Probe | null
let tracker: Tracker
beforeEach(() => {
  tracker = new Tracker(() => 0, true)
  before = setProbe(tracker)
})
afterEach(() => void setProbe(before))

/** The number of locks that the tracker believes to be held. */
const locksHeld = () => (tracker as unknown as { readonly _holders: ReadonlyMap<object, unknown> })._holders.size

const stateOf = (name: string) => dumpOf(tracker).goroutines.find((goroutine) => goroutine.name === name)

describe('a keyed mutex', () => {
  it('is held by the goroutine that locked a key, and by nobody once the key is unlocked', async () => {
    const locks = keyedMutex<string>()
    const release = chan<never>()
    const holder = go(function* holding() {
      {
        using _guard = yield* locks.lock('a')
        yield* release.receive()
      }
      yield* chan<never>().receive()
    })
    await settle()
    expect(stateOf('holding')?.holds).toEqual(['mutex 1'])
    release.close()
    await settle()
    expect(stateOf('holding')?.holds).toEqual([])
    holder.cancel()
  })

  it('leaves no entry behind, by guard or by unlock', async () => {
    const locks = keyedMutex<number>()
    await go(function* () {
      for (let key = 0; key < 100; key++) {
        using _guard = yield* locks.lock(key)
      }
    }).join()
    for (let key = 0; key < 100; key++) {
      locks.tryLock(key)
      locks.unlock(key)
    }
    expect(locksHeld()).toBe(0)
  })

  it('handed to a waiter, is held by the waiter', async () => {
    const locks = keyedMutex<string>()
    const release = chan<never>()
    locks.tryLock('a')
    const next = go(function* following() {
      using _guard = yield* locks.lock('a')
      yield* release.receive()
    })
    await settle()
    locks.unlock('a')
    await settle()
    expect(stateOf('following')?.holds).toEqual(['mutex 1'])
    release.close()
    await next.join()
    expect(locksHeld()).toBe(0)
  })

  it('takes part in a partial deadlock, key by key', async () => {
    const locks = keyedMutex<string>()
    function* both(first: string, second: string): Generator<never, void> {
      using _outer = yield* locks.lock(first)
      yield* gosched()
      using _inner = yield* locks.lock(second)
    }
    const [a, b] = [go(both, 'a', 'b'), go(both, 'b', 'a')]
    await settle()
    const { goroutines, cycles } = dumpOf(tracker)
    expect(cycles).toEqual([[a.id, b.id]])
    const text = ringText(cycles[0] ?? [], new Map(goroutines.map((one) => [one.id, one])))
    expect(text).toMatch(/^partial deadlock: both#\d+ \[sync\.Mutex\.Lock mutex \d\] waits for both#\d+ \[sync\.Mutex\.Lock mutex \d\]/)
    a.cancel()
    b.cancel()
  })
})

it('a reader waits for a writer that waits before it, also with a mapped result; a reader in a choice does not', async () => {
  const rw = rwMutex()
  const reader = go(function* reader() {
    using _first = yield* rw.rLock()
    yield* gosched()
    yield* rw.rLock().map(() => 0) // queues behind the writer, which waits for the first lock
  })
  const writer = go(function* writer() {
    yield* rw.lock()
  })
  await settle()
  expect(dumpOf(tracker).cycles).toEqual([[reader.id], [writer.id, reader.id]])
  reader.cancel()
  await settle()
  expect(dumpOf(tracker).cycles).toEqual([])
  writer.cancel()
})

function* perform(op: Op<unknown> | Job<unknown>): Generator<never, void> {
  yield* op
}

it('each primitive has a kind of its own in a dump', async () => {
  const locked = mutex()
  locked.tryLock()
  const rw = rwMutex()
  rw.tryLock()
  const full = semaphore(1)
  full.tryAcquire()
  const wg = waitGroup()
  wg.add(1)
  const group = errgroup()
  const workers = pool({ size: 1 })
  const stuck = go(function* stuck() {
    yield* chan<never>().receive()
  })
  group.go(() => stuck.join())
  workers.go(() => stuck.join() as never)
  const condLock = mutex()
  condLock.tryLock()
  const condition = cond(condLock)
  const flights = singleflight<string, void>()
  const waits = {
    mutex: locked.lock(),
    rwMutex: rw.lock(),
    semaphore: full.acquire(),
    waitGroup: wg.wait(),
    errgroup: group.wait(),
    pool: workers.wait(),
    singleflight: flights.do('key', function* flight(): Generator<never, void> {
      yield* stuck.join()
    }),
  }
  const waiters = Object.values(waits).map((op: Op<unknown> | Job<unknown>) => go(perform, op))
  waiters.push(
    go(function* () {
      yield* condition.wait()
    }),
  )
  await settle()
  const on = dumpOf(tracker).goroutines.flatMap((goroutine) => goroutine.on)
  expect(on).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^mutex \d$/),
      'rwMutex 1',
      'semaphore 1',
      'waitGroup 1',
      'errgroup 1',
      'pool 1',
      'cond 1',
    ]),
  )
  expect(on.filter((name) => name.startsWith('flight#'))).toHaveLength(1)
})

describe('the place of a start', () => {
  const placeOf = (name: string) => stateOf(name)?.startedAt

  it.each([
    ['go', (body: () => Generator<never, void>): void => void go(body)],
    ['waitGroup.go', (body: () => Generator<never, void>) => waitGroup().go(body)],
    ['errgroup.go', (body: () => Generator<never, void>) => errgroup().go(body)],
    ['pool.go', (body: () => Generator<never, void>) => pool({ size: 1 }).go(body)],
  ] as const)('is the line of the program that called %s', async (_, start) => {
    const release = chan<never>()
    start(function* started() {
      yield* release.receive()
    })
    await settle()
    expect(placeOf('started')).toMatch(/tracker\.test\.ts(\?\S*)?:\d+:\d+/)
    release.close()
  })

  it('is not known for a function that started from the queue of a group', async () => {
    const group: ErrGroup = errgroup()
    const [first, second] = [chan<never>(), chan<never>()]
    group.setLimit(1)
    group.go(function* running() {
      yield* first.receive()
    })
    group.go(function* queued() {
      yield* second.receive()
    })
    first.close()
    await settle()
    expect(placeOf('queued')).toBeNull()
    second.close()
  })
})

it('the text of a dump has an age from one second up', async () => {
  let now = 0
  tracker = new Tracker(() => now, false)
  setProbe(tracker)
  const goroutine = go(function* worker() {
    yield* chan<never>().receive()
  })
  await settle()
  now = 999
  expect(dumpText(dumpOf(tracker))).toContain(`goroutine ${goroutine.id} [chan receive]: worker`)
  now = 3_000
  expect(dumpText(dumpOf(tracker))).toContain(`goroutine ${goroutine.id} [chan receive, 3 s]: worker`)
  goroutine.cancel()
})
