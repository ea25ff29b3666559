/** The places of `millrace`: locks, maps, groups, pools and retries. */
import {
  all,
  any,
  background,
  backoff,
  chan,
  cond,
  errgroup,
  hedge,
  keyedMutex,
  mapConcurrent,
  mutex,
  once,
  onceFunc,
  onceValue,
  pool,
  race,
  scope,
  semaphore,
  singleflight,
  syncMap,
  syncPool,
  timeout,
  waitGroup,
  withRetry,
  workers,
  type Receiver,
  type Scope,
} from 'millrace'
import { optionsOf, type Table } from './kinds.js'
import { briefly } from './runtime.js'

const with1 = <T>(it: T, use: (it: T) => unknown) => use(it)
const context = { ctx: 'ctx?' } as const

function closed() {
  const jobs = chan<number>()
  jobs.close()
  return jobs
}

function filled() {
  const map = syncMap<unknown, unknown>()
  map.store('key', 1)
  return map
}

const group = () => errgroup()

const locks: Table = {
  'cond(locker)': ['object', (locker) => cond(locker)],
  'Cond.wait(ctx)': ['ctx?', (ctx) => with1(mutex(), (it) => it.tryLock() && briefly(cond(it).wait(ctx)))],
  'KeyedMutex.lock(key)': ['anything', (key) => keyedMutex().lock(key)],
  'KeyedMutex.tryLock(key)': ['anything', (key) => keyedMutex().tryLock(key)],
  'KeyedMutex.unlock(key)': ['anything', (key) => with1(keyedMutex(), (it) => it.tryLock(key) && it.unlock(key))],
  'semaphore(n)': ['count', (n) => semaphore(n).acquire()],
  'Semaphore.acquire(k)': ['count?', (k) => semaphore(3).acquire(k)],
  'Semaphore.tryAcquire(k)': ['count?', (k) => semaphore(3).tryAcquire(k)],
  'Semaphore.release(k)': ['count?', (k) => with1(semaphore(3), (it) => it.tryAcquire() && (it.release(k), 1))],
  'Once.do(f)': ['function', (f) => once().do(f)],
  'onceFunc(f)': ['function', (f) => onceFunc(f)()],
  'onceValue(f)': ['function', (f) => onceValue(f)()],
  'WaitGroup.add(n)': ['whole', (n) => with1(waitGroup(), (it) => (it.add(1), it.add(n), it.wait()))],
  'WaitGroup.go(fn)': ['function', (f) => with1(waitGroup(), (it) => (it.go(f), it.wait())), 'go of'],
  'WaitGroup.go(args)': ['anything', (value) => with1(waitGroup(), (it) => (it.go((given) => given, value), it.wait()))],
}

const maps: Table = {
  'SingleFlight.do(key)': ['anything', (key) => singleflight().do(key, () => 1)],
  'SingleFlight.do(f)': ['function', (f) => singleflight().do('key', f)],
  'SingleFlight.forget(key)': ['anything', (key) => singleflight().forget(key)],
  'SyncMap.compareAndDelete(key)': ['anything', (key) => filled().compareAndDelete(key, 1)],
  'SyncMap.compareAndDelete(old)': ['anything', (old) => filled().compareAndDelete('key', old)],
  'SyncMap.compareAndSwap(key)': ['anything', (key) => filled().compareAndSwap(key, 1, 2)],
  'SyncMap.compareAndSwap(old)': ['anything', (old) => filled().compareAndSwap('key', old, 2)],
  'SyncMap.compareAndSwap(next)': ['anything', (next) => filled().compareAndSwap('key', 1, next)],
  'SyncMap.delete(key)': ['anything', (key) => filled().delete(key)],
  'SyncMap.load(key)': ['anything', (key) => filled().load(key)],
  'SyncMap.loadAndDelete(key)': ['anything', (key) => filled().loadAndDelete(key)],
  'SyncMap.loadOrCompute(key)': ['anything', (key) => filled().loadOrCompute(key, () => 1)],
  'SyncMap.loadOrCompute(f)': ['function', (f) => filled().loadOrCompute('other', f)],
  'SyncMap.loadOrStore(key)': ['anything', (key) => filled().loadOrStore(key, 1)],
  'SyncMap.loadOrStore(value)': ['anything', (value) => filled().loadOrStore('other', value)],
  'SyncMap.range(f)': ['function', (f) => filled().range(f)],
  'SyncMap.store(key)': ['anything', (key) => filled().store(key, 1)],
  'SyncMap.store(value)': ['anything', (value) => filled().store('other', value)],
  'SyncMap.swap(key)': ['anything', (key) => filled().swap(key, 1)],
  'SyncMap.swap(value)': ['anything', (value) => filled().swap('key', value)],
  'SyncPool.put(item)': ['anything', (item) => with1(syncPool(), (it) => (it.put(item), it.get()))],
  'syncPool(make)': ['function?', (make) => syncPool(make).get()],
}

const backoffs = {
  attempts: 'limit?',
  budget: 'ms?',
  factor: 'factor?',
  first: 'ms?',
  jitter: 'share?',
  longest: 'ms?',
  retryIf: 'function?',
} as const

/** Fails once. */
function flaky(_: unknown, attempt: number): number {
  if (attempt === 1) throw new Error('flaky')
  return attempt
}

const retries: Table = {
  ...optionsOf('backoff', 'options', 'options?', backoffs, (options) => briefly(withRetry(backoff(options), flaky))),
  ...optionsOf('withRetry', 'options', 'options?', context, (options) => withRetry(backoff(), flaky, options)),
  'withRetry(schedule)': ['function', (schedule) => withRetry(schedule, () => 1)],
  'withRetry(f)': ['function', (f) => withRetry(backoff(), f)],
}

const groups: Table = {
  'ErrGroup.go(fn)': ['function', (f) => with1(group(), (it) => (it.go(f), it.wait()))],
  'ErrGroup.tryGo(fn)': ['function', (f) => with1(group(), (it) => (it.tryGo(f), it.wait()))],
  'ErrGroup.setLimit(n)': ['limit', (n) => with1(group(), (it) => (it.setLimit(n), it.go(() => 1), it.wait()))],
  'errgroup(parent)': ['ctx?', (parent) => errgroup(parent).wait()],
  'all(ctx)': ['ctx', (ctx) => all(ctx, [() => 1])],
  'any(ctx)': ['ctx', (ctx) => any(ctx, [() => 1])],
  'race(ctx)': ['ctx', (ctx) => race(ctx, [() => 1])],
  'hedge(ctx)': ['ctx', (ctx) => hedge(ctx, 1, [() => 1])],
  'timeout(ms)': ['ms', (ms) => timeout(ms, () => 1).attempt()],
  'timeout(routine)': ['function', (routine) => timeout(1, routine)],
  'all(members)': ['members', (members) => all(members)],
  'any(members)': ['list', (members) => any(members)],
  'race(members)': ['list', (members) => race(members)],
  'hedge(members)': ['list', (members) => hedge(1, members)],
  'hedge(afterMs)': ['ms', (ms) => hedge(ms, [() => 1, () => 2])],
  ...optionsOf('all', 'options', 'options?', context, (options) => all([() => 1], options)),
  ...optionsOf('any', 'options', 'options?', context, (options) => any([() => 1], options)),
  ...optionsOf('race', 'options', 'options?', context, (options) => race([() => 1], options)),
  ...optionsOf('hedge', 'options', 'options?', context, (options) => hedge(1, [() => 1], options)),
  'mapConcurrent(items)': ['iterable', (items) => mapConcurrent(items, 2, (item) => item)],
  'mapConcurrent(n)': ['count', (n) => mapConcurrent([1, 2], n, (item) => item)],
  'mapConcurrent(f)': ['function', (f) => mapConcurrent([1, 2], 2, f)],
  ...optionsOf('mapConcurrent', 'options', 'options?', context, (options) => mapConcurrent([1], 1, () => 1, options)),
  ...optionsOf(
    'pool',
    'options',
    'options',
    { size: 'count', ctx: 'ctx?', errors: 'word?', results: 'word?' },
    (options) => drained(options),
    { size: 1 },
  ),
  'Pool.go(fn)': ['function', (f) => with1(pool({ size: 1 }), (it) => (it.go(f), it.drain()))],
  'Pool.resize(size)': ['count', (size) => with1(pool({ size: 1 }), (it) => (it.resize(size), it.drain()))],
  'workers(n)': ['count', (n) => range1(workers(n, closed(), () => 1))],
  'workers(jobs)': ['object', (jobs) => workers(1, jobs, () => 1)],
  'workers(fn)': ['function', (f) => range1(workers(1, closed(), f))],
  ...optionsOf('workers', 'options', 'options?', context, (options) => range1(workers(1, closed(), () => 1, options))),
  'scope(ctx)': ['ctx', (ctx) => scope(ctx, () => 1)],
  'scope(body)': ['function', (body) => scope(background, body)],
  'Scope.go(job)': ['function', (f) => scoped((s) => s.go(f).join()), 'fn'],
  'Scope.go(fn)': ['function', (f) => scoped((s) => s.go(f).join())],
  'Scope.go(args)': ['anything', (value) => scoped((s) => s.go((given: unknown) => given, value).join())],
}

const scoped = (body: (s: Scope) => unknown) => scope(background, body)
const range1 = (results: Receiver<unknown>) => results.receive()

function drained(options: never): unknown {
  const one = pool<number>(options)
  one.go(() => 1)
  return one.drain()
}

export const toolkit: Table = { ...locks, ...maps, ...retries, ...groups }
