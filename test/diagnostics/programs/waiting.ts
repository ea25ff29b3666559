/**
 * Goroutines that wait at every primitive, under names that a bundler cannot change. Prints the dump of a tracker, then ends in a deadlock
 * that `main` reports.
 */
import {
  all,
  any,
  chan,
  choose,
  cond,
  errgroup,
  go,
  gosched,
  keyedMutex,
  mapConcurrent,
  mutex,
  never,
  newTimer,
  once,
  pool,
  race,
  range,
  rwMutex,
  scope,
  select,
  semaphore,
  singleflight,
  syncMap,
  uncancelable,
  waitGroup,
  withCancel,
  withRetry,
  workers as workersOf,
  background,
  rateLimiter,
} from '../../../src/runtime/index.js'
import { joinProbe, dumpOf, dumpText, Tracker } from '../../../src/runtime/internal.js'
import { main } from '../../../src/adapters/node/index.js'

/** The function under a name that is a string, which no bundler changes. */
function named<F extends object>(name: string, f: F): F {
  return Object.defineProperty(f, 'name', { value: name })
}

const tracker = new Tracker(() => 0, true)

const [a, b] = [mutex(), mutex()]
const [jobs, results] = [chan<number>(), chan<number>()]
const rw = rwMutex()
const locks = keyedMutex<string>()
const permits = semaphore(1)
const wg = waitGroup()
const group = errgroup()
const workers = pool<unknown>({ size: 1 })
const lock = mutex()
const condition = cond(lock)
const flights = singleflight<string, unknown>()
const table = syncMap<string, unknown>()
const setUp = once()
const ctx = withCancel(background)
const limiter = rateLimiter(0, 1)

const blocked = named('blocked', function* (): Generator<never, unknown> {
  return yield* never()
})

const bodies: Record<string, () => Generator<never, unknown>> = {
  *aThenB() {
    yield* a.lock()
    yield* gosched()
    yield* b.lock()
  },
  *bThenA() {
    yield* b.lock()
    yield* gosched()
    yield* a.lock()
  },
  *feeder() {
    yield* chan<number>().send(1)
  },
  *worker() {
    yield* jobs.receive().within(ctx)
  },
  *selector() {
    yield* select({ job: jobs.receive(), result: results.receive(), end: ctx.done() })
  },
  *chooser() {
    yield* choose(results.receive(), never())
  },
  *reader() {
    yield* rw.rLock()
    yield* never()
  },
  *writer() {
    yield* rw.lock()
  },
  *keyed() {
    yield* locks.lock('key')
    yield* locks.lock('key')
  },
  *acquirer() {
    yield* permits.acquire()
    yield* permits.acquire()
  },
  *waiter() {
    wg.add(1)
    yield* wg.wait()
  },
  *grouped() {
    group.go(blocked)
    yield* group.wait()
  },
  *pooled() {
    workers.go(blocked)
    yield* workers.wait()
  },
  *conditional() {
    yield* lock.lock()
    yield* condition.wait()
  },
  *flying() {
    yield* flights.do('key', blocked)
  },
  *starter() {
    yield* setUp.do(blocked)
  },
  *late() {
    yield* setUp.do(blocked)
  },
  *ended() {
    yield* ctx.done()
  },
  *timed() {
    yield* newTimer(Infinity).fired()
  },
  *limited() {
    limiter.allow()
    yield* limiter.wait()
  },
  *computing() {
    yield* table.loadOrCompute('key', blocked)
  },
  *joined() {
    yield* all([blocked, blocked])
  },
  *racing() {
    yield* race([blocked, blocked])
  },
  *hoping() {
    yield* any([blocked, blocked])
  },
  *scoped() {
    yield* scope(background, (own) => void own.go(blocked))
  },
  *mapping() {
    yield* mapConcurrent([1], 1, blocked)
  },
  *ranging() {
    for (const cursor = range(results); yield* cursor.next(););
  },
  *collecting() {
    yield* workersOf(1, chan<number>(), blocked).receive()
  },
  *retried() {
    yield* withRetry(() => null, blocked)
  },
  *kept() {
    yield* uncancelable(blocked())
  },
  *promised() {
    yield* select([new Promise(() => {})])
  },
}

main(
  named('program', function* (): Generator<never, void> {
    joinProbe(tracker)
    const started = Object.entries(bodies).map(([name, body]) => go(named(name, body)))
    for (let turns = 0; turns < 10; turns++) yield* gosched()
    console.log(dumpText(dumpOf(tracker)))
    yield* started[0].join()
  }),
)
