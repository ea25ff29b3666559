/**
 * The edges that the primitives report, one program each. With its edge the program is silent. `drops` names the calls of the
 * order port that make the edge: without them the program must report. Where an edge cannot be dropped, `without` is a program
 * that lacks it.
 *
 * Time orders nothing, so `sleep` puts the parts of a program in a row without an edge.
 */
import { from, Subject, tap } from 'rxjs'
import {
  afterFunc,
  all,
  background,
  chan,
  cond,
  dropping,
  errgroup,
  fromPromise,
  go,
  gosched,
  keyedMutex,
  mapConcurrent,
  mutex,
  newTimer,
  once,
  onceValue,
  pool,
  range,
  rateLimiter,
  rwMutex,
  select,
  semaphore,
  singleflight,
  sleep,
  sliding,
  syncMap,
  syncPool,
  ticker,
  waitGroup,
  withCancel,
  withTimeout,
  workers,
} from 'millrace'
import { fromGoroutine, fromReceiver, run, workerPool } from 'millrace/operators'
import { type Bubble, shared, type RaceLevel } from 'millrace/testing'

type Program = (bubble: Bubble) => Generator<never, unknown>

export interface Edge {
  readonly program: Program
  readonly drops?: readonly string[]
  readonly without?: Program
  /** Default `order`. Code outside of goroutines is looked at by `all` only. */
  readonly level?: RaceLevel
}

const newCell = () => shared(0, 'x')

/** Two goroutines, the second 1 ms after the first; waits for both by time alone. */
function* inARow(first: () => Generator<never, unknown>, second: () => Generator<never, unknown>): Generator<never, void> {
  go(first)
  go(function* second_() {
    yield* sleep(1)
    yield* second()
  })
  yield* sleep(10)
}

export const edges: Record<string, Edge> = {
  'a go statement comes before its goroutine': {
    *program() {
      const x = newCell()
      x.value = 1
      go(function* reader() {
        return x.value
      })
      x.value = 2 // the goroutine starts later: a section is atomic
      yield* sleep(1)
    },
    *without() {
      const x = newCell()
      go(function* reader() {
        yield* sleep(1)
        return x.value
      })
      yield* gosched()
      x.value = 1
      yield* sleep(2)
    },
  },
  'the end of a goroutine comes before its join': {
    *program() {
      const x = newCell()
      const writer = go(function* writer() {
        x.value = 1
      })
      yield* sleep(1)
      yield* writer.join()
      x.value = 2
    },
    drops: ['end'],
  },
  'the end of a goroutine comes before the end of a join that waits': {
    *program() {
      const x = newCell()
      const writer = go(function* writer() {
        yield* sleep(1)
        x.value = 1
      })
      yield* writer.join()
      x.value = 2
    },
    drops: ['end', 'wake'],
  },
  'the end of an async goroutine comes before its join': {
    *program() {
      const x = newCell()
      yield* go(async () => {
        await sleep(1)
        x.value = 1
      }).join()
      x.value = 2
    },
    drops: ['end', 'wake', 'acquire'],
    level: 'all',
  },
  'a cancel comes before the unwinding': {
    *program() {
      const x = newCell()
      const task = go(function* task() {
        try {
          yield* sleep(100)
        } finally {
          x.value = 2
        }
      })
      yield* gosched()
      x.value = 1
      task.cancel()
      yield* sleep(1)
    },
    drops: ['cancel'],
  },
  'a send comes before its receive': {
    *program() {
      const x = newCell()
      const ch = chan<number>(1)
      yield* inARow(
        function* () {
          x.value = 1
          yield* ch.send(1)
        },
        function* () {
          yield* ch.receive()
          x.value = 2
        },
      )
    },
    drops: ['put'],
  },
  'a send comes before the end of a receive that waits': {
    *program() {
      const x = newCell()
      const ch = chan<number>()
      yield* inARow(
        function* () {
          yield* ch.receive()
          x.value = 2
        },
        function* () {
          x.value = 1
          yield* ch.send(1)
        },
      )
    },
    drops: ['met', 'wake'],
  },
  'a send that waits comes before its receive': {
    *program() {
      const x = newCell()
      const ch = chan<number>()
      yield* inARow(
        function* () {
          x.value = 1
          yield* ch.send(1)
        },
        function* () {
          yield* ch.receive()
          x.value = 2
        },
      )
    },
    drops: ['met'],
  },
  'a receive comes before the end of an unbuffered send': {
    *program() {
      const x = newCell()
      const ch = chan<number>()
      yield* inARow(
        function* () {
          x.value = 1
          yield* ch.receive()
        },
        function* () {
          yield* ch.send(1)
          x.value = 2
        },
      )
    },
    drops: ['met'],
    *without() {
      const x = newCell()
      const ch = chan<number>(1)
      yield* inARow(
        function* () {
          x.value = 1
          yield* ch.receive()
        },
        function* () {
          yield* ch.send(1)
          x.value = 2
        },
      )
    },
  },
  'the k-th receive comes before the end of the (k+C)-th send': {
    *program() {
      const x = newCell()
      const ch = chan<number>(1)
      yield* ch.send(0)
      yield* inARow(
        function* () {
          x.value = 1
          yield* ch.receive()
        },
        function* () {
          yield* ch.send(1)
          x.value = 2
        },
      )
    },
    drops: ['took'],
  },
  'the k-th receive comes before the end of the (k+C)-th send that waits': {
    *program() {
      const x = newCell()
      const ch = chan<number>(1)
      yield* ch.send(0)
      yield* inARow(
        function* () {
          yield* ch.send(1)
          x.value = 2
        },
        function* () {
          x.value = 1
          yield* ch.receive()
        },
      )
    },
    drops: ['took', 'wake'],
  },
  'a send that waited for room comes before its receive': {
    *program() {
      const x = newCell()
      const ch = chan<number>(1)
      yield* ch.send(0)
      yield* inARow(
        function* () {
          x.value = 1
          yield* ch.send(1)
        },
        function* () {
          yield* ch.receive()
          yield* ch.receive()
          x.value = 2
        },
      )
    },
    drops: ['put'],
  },
  'a close comes before a receive that finds it': {
    *program() {
      const x = newCell()
      const ch = chan<number>()
      yield* inARow(
        function* () {
          x.value = 1
          ch.close()
        },
        function* () {
          yield* ch.receive()
          x.value = 2
        },
      )
    },
    drops: ['release close'],
  },
  'a close comes before the end of a receive that waits': {
    *program() {
      const x = newCell()
      const ch = chan<number>()
      yield* inARow(
        function* () {
          for (const it = range(ch); yield* it.next(););
          x.value = 2
        },
        function* () {
          x.value = 1
          ch.close()
        },
      )
    },
    drops: ['release close', 'wake'],
  },
  'a close comes before isClosed and closed()': {
    *program() {
      const x = newCell()
      const ch = chan<number>()
      yield* inARow(
        function* () {
          x.value = 1
          ch.close()
        },
        function* () {
          if (ch.isClosed) x.value = 2
          yield* ch.closed()
        },
      )
    },
    drops: ['acquire closed'],
  },
  'a value that a sliding buffer loses takes no place': {
    *program() {
      const x = newCell()
      const ch = chan<number>(sliding(1))
      yield* ch.send(0)
      yield* inARow(
        function* () {
          x.value = 1
          yield* ch.send(1)
        },
        function* () {
          yield* ch.receive()
          x.value = 2
        },
      )
    },
    drops: ['lost'],
  },
  'a value that a dropping buffer loses takes no place': {
    *program() {
      const x = newCell()
      const ch = chan<number>(dropping(1))
      yield* inARow(
        function* () {
          x.value = 1
          yield* ch.send(1)
          go(function* loser() {
            yield* ch.send(2)
          })
        },
        function* () {
          yield* ch.receive()
          x.value = 2
        },
      )
    },
    drops: ['put'],
  },
  'a value that is given back keeps its order': {
    *program() {
      const x = newCell()
      const ch = chan<number>()
      const subscription = from(ch.receive()).subscribe()
      yield* inARow(
        function* () {
          x.value = 1
          ch.trySend(1)
          subscription.unsubscribe()
        },
        function* () {
          yield* ch.receive()
          x.value = 2
        },
      )
    },
    drops: ['returned'],
  },
  'a send in a select comes before its receive': {
    *program() {
      const x = newCell()
      const ch = chan<number>()
      yield* inARow(
        function* () {
          yield* select({ got: ch.receive(), never: chan<number>().receive() })
          x.value = 2
        },
        function* () {
          x.value = 1
          yield* select({ sent: ch.send(1), never: chan<number>().receive() })
        },
      )
    },
    drops: ['met', 'wake'],
  },
  'an unlock comes before the next lock': {
    *program() {
      const x = newCell()
      const mu = mutex()
      function* add() {
        using _ = yield* mu.lock()
        x.value = yield* later(x.value)
      }
      yield* inARow(add, add)
    },
    drops: ['release unlock', 'wake'],
  },
  'an unlock comes before tryLock': {
    *program() {
      const x = newCell()
      const mu = mutex()
      yield* inARow(
        function* () {
          mu.tryLock()
          x.value = 1
          mu.unlock()
        },
        function* () {
          if (mu.tryLock()) x.value = 2
        },
      )
    },
    drops: ['acquire lock'],
  },
  'an unlock comes before the lock that it hands over': {
    *program() {
      const x = newCell()
      const mu = mutex()
      yield* inARow(
        function* () {
          yield* mu.lock()
          yield* sleep(5)
          x.value = 1
          mu.unlock()
        },
        function* () {
          yield* mu.lock()
          x.value = 2
        },
      )
    },
    drops: ['release unlock', 'wake'],
  },
  'an unlock of a writer comes before the lock of a reader': {
    *program() {
      const x = newCell()
      const rw = rwMutex()
      yield* inARow(
        function* () {
          yield* rw.lock()
          x.value = 1
          rw.unlock()
        },
        function* () {
          yield* rw.rLock()
          return x.value
        },
      )
    },
    drops: ['release unlock'],
  },
  'the unlocks of all readers come before the lock of a writer, and order no readers': {
    *program() {
      const x = newCell()
      const rw = rwMutex()
      function* read(ms: number) {
        yield* rw.rLock()
        yield* sleep(ms)
        rw.rUnlock()
        return x.value
      }
      go(read, 3)
      yield* inARow(
        () => read(4),
        function* () {
          yield* rw.lock()
          x.value = 2
        },
      )
    },
    drops: ['release rUnlock'],
    *without() {
      const x = newCell()
      const rw = rwMutex()
      yield* inARow(
        function* () {
          yield* rw.rLock()
          x.value = 1
          rw.rUnlock()
        },
        function* () {
          yield* rw.rLock()
          x.value = 2
          rw.rUnlock()
        },
      )
    },
  },
  'a release of a permit comes before the next acquire': {
    *program() {
      const x = newCell()
      const permits = semaphore(1)
      yield* inARow(
        function* () {
          using _ = yield* permits.acquire()
          x.value = 1
        },
        function* () {
          using _ = yield* permits.acquire()
          x.value = 2
        },
      )
    },
    drops: ['release permit'],
  },
  'a signal comes before the end of the wait': {
    *program() {
      const x = newCell()
      const mu = mutex()
      const ready = cond({ lock: () => gosched(), unlock: () => undefined })
      void mu
      yield* inARow(
        function* () {
          yield* ready.wait()
          x.value = 2
        },
        function* () {
          x.value = 1
          ready.signal()
        },
      )
    },
    drops: ['wake', 'release signal'],
  },
  'done comes before a wait that finds zero': {
    *program() {
      const x = newCell()
      const group = waitGroup()
      group.go(function* () {
        x.value = 1
      })
      yield* sleep(1)
      yield* group.wait()
      x.value = 2
    },
    drops: ['release done'],
  },
  'each done comes before the end of a wait': {
    *program() {
      const x = newCell()
      const group = waitGroup()
      group.go(function* () {
        x.value = 1
      })
      group.go(function* () {
        yield* sleep(1)
      })
      yield* group.wait()
      x.value = 2
    },
    drops: ['release done'],
  },
  'the function of a once comes before each of its calls': {
    *program() {
      const x = newCell()
      const setUp = once()
      function* fill() {
        x.value = 1
      }
      yield* inARow(
        function* () {
          yield* setUp.do(fill)
        },
        function* () {
          yield* setUp.do(fill)
          x.value = 2
        },
      )
    },
    drops: ['acquire end'],
  },
  'the function of onceValue comes before a call that waits': {
    *program() {
      const x = newCell()
      const value = onceValue(function* () {
        yield* sleep(5)
        x.value = 1
      })
      yield* inARow(
        function* () {
          yield* value()
        },
        function* () {
          yield* value()
          x.value = 2
        },
      )
    },
    drops: ['end', 'wake'],
  },
  'an unlock of a key comes before the next lock of the key': {
    *program() {
      const x = newCell()
      const keys = keyedMutex<string>()
      yield* inARow(
        function* () {
          using _ = yield* keys.lock('a')
          x.value = 1
        },
        function* () {
          using _ = yield* keys.lock('a')
          x.value = 2
        },
      )
    },
    drops: ['entry'],
    *without() {
      const x = newCell()
      const keys = keyedMutex<string>()
      yield* inARow(
        function* () {
          using _ = yield* keys.lock('a')
          x.value = 1
        },
        function* () {
          using _ = yield* keys.lock('b')
          x.value = 2
        },
      )
    },
  },
  'a store comes before a load of the key': {
    *program() {
      const x = newCell()
      const map = syncMap<string, number>()
      yield* inARow(
        function* () {
          x.value = 1
          map.store('a', 1)
        },
        function* () {
          if (map.load('a')._tag === 'Some') x.value = 2
        },
      )
    },
    drops: ['entry'],
    *without() {
      const x = newCell()
      const map = syncMap<string, number>()
      yield* inARow(
        function* () {
          x.value = 1
          map.store('a', 1)
        },
        function* () {
          map.load('b')
          x.value = 2
        },
      )
    },
  },
  'a store comes before a compareAndSwap of the key': {
    *program() {
      const x = newCell()
      const map = syncMap<string, number>()
      yield* inARow(
        function* () {
          x.value = 1
          map.swap('a', 1)
        },
        function* () {
          if (map.compareAndSwap('a', 1, 2)) x.value = 2
        },
      )
    },
    drops: ['entry'],
  },
  'the function of loadOrCompute comes before its callers': {
    *program() {
      const x = newCell()
      const map = syncMap<string, number>()
      function* load() {
        yield* map.loadOrCompute('a', function* () {
          yield* sleep(5)
          x.value = 1
          return 1
        })
      }
      yield* inARow(load, function* () {
        yield* load()
        x.value = 2
      })
    },
    drops: ['end', 'wake', 'entry'],
  },
  'put comes before get': {
    *program() {
      const x = newCell()
      const items = syncPool(() => ({}))
      yield* inARow(
        function* () {
          x.value = 1
          items.put({})
        },
        function* () {
          items.get()
          x.value = 2
        },
      )
    },
    drops: ['release start'],
  },
  'the function of a singleflight comes before its callers': {
    *program() {
      const x = newCell()
      const flights = singleflight<string, number>()
      function* ask() {
        yield* flights.do('a', function* () {
          yield* sleep(5)
          x.value = 1
          return 1
        })
      }
      yield* inARow(ask, function* () {
        yield* ask()
        x.value = 2
      })
    },
    drops: ['end', 'wake'],
  },
  'the functions of an errgroup come before its wait': {
    *program() {
      const x = newCell()
      const group = errgroup()
      group.go(function* () {
        x.value = 1
      })
      yield* sleep(1)
      yield* group.wait()
      x.value = 2
    },
    drops: ['release end'],
  },
  'all functions of an errgroup come before the end of a wait': {
    *program() {
      const x = newCell()
      const group = errgroup(background)
      group.go(function* () {
        x.value = 1
      })
      group.go(function* () {
        yield* sleep(1)
      })
      yield* group.wait()
      x.value = 2
    },
    drops: ['release end'],
  },
  'a function that ended by itself comes before the end of a group that is canceled': {
    *program() {
      const x = newCell()
      const performer = go(function* () {
        try {
          yield* all([
            function* () {
              x.value = 1
            },
            () => sleep(10),
          ])
        } finally {
          x.value = 2
        }
      })
      yield* sleep(5)
      performer.cancel()
      yield* performer.join().attempt()
    },
    drops: ['release end'],
  },
  'the call of go comes before a function that waited for room': {
    *program() {
      const x = newCell()
      const group = errgroup()
      group.setLimit(1)
      group.go(function* () {
        yield* sleep(2)
      })
      yield* gosched()
      x.value = 1
      group.go(function* () {
        x.value = 2
      })
      yield* sleep(5)
    },
    drops: ['release start'],
  },
  'the functions of a pool come before its wait': {
    *program() {
      const x = newCell()
      const jobs = pool({ size: 2 })
      jobs.go(function* () {
        x.value = 1
      })
      jobs.go(function* () {
        yield* sleep(1)
      })
      yield* jobs.wait()
      x.value = 2
    },
    drops: ['release end'],
  },
  'a cancel comes before done()': {
    *program() {
      const x = newCell()
      const ctx = withCancel(background)
      yield* inARow(
        function* () {
          x.value = 1
          ctx.cancel()
        },
        function* () {
          yield* ctx.done()
          x.value = 2
        },
      )
    },
    drops: ['release cancel'],
  },
  'a cancel comes before err() of a child': {
    *program() {
      const x = newCell()
      const parent = withCancel(background)
      const ctx = withCancel(parent)
      yield* inARow(
        function* () {
          x.value = 1
          parent.cancel()
        },
        function* () {
          if (ctx.err()._tag === 'Some') x.value = 2
        },
      )
    },
    drops: ['acquire canceled'],
  },
  'a cancel comes before a wait for done()': {
    *program() {
      const x = newCell()
      const ctx = withCancel(background)
      yield* inARow(
        function* () {
          yield* ctx.done()
          x.value = 2
        },
        function* () {
          x.value = 1
          ctx.cancel()
        },
      )
    },
    drops: ['wake', 'release cancel'],
  },
  'the call of afterFunc comes before its function': {
    *program() {
      const x = newCell()
      const ctx = withCancel(background)
      yield* inARow(
        function* () {
          x.value = 1
          afterFunc(ctx, function* after() {
            x.value = 2
          })
        },
        function* () {
          ctx.cancel()
        },
      )
    },
    drops: ['acquire start'],
  },
  'a deadline comes after the code that set it, and after no other': {
    *program() {
      const x = newCell()
      let ctx = withCancel(background)
      yield* inARow(
        function* () {
          x.value = 1
          ctx = withTimeout(background, 3)
        },
        function* () {
          yield* ctx.done()
          x.value = 2
        },
      )
    },
    drops: ['mark', 'wake', 'release cancel'],
    *without() {
      const x = newCell()
      const ctx = withTimeout(background, 3)
      yield* inARow(
        function* () {
          x.value = 1
        },
        function* () {
          yield* ctx.done()
          x.value = 2
        },
      )
    },
  },
  'a timer fires after the code that set it; a sleep orders nothing': {
    *program() {
      const x = newCell()
      let timer = newTimer(100)
      yield* inARow(
        function* () {
          x.value = 1
          timer = newTimer(3)
        },
        function* () {
          yield* timer.fired()
          x.value = 2
        },
      )
    },
    drops: ['wake'],
    *without() {
      const x = newCell()
      yield* inARow(
        function* () {
          x.value = 1
        },
        function* () {
          yield* sleep(1)
          x.value = 2
        },
      )
    },
  },
  'a tick comes after the code that made the ticker': {
    *program() {
      const x = newCell()
      let beat = ticker(100)
      yield* inARow(
        function* () {
          x.value = 1
          beat.stop()
          beat = ticker(2)
        },
        function* () {
          yield* beat.receive()
          yield* beat.receive()
          x.value = 2
          beat.stop()
        },
      )
    },
    drops: ['wake', 'met', 'put'],
  },
  'the requests of a rate limiter are in order': {
    *program() {
      const x = newCell()
      const limiter = rateLimiter(1000, 10)
      yield* inARow(
        function* () {
          x.value = 1
          limiter.allow()
        },
        function* () {
          yield* limiter.wait()
          x.value = 2
        },
      )
    },
    drops: ['entry'],
  },
  'a job that runs as a child is in order with its performer': {
    *program() {
      const x = newCell()
      const setUp = once()
      x.value = 1
      yield* setUp
        .do(function* () {
          yield* sleep(1)
          x.value = 2
        })
        .timeout(100)
      x.value = 3
    },
    drops: ['end', 'wake'],
  },
  'the workers of mapConcurrent share the iterator': {
    *program() {
      const x = newCell()
      function* items() {
        for (let i = 0; i < 4; i++) {
          x.value = i * 2
          yield i
        }
      }
      yield* mapConcurrent(items(), 2, function* (item) {
        yield* sleep(1)
        return item
      })
    },
    drops: ['entry'],
  },
  'the work of mapConcurrent comes before its end': {
    *program() {
      const x = newCell()
      yield* mapConcurrent([1, 2], 2, function* (item) {
        if (item === 1) x.value = 1
        yield* sleep(item)
      })
      x.value = 2
    },
    drops: ['release end', 'end', 'entry'],
  },
  'the work of workers comes before its result': {
    *program() {
      const x = newCell()
      const jobs = chan<number>(1)
      yield* jobs.send(1)
      jobs.close()
      const results = workers(2, jobs, function* (job) {
        x.value = job
      })
      yield* results.receive()
      x.value = 2
    },
    drops: ['met', 'wake'],
  },
  'a stage comes before the end of its pipeline': {
    *program() {
      const x = newCell()
      const ch = chan<number>(1)
      yield* ch.send(1)
      ch.close()
      yield* run(background, fromReceiver(ch).pipe(tap((value) => void (x.value = value)))).join()
      x.value = 2
    },
    drops: ['wake', 'end', 'acquire'],
    level: 'all',
  },
  'the goroutines of a worker pool come before the end of its pipeline': {
    *program() {
      const x = newCell()
      const ch = chan<number>(1)
      yield* ch.send(1)
      ch.close()
      const work = workerPool(1, function* (value: number) {
        yield* sleep(1)
        x.value = value
        return value
      })
      yield* run(background, fromReceiver(ch).pipe(work)).join()
      x.value = 2
    },
    drops: ['wake', 'end', 'acquire'],
  },
  'the close of a source that its subscriber has left may meet its sends': {
    *program() {
      const endless = fromGoroutine<number>(function* source(emit) {
        for (let i = 0; ; i++) yield* emit.send(i)
      })
      const ctx = withCancel(background)
      const running = run(ctx, endless.pipe(workerPool(1, () => sleep(5))))
      yield* sleep(1)
      ctx.cancel()
      yield* running.join().attempt()
    },
    drops: ['release leave'],
  },
  'an item that has left a stage comes before the end of its pipeline, in whatever name that comes': {
    *program() {
      const x = newCell()
      const items = new Subject<number>()
      const work = workerPool(1, function* (value: number) {
        yield* sleep(1)
        x.value = value
      })
      const running = run(background, items.pipe(work))
      go(function* feeder() {
        items.next(1)
        yield* sleep(5)
        items.complete()
      })
      yield* running.join()
      x.value = 2
    },
    drops: ['release end', 'acquire'],
  },
  'everything comes before the end of bubble.wait': {
    *program({ wait }) {
      const x = newCell()
      go(function* writer() {
        x.value = 1
      })
      yield* wait()
      x.value = 2
    },
    drops: ['wake', 'acquire'],
  },
  'the settling of a promise comes before the end of a wait for it': {
    *program() {
      const x = newCell()
      let resolve = (): void => {}
      const promise = new Promise<void>((settle) => (resolve = settle))
      yield* inARow(
        function* () {
          x.value = 1
          resolve()
        },
        function* () {
          yield* fromPromise(promise)
          x.value = 2
        },
      )
    },
    drops: ['wake', 'release end'],
  },
}

/** The value, after a wait. */
function* later<T>(value: T): Generator<never, T> {
  yield* sleep(1)
  return value
}
