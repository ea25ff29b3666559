/** Programs over the kernel, the toolkit and the operators, each with what must hold under every schedule. */
import {
  afterFunc,
  background,
  chan,
  cond,
  errgroup,
  go,
  gosched,
  mutex,
  newTimer,
  once,
  pool,
  range,
  rwMutex,
  select,
  semaphore,
  singleflight,
  sleep,
  ticker,
  trySelect,
  waitGroup,
  withCancel,
  withTimeout,
  workers,
  type Chan,
  type Receiver,
  type Sender,
} from 'millrace'
import {
  batch,
  byKey,
  collect,
  fromGoroutine,
  fromIterable,
  fromReceiver,
  mergeFair,
  queue,
  run,
  sendTo,
  until,
  workerPool,
} from 'millrace/operators'
import type { Program } from 'millrace/testing'
import { take } from 'rxjs'
import { anyState } from './any-state.js'

type Steps = Generator<never, void>

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

function same(got: unknown, expected: unknown, what: string): void {
  check(JSON.stringify(got) === JSON.stringify(expected), `${what}: ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`)
}

function* produce(to: Sender<number>, ...values: number[]): Steps {
  for (const value of values) yield* to.send(value)
}

function* drain<T>(from: Receiver<T>, into: T[]): Steps {
  for (const it = range(from); yield* it.next();) into.push(it.value)
}

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b)

export const kernelPrograms: Record<string, Program> = {
  'channel: nothing lost, nothing doubled, each sender in order': function* (run) {
    const ch = chan<number>(run.choose(3))
    const group = waitGroup()
    group.go(produce, ch, 1, 2, 3)
    group.go(produce, ch, 11, 12)
    const got: number[][] = [[], []]
    const receivers = got.map((into) => go(drain<number>, ch, into))
    yield* group.wait()
    ch.close()
    for (const one of receivers) yield* one.join()
    same(sorted(got.flat()), [1, 2, 3, 11, 12], 'received')
    for (const one of got) for (const part of [one.filter((n) => n < 10), one.filter((n) => n > 10)]) same(part, sorted(part), 'order')
  },
  'channel: close releases all who wait': function* () {
    const ch = chan<number>()
    const results: string[] = []
    const parts = [
      go(function* () {
        results.push((yield* ch.send(1).attempt())._tag)
      }),
      go(function* () {
        results.push((yield* ch.receive())._tag)
      }),
      go(function* () {
        results.push((yield* ch.receive())._tag)
      }),
    ]
    yield* gosched()
    ch.close()
    for (const one of parts) yield* one.join()
    check(results.length === 3, 'all came back')
    check(results.filter((tag) => tag === 'Some').length === results.filter((tag) => tag === 'Right').length, 'what was sent was received')
  },
  'channel and select: whatever is done in whatever state, nothing is lost, nothing doubled': anyState,
  'select: a case that loses has no effect': function* () {
    const [a, b] = [chan<number>(), chan<number>(1)]
    const got: number[] = []
    const sender = go(produce, a, 1)
    const other = go(produce, b, 2)
    for (let i = 0; i < 2; i++) {
      const it = yield* select({ a: a.receive(), b: b.receive() })
      if (it.value._tag === 'Some') got.push(it.value.value)
    }
    yield* sender.join()
    yield* other.join()
    same(sorted(got), [1, 2], 'received')
    check(trySelect({ a: a.receive(), b: b.receive() })._tag === 'None', 'nothing is left')
  },
  'select: never meets itself, and meets another once': function* () {
    const ch = chan<number>()
    const met: string[] = []
    const both = function* (): Steps {
      const it = yield* select({ send: ch.send(1), receive: ch.receive() })
      met.push(it.case)
    }
    const parts = [go(both), go(both)]
    for (const one of parts) yield* one.join()
    same([...met].sort(), ['receive', 'send'], 'met')
  },
  'cancel: what was granted is delivered, what was not goes to others': function* () {
    const ch = chan<number>()
    const got: number[] = []
    const receiver = go(drain<number>, ch, got)
    const sender = go(produce, ch, 1, 2)
    const canceler = go(function* () {
      receiver.cancel()
    })
    yield* canceler.join()
    yield* receiver.join().attempt()
    const rest: number[] = []
    const second = go(drain<number>, ch, rest)
    yield* sender.join()
    ch.close()
    yield* second.join()
    same([...got, ...rest], [1, 2], 'received')
  },
  'mutex: one at a time; given up, it is not held': function* () {
    const mu = mutex()
    let inside = 0
    const enter = function* (ctx: ReturnType<typeof withCancel>): Steps {
      using _guard = yield* mu.lock().within(ctx)
      check(++inside === 1, 'alone')
      yield* gosched()
      inside--
    }
    const ctx = withCancel(background)
    const parts = [go(enter, withCancel(background)), go(enter, ctx), go(enter, withCancel(background))]
    ctx.cancel()
    for (const one of parts) yield* one.join().attempt()
    check(mu.tryLock(), 'free at the end')
  },
  'rwMutex: readers together, writers alone': function* () {
    const rw = rwMutex()
    let readers = 0
    let writers = 0
    const read = function* (): Steps {
      using _guard = yield* rw.rLock()
      readers++
      check(writers === 0, 'no writer')
      yield* gosched()
      readers--
    }
    const write = function* (): Steps {
      using _guard = yield* rw.lock()
      check(++writers === 1 && readers === 0, 'alone')
      yield* gosched()
      writers--
    }
    const parts = [go(read), go(write), go(read), go(write)]
    for (const one of parts) yield* one.join()
    check(rw.tryLock(), 'free at the end')
  },
  'semaphore and cond: bounded, and no signal is lost on one who gave up': function* () {
    const permits = semaphore(2)
    const mu = mutex()
    const changed = cond(mu)
    let held = 0
    let served = 0
    const work = function* (k: number): Steps {
      using _permit = yield* permits.acquire(k)
      held += k
      check(held <= 2, 'bounded')
      yield* gosched()
      held -= k
      using _guard = yield* mu.lock()
      served++
      changed.signal()
    }
    const parts = [go(work, 1), go(work, 2), go(work, 1)]
    const guard = yield* mu.lock()
    while (served < 3) yield* changed.wait()
    guard[Symbol.dispose]()
    for (const one of parts) yield* one.join()
  },
  'wait group and once: once, and all wait for it': function* () {
    const first = once()
    const group = waitGroup()
    let runs = 0
    let isOver = false
    const body = function* (): Steps {
      runs++
      yield* gosched()
      isOver = true
    }
    for (let i = 0; i < 3; i++) {
      group.go(function* () {
        yield* first.do(body)
        check(isOver, 'it is over')
      })
    }
    yield* group.wait()
    same(runs, 1, 'runs')
  },
  'context: the end reaches all below, once, with its cause': function* () {
    const root = withCancel(background)
    const below = withTimeout(root, 5)
    let calls = 0
    afterFunc(below, () => void calls++)
    const cause = new Error('enough')
    const waiting = [root, below].map((ctx) =>
      go(function* () {
        yield* ctx.done()
      }),
    )
    go(function* () {
      root.cancel(cause)
    })
    for (const one of waiting) yield* one.join()
    while (calls === 0) yield* gosched()
    same(calls, 1, 'calls')
    const given = below.cause()
    check(given._tag === 'Some' && (given.value === cause || (given.value as Error).name === 'DeadlineExceededError'), 'cause')
  },
  'timer: after stop or reset no stale expiry': function* (run) {
    const timer = newTimer(10)
    yield* select({ slept: sleep(10), fired: timer.fired() })
    const start = run.now()
    timer.reset(100)
    yield* timer.fired()
    check(run.now() >= start + 100, 'not before its time')
    check(!timer.stop(), 'received, so there was nothing to stop')
  },
  'ticker: ticks in order, and none after stop': function* () {
    const beat = ticker(10)
    let last = 0
    for (let i = 0; i < 2; i++) {
      const it = yield* beat.receive()
      check(it._tag === 'Some' && it.value > last, 'later')
      if (it._tag === 'Some') last = it.value
    }
    beat.stop()
    check((yield* select({ beat: beat.receive(), quiet: sleep(100) })).case === 'quiet', 'silent')
  },
  'errgroup: the first failure, the others told': function* () {
    const group = errgroup(background)
    let told = 0
    const waiting = function* (): Steps {
      try {
        yield* chan<never>().receive()
      } finally {
        told++
      }
    }
    group.go(waiting)
    group.go(function* () {
      yield* gosched()
      throw new Error('first')
    })
    group.go(waiting)
    const end = yield* group.wait().attempt((cause) => (cause as Error).message)
    check(end._tag === 'Left' && end.left === 'first', 'the first failure')
    check(told <= 2, 'each once')
  },
  'workers and pool: all results': function* () {
    const jobs = chan<number>(4)
    yield* produce(jobs, 1, 2, 3)
    jobs.close()
    const doubled: number[] = []
    yield* drain(
      workers(2, jobs, function* (n) {
        yield* gosched()
        return n * 2
      }),
      doubled,
    )
    same(sorted(doubled), [2, 4, 6], 'workers')
    const two = pool<number>({ size: 2 })
    for (const n of [1, 2, 3]) {
      two.go(function* () {
        yield* gosched()
        return n
      })
    }
    same(yield* two.wait(), [1, 2, 3], 'pool')
  },
  'singleflight: one flight, shared': function* () {
    const flights = singleflight<string, number>()
    let runs = 0
    const body = function* () {
      runs++
      yield* gosched()
      return runs
    }
    const callers = [0, 1].map(() =>
      go(function* () {
        return (yield* flights.do('key', body)).value
      }),
    )
    const values: number[] = []
    for (const one of callers) values.push(yield* one.join())
    check(
      values.every((value) => value <= runs),
      'a value of a run',
    )
  },
}

const halfStep = function* (n: number): Generator<never, number> {
  yield* gosched()
  return n * 10
}

export const operatorPrograms: Record<string, Program> = {
  'workerPool ordered: in order, at most n at once': function* () {
    let active = 0
    const work = function* (n: number): Generator<never, number> {
      check(++active <= 2, 'at most two')
      yield* gosched()
      active--
      return n * 10
    }
    const got = yield* collect(background, fromIterable([1, 2, 3, 4]).pipe(workerPool(2, work, { ordered: true }))).join()
    same(got, [10, 20, 30, 40], 'results')
  },
  'workerPool: nothing lost, nothing doubled': function* () {
    const got = yield* collect(background, fromIterable([1, 2, 3]).pipe(workerPool(2, halfStep, { ordered: false }))).join()
    same(sorted(got), [10, 20, 30], 'results')
  },
  'workerPool: the first failure is the pipeline’s': function* () {
    const work = function* (n: number): Generator<never, number> {
      yield* gosched()
      if (n === 2) throw new Error('two')
      return n
    }
    const end = yield* collect(background, fromIterable([1, 2, 3]).pipe(workerPool(2, work)))
      .join()
      .attempt()
    check(end._tag === 'Left', 'failed')
  },
  'unsubscribe: no work starts after it, running work is unwound, nothing stays parked': function* () {
    let started = 0
    let ended = 0
    const work = function* (n: number): Generator<never, number> {
      started++
      try {
        yield* sleep(5)
      } finally {
        ended++
      }
      return n
    }
    const subscription = fromIterable([1, 2, 3, 4, 5, 6]).pipe(workerPool(2, work)).subscribe()
    let before = -1
    const leaver = go(function* () {
      subscription.unsubscribe()
      before = started
    })
    yield* leaver.join()
    while (ended < started) yield* gosched()
    yield* sleep(20)
    same(started, before, 'started')
  },
  'a context that ends: the pipeline fails with its cause, or was done before': function* () {
    const ctx = withCancel(background)
    const cause = new Error('enough')
    const pipeline = run(ctx, fromIterable([1, 2, 3]).pipe(workerPool(2, halfStep)))
    go(function* () {
      ctx.cancel(cause)
    })
    const end = yield* pipeline.join().attempt()
    check(end._tag === 'Right' || end.left === cause, 'ends with its cause')
  },
  'receiver to sender through a pool: all arrive, and the channel is closed': function* () {
    const [jobs, results] = [chan<number>(1), chan<number>()]
    const producer = go(function* () {
      yield* produce(jobs, 1, 2, 3)
      jobs.close()
    })
    const pipeline = run(background, fromReceiver(jobs).pipe(workerPool(2, halfStep), sendTo(results, { close: true })))
    const got: number[] = []
    yield* drain(results, got)
    yield* producer.join()
    yield* pipeline.join()
    same(sorted(got), [10, 20, 30], 'results')
  },
  'byKey: in order for each key': function* () {
    const seen: number[] = []
    const work = function* (n: number): Generator<never, number> {
      yield* gosched()
      seen.push(n)
      return n
    }
    yield* collect(background, fromIterable([1, 11, 2, 12, 3]).pipe(byKey((n) => n > 10, 2, work))).join()
    same(seen.filter((n) => n < 10), [1, 2, 3], 'low') // prettier-ignore
    same(seen.filter((n) => n > 10), [11, 12], 'high') // prettier-ignore
  },
  'batch, queue and take: what was taken, in order': function* () {
    const got = yield* collect(
      background,
      fromGoroutine<number>(function* (emit: Sender<number>) {
        yield* produce(emit, 1, 2, 3, 4, 5)
      }).pipe(queue(2, 'block'), batch({ size: 2 }), take(2)),
    ).join()
    same(got, [[1, 2], [3, 4]], 'batches') // prettier-ignore
  },
  'mergeFair: all of both': function* () {
    const got = yield* collect(background, mergeFair(fromIterable([1, 2]), fromIterable([11, 12]))).join()
    same(sorted(got), [1, 2, 11, 12], 'merged')
  },
  'until: stops, and leaves the source be': function* () {
    const ch: Chan<number> = chan()
    const stop = chan<never>()
    const pipeline = collect(background, fromReceiver(ch).pipe(until(stop)))
    const sender = go(function* () {
      const it = yield* select({ sent: ch.send(1), slept: sleep(50) })
      return it.case
    })
    const stopper = go(function* () {
      stop.close()
    })
    yield* stopper.join()
    const got = yield* pipeline.join()
    const end = yield* sender.join()
    check(got.length + ch.size === (end === 'sent' ? 1 : 0), `received ${got.length}, given back ${ch.size}, and the sender says ${end}`)
  },
}
