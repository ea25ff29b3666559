// Locks, permits, a group with a limit.
import { PromiseMutex } from '../floors.mjs'

const hundred = Array.from({ length: 100 })
let counter = 0

const mutex = {
  name: 'mutex',
  title: 'mutex, uncontended',
  unit: 'ns',
  n: 500_000,
  targets: [
    ['ours', 'go', 1.2],
    ['ours', 'best peer', 0.5],
  ],
  ours: {
    ours({ go, mutex }) {
      function* count(n) {
        const mu = mutex()
        for (let i = 0; i < n; i++) {
          yield* mu.lock()
          counter++
          mu.unlock()
        }
      }
      return (n) => go(count, n).join()
    },
    'ours async': ({ mutex }) =>
      alone(
        () => mutex(),
        (mu) => mu.lock(),
        (mu) => mu.unlock(),
      ),
  },
  floors: {
    gen() {
      function* count(n) {
        const mu = { locked: false }
        for (let i = 0; i < n; i++) {
          while (mu.locked) yield
          mu.locked = true
          counter++
          mu.locked = false
        }
      }
      return (n) => void count(n).next()
    },
    promise: () =>
      alone(
        () => new PromiseMutex(),
        (mu) => mu.lock(),
        (mu) => mu.unlock(),
      ),
  },
  peers: {
    async 'async-sema'(peer) {
      const { Sema } = await peer('async-sema')
      return alone(
        () => new Sema(1),
        (s) => s.acquire(),
        (s) => s.release(),
      )
    },
    async 'async-mutex'(peer) {
      const { Mutex } = await peer('async-mutex')
      return alone(
        () => new Mutex(),
        (mu) => mu.acquire(),
        (_, release) => release(),
      )
    },
    async 'p-limit'(peer) {
      const pLimit = (await peer('p-limit')).default
      return async (n) => {
        const limit = pLimit(1)
        for (let i = 0; i < n; i++) await limit(() => void counter++)
      }
    },
    effect: (peer) => effectAlone(peer, 1),
  },
}

const mutex100 = {
  name: 'mutex100',
  title: 'mutex, 100 contenders that give way while they hold it',
  unit: 'ns',
  n: 100_000,
  targets: [
    ['ours async', 'go', 0.75],
    ['ours', 'best peer', 0.5],
  ],
  ours: {
    ours: (m) =>
      goroutines(
        m,
        () => m.mutex(),
        (mu) => mu.lock(),
        (mu) => mu.unlock(),
      ),
    'ours async': ({ mutex }) =>
      contended(
        () => mutex(),
        (mu) => mu.lock(),
        (mu) => mu.unlock(),
      ),
  },
  floors: {
    promise: () =>
      contended(
        () => new PromiseMutex(),
        (mu) => mu.lock(),
        (mu) => mu.unlock(),
      ),
  },
  peers: {
    async 'async-sema'(peer) {
      const { Sema } = await peer('async-sema')
      return contended(
        () => new Sema(1),
        (s) => s.acquire(),
        (s) => s.release(),
      )
    },
    async 'async-mutex'(peer) {
      const { Mutex } = await peer('async-mutex')
      return contended(
        () => new Mutex(),
        (mu) => mu.acquire(),
        (_, release) => release(),
      )
    },
    'p-limit': (peer) => limited(peer, 1),
    effect: (peer) => effectContended(peer, 1),
  },
}

const semaphore = {
  name: 'semaphore',
  title: 'semaphore of 10, uncontended',
  unit: 'ns',
  n: 500_000,
  targets: [['ours', 'best peer', 0.5]],
  ours: {
    ours({ go, semaphore }) {
      function* count(n) {
        const sem = semaphore(10)
        for (let i = 0; i < n; i++) {
          yield* sem.acquire()
          counter++
          sem.release()
        }
      }
      return (n) => go(count, n).join()
    },
    'ours async': ({ semaphore }) =>
      alone(
        () => semaphore(10),
        (s) => s.acquire(),
        (s) => s.release(),
      ),
  },
  peers: {
    async 'async-sema'(peer) {
      const { Sema } = await peer('async-sema')
      return alone(
        () => new Sema(10),
        (s) => s.acquire(),
        (s) => s.release(),
      )
    },
    async 'async-mutex'(peer) {
      const { Semaphore } = await peer('async-mutex')
      return alone(
        () => new Semaphore(10),
        (s) => s.acquire(),
        (_, [, release]) => release(),
      )
    },
    effect: (peer) => effectAlone(peer, 10),
  },
}

const semaphore100 = {
  name: 'semaphore100',
  title: 'semaphore of 10, 100 contenders',
  unit: 'ns',
  n: 100_000,
  targets: [['ours', 'best peer', 0.5]],
  ours: {
    ours: (m) =>
      goroutines(
        m,
        () => m.semaphore(10),
        (s) => s.acquire(),
        (s) => s.release(),
      ),
    'ours async': ({ semaphore }) =>
      contended(
        () => semaphore(10),
        (s) => s.acquire(),
        (s) => s.release(),
      ),
  },
  peers: {
    async 'async-sema'(peer) {
      const { Sema } = await peer('async-sema')
      return contended(
        () => new Sema(10),
        (s) => s.acquire(),
        (s) => s.release(),
      )
    },
    async 'async-mutex'(peer) {
      const { Semaphore } = await peer('async-mutex')
      return contended(
        () => new Semaphore(10),
        (s) => s.acquire(),
        (_, [, release]) => release(),
      )
    },
    'p-limit': (peer) => limited(peer, 10),
    effect: (peer) => effectContended(peer, 10),
  },
}

const errgroup = {
  name: 'errgroup',
  title: 'errgroup with a limit of 10, a trivial function',
  unit: 'ns',
  n: 100_000,
  targets: [['ours', 'best peer', 0.5]],
  ours: {
    ours({ go, errgroup }) {
      function* task() {
        counter++
      }
      function* all(n) {
        const group = errgroup()
        group.setLimit(10)
        for (let i = 0; i < n; i++) group.go(task)
        yield* group.wait()
      }
      return (n) => go(all, n).join()
    },
    'ours async'({ errgroup }) {
      async function task() {
        counter++
      }
      return async (n) => {
        const group = errgroup()
        group.setLimit(10)
        for (let i = 0; i < n; i++) group.go(task)
        await group.wait()
      }
    },
  },
  peers: {
    async 'p-limit'(peer) {
      const pLimit = (await peer('p-limit')).default
      const task = async () => void counter++
      return async (n) => {
        const limit = pLimit(10)
        const all = []
        for (let i = 0; i < n; i++) all.push(limit(task))
        await Promise.all(all)
      }
    },
    async 'p-map'(peer) {
      const pMap = (await peer('p-map')).default
      const task = async () => void counter++
      return async (n) => void (await pMap(Array.from({ length: n }), task, { concurrency: 10 }))
    },
    async 'fastq promise'(peer) {
      const { promise } = await peer('fastq')
      const task = async () => void counter++
      return async (n) => {
        const queue = promise(task, 10)
        const all = []
        for (let i = 0; i < n; i++) all.push(queue.push(i))
        await Promise.all(all)
      }
    },
    async 'p-queue'(peer) {
      const PQueue = (await peer('p-queue')).default
      const task = async () => void counter++
      return async (n) => {
        const queue = new PQueue({ concurrency: 10 })
        for (let i = 0; i < n; i++) void queue.add(task)
        await queue.onIdle()
      }
    },
    async effect(peer) {
      const { Effect } = await peer('effect')
      const task = Effect.sync(() => void counter++)
      return async (n) =>
        void (await Effect.runPromise(Effect.forEach(Array.from({ length: n }), () => task, { concurrency: 10, discard: true })))
    },
  },
}

const ten = Array.from({ length: 10 })

// No peer has a lock for readers and writers.
const readWrite = {
  name: 'rwmutex',
  title: 'rwMutex, 10 goroutines that read 9 times of 10 and give way while they are in',
  unit: 'ns',
  n: 100_000,
  ours: {
    ours({ go, gosched, rwMutex, waitGroup }) {
      function* user(rw, c, n) {
        for (let i = 0; i < n; i++) {
          if ((i + c) % 10 === 0) {
            yield* rw.lock()
            counter++
            yield* gosched()
            rw.unlock()
          } else {
            yield* rw.rLock()
            counter++
            yield* gosched()
            rw.rUnlock()
          }
        }
      }
      function* all(n) {
        const rw = rwMutex()
        const wg = waitGroup()
        for (const c of ten.keys()) wg.go(user, rw, c, n / 10)
        yield* wg.wait()
      }
      return (n) => go(all, n).join()
    },
    'ours async'({ rwMutex }) {
      async function user(rw, c, n) {
        for (let i = 0; i < n; i++) {
          const writes = (i + c) % 10 === 0
          await (writes ? rw.lock() : rw.rLock())
          counter++
          await null
          if (writes) rw.unlock()
          else rw.rUnlock()
        }
      }
      return async (n) => {
        const rw = rwMutex()
        await Promise.all(ten.map((_, c) => user(rw, c, n / 10)))
      }
    },
  },
}

// The floor is what is written by hand: a map of promises, from which nobody can leave.
const singleFlight = {
  name: 'singleflight',
  title: 'singleflight, a call of one of 100 who ask for the same key',
  unit: 'ns',
  n: 100_000,
  ours: {
    ours({ go, gosched, singleflight, waitGroup }) {
      function* work() {
        yield* gosched()
        return 1
      }
      function* caller(flights, out) {
        const { value } = yield* flights.do('key', work)
        out.sum += value
      }
      function* all(n) {
        const flights = singleflight()
        const out = { sum: 0 }
        for (let i = 0; i < n / 100; i++) {
          const wg = waitGroup()
          for (const _ of hundred) wg.go(caller, flights, out)
          yield* wg.wait()
        }
        checkCount(out.sum, n)
      }
      return (n) => go(all, n).join()
    },
    'ours async'({ singleflight }) {
      const work = async () => {
        await null
        return 1
      }
      return async (n) => {
        const flights = singleflight()
        const out = { sum: 0 }
        const caller = async () => {
          const { value } = await flights.do('key', work)
          out.sum += value
        }
        for (let i = 0; i < n / 100; i++) await Promise.all(hundred.map(caller))
        checkCount(out.sum, n)
      }
    },
  },
  floors: {
    promise() {
      const work = async () => {
        await null
        return 1
      }
      return async (n) => {
        const flights = new Map()
        const out = { sum: 0 }
        const share = (key) => {
          let flight = flights.get(key)
          if (flight === undefined) flights.set(key, (flight = work().finally(() => flights.delete(key))))
          return flight
        }
        const caller = async () => {
          const value = await share('key')
          out.sum += value
        }
        for (let i = 0; i < n / 100; i++) await Promise.all(hundred.map(caller))
        checkCount(out.sum, n)
      }
    },
  },
}

// Go's column is that of `pool`: five goroutines, unbuffered channels of jobs and of results. All results are looked at.
const workersMillion = {
  name: 'workers',
  title: 'workers() over a million trivial jobs, 5 at once, a job',
  unit: 'ns',
  n: 1_000_000,
  targets: [['ours', 'best peer', 0.5]],
  ours: {
    ours({ go, chan, range, workers }) {
      const job = (i) => i + 1
      function* feed(jobs, n) {
        for (let i = 0; i < n; i++) yield* jobs.send(i)
        jobs.close()
      }
      function* all(n) {
        const jobs = chan()
        go(feed, jobs, n)
        let sum = 0
        for (const it = range(workers(5, jobs, job)); yield* it.next();) sum += it.value
        checkCount(sum, (n * (n + 1)) / 2)
      }
      return (n) => go(all, n).join()
    },
  },
  peers: {
    async 'p-limit'(peer) {
      const pLimit = (await peer('p-limit')).default
      const job = async (i) => i + 1
      return async (n) => {
        const limit = pLimit(5)
        const all = []
        for (let i = 0; i < n; i++) all.push(limit(job, i))
        checkCount(total(await Promise.all(all)), (n * (n + 1)) / 2)
      }
    },
    async 'p-map'(peer) {
      const pMap = (await peer('p-map')).default
      const job = async (i) => i + 1
      return async (n) => checkCount(total(await pMap(Array(n).keys(), job, { concurrency: 5 })), (n * (n + 1)) / 2)
    },
    async 'fastq promise'(peer) {
      const { promise } = await peer('fastq')
      const job = async (i) => i + 1
      return async (n) => {
        const queue = promise(job, 5)
        const all = []
        for (let i = 0; i < n; i++) all.push(queue.push(i))
        checkCount(total(await Promise.all(all)), (n * (n + 1)) / 2)
      }
    },
  },
}

export const workloads = [mutex, mutex100, semaphore, semaphore100, errgroup, readWrite, singleFlight, workersMillion]

function total(values) {
  let sum = 0
  for (const value of values) sum += value
  return sum
}

function checkCount(got, expected) {
  if (got !== expected) throw new Error(`a result was lost: ${got} of ${expected}`)
}

function goroutines({ go, gosched, waitGroup }, make, lock, unlock) {
  function* contender(mu, n) {
    for (let i = 0; i < n; i++) {
      yield* lock(mu)
      counter++
      yield* gosched()
      unlock(mu)
    }
  }
  function* all(n) {
    const mu = make()
    const wg = waitGroup()
    for (const _ of hundred) wg.go(contender, mu, n / 100)
    yield* wg.wait()
  }
  return (n) => go(all, n).join()
}

function alone(make, lock, unlock) {
  return async (n) => {
    const mu = make()
    for (let i = 0; i < n; i++) {
      const held = await lock(mu)
      counter++
      unlock(mu, held)
    }
  }
}

function contended(make, lock, unlock) {
  async function contender(mu, n) {
    for (let i = 0; i < n; i++) {
      const held = await lock(mu)
      counter++
      await null
      unlock(mu, held)
    }
  }
  return async (n) => {
    const mu = make()
    await Promise.all(hundred.map(() => contender(mu, n / 100)))
  }
}

async function limited(peer, permits) {
  const pLimit = (await peer('p-limit')).default
  const section = async () => {
    counter++
    await null
  }
  async function contender(limit, n) {
    for (let i = 0; i < n; i++) await limit(section)
  }
  return async (n) => {
    const limit = pLimit(permits)
    await Promise.all(hundred.map(() => contender(limit, n / 100)))
  }
}

async function effectAlone(peer, permits) {
  const { Effect, Semaphore } = await peer('effect')
  const section = Effect.sync(() => void counter++)
  const all = Effect.fnUntraced(function* (n) {
    const sem = yield* Semaphore.make(permits)
    for (let i = 0; i < n; i++) yield* sem.withPermit(section)
  })
  return async (n) => void (await Effect.runPromise(all(n)))
}

async function effectContended(peer, permits) {
  const { Effect, Fiber, Semaphore } = await peer('effect')
  const section = Effect.andThen(
    Effect.sync(() => void counter++),
    Effect.yieldNow,
  )
  const contender = Effect.fnUntraced(function* (sem, n) {
    for (let i = 0; i < n; i++) yield* sem.withPermit(section)
  })
  const all = Effect.fnUntraced(function* (n) {
    const sem = yield* Semaphore.make(permits)
    const fibers = []
    for (const _ of hundred) fibers.push(yield* Effect.forkChild(contender(sem, n / 100)))
    yield* Fiber.joinAll(fibers)
  })
  return async (n) => void (await Effect.runPromise(all(n)))
}
