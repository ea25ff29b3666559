/** The callbacks of `stores.ts`: a row for each function that takes one, named after the function. */
import type * as Core from 'millrace'
import type * as FpTs from 'millrace/fp-ts'
import type * as Node from 'millrace/node'
import type * as NodeOperators from 'millrace/node/operators'
import type * as Operators from 'millrace/operators'
import type * as Threads from 'millrace/threads'
import type * as Web from 'millrace/web'
import type * as WebOperators from 'millrace/web/operators'
import type * as Rx from 'rxjs'

export type Modules = typeof Core & {
  readonly ops: typeof Operators
  readonly node: typeof Node
  readonly nodeOps: typeof NodeOperators
  readonly web: typeof Web
  readonly webOps: typeof WebOperators
  readonly fp: typeof FpTs
  readonly threads: typeof Threads
  readonly rx: typeof Rx
}

/** Registers a callback, in request A. Returns the function that makes the callback run, called in request B. */
export type Ask = (m: Modules, look: () => void, inB: <R>(f: () => R) => R) => () => unknown
export type Rows = Readonly<Record<string, Ask>>

const nothing = (): void => {}

/** Functions that are performed as jobs: each waits for B, and then looks. */
const job =
  (make: (m: Modules, body: () => Core.Routine<number>) => PromiseLike<unknown>): Ask =>
  (m, look) => {
    const gate = m.chan<number>(4)
    const performed = make(m, function* () {
      look()
      const { value } = (yield* gate.receive()) as { readonly value: number }
      look()
      return value
    })
    performed.then(nothing, nothing)
    return () => [1, 2, 3, 4].map((n) => gate.trySend(n))
  }

/** Pipelines over a channel that B sends to. */
const pipeline =
  (make: (m: Modules, look: () => void) => Rx.OperatorFunction<number, unknown>): Ask =>
  (m, look) => {
    const items = m.chan<number>(8)
    m.ops.fromReceiver(items).pipe(make(m, look), m.rx.map(look)).subscribe({ error: nothing })
    return () => {
      for (let i = 0; i < 4; i++) items.trySend(i)
      items.close()
    }
  }

/** The same over a Subject, which calls the stage in B's own call. */
const foreign =
  (make: (m: Modules, look: () => void) => Rx.OperatorFunction<number, unknown>): Ask =>
  (m, look) => {
    const items = new m.rx.Subject<number>()
    items.pipe(make(m, look), m.rx.map(look)).subscribe({ error: nothing })
    return () => {
      for (let i = 0; i < 4; i++) items.next(i)
      items.complete()
    }
  }

const both = (name: string, make: (m: Modules, look: () => void) => Rx.OperatorFunction<number, unknown>): Record<string, Ask> => ({
  [name]: pipeline(make),
  [`${name}, foreign`]: foreign(make),
})

/** A function of a group that has no room until B says so. */
const queued =
  (make: (m: Modules) => { go(f: () => unknown): void }): Ask =>
  (m, look, inB) => {
    const group = make(m)
    const gate = m.chan(1)
    inB(() =>
      group.go(function* () {
        yield* gate.receive()
      }),
    )
    group.go(look)
    group.go(function* () {
      look()
      yield* m.sleep(1)
      look()
    })
    group.go(async () => {
      await m.sleep(1)
      look()
    })
    return () => gate.trySend(1)
  }

const runtime: Record<string, Ask> = {
  go: (m, look) => {
    const gate = m.chan(1)
    m.go(function* () {
      look()
      yield* gate.receive()
      look()
      yield* m.sleep(1)
      look()
      yield* m.gosched()
      look()
    })
    return () => gate.trySend(1)
  },
  'go, async': (m, look) => {
    const gate = m.chan(1)
    m.go.named('async', async () => {
      await gate.receive()
      look()
    })
    return () => gate.trySend(1)
  },
  'go, canceled': (m, look) => {
    const goroutine = m.go(function* () {
      try {
        yield* m.never()
      } finally {
        look()
        yield* m.sleep(1)
        look()
      }
    })
    return () => goroutine.cancel()
  },
  'go, of a job': (m, look) => {
    const gate = m.chan(1)
    m.go(m.withRetry(m.backoff({ first: 1 }), () => gate.receive()).map(look))
    return () => gate.trySend(1)
  },
  'chan: then': (m, look) => {
    const channel = m.chan(1)
    channel.receive().then(look, nothing)
    return () => channel.trySend(1)
  },
  'chan: then with one function': (m, look) => {
    const channel = m.chan(1)
    void channel.receive().then(look)
    return () => channel.trySend(1)
  },
  'chan: then of a throw': (m, look) => {
    const channel = m.chan(1)
    channel.receive().then(nothing, look)
    return () => channel.close(new Error('closed'))
  },
  'mutex: then': (m, look) => {
    const lock = m.mutex()
    lock.tryLock()
    lock.lock().then(look, nothing)
    return () => lock.unlock()
  },
  'semaphore: then': (m, look) => {
    const permits = m.semaphore(1)
    permits.tryAcquire(1)
    permits.acquire(1).then(look, nothing)
    return () => permits.release(1)
  },
  'rwMutex: then': (m, look) => {
    const lock = m.rwMutex()
    lock.tryLock()
    lock.rLock().then(look, nothing)
    return () => lock.unlock()
  },
  'waitGroup: then': (m, look) => {
    const group = m.waitGroup()
    group.add(1)
    group.wait().then(look, nothing)
    return () => group.done()
  },
  'withCancel: then': (m, look) => {
    const ctx = m.withCancel(m.background)
    ctx.done().then(look, nothing)
    return () => ctx.cancel()
  },
  'newTimer: then': (m, look) => {
    const timer = m.newTimer(10_000)
    timer.fired().then(look, nothing)
    return () => timer.reset(1)
  },
  'select: then': (m, look) => {
    const channel = m.chan(1)
    m.select({ value: channel.receive(), never: null }).then(look, nothing)
    return () => channel.trySend(1)
  },
  'choose: map': (m, look) => {
    const channel = m.chan(1)
    m.choose(channel.receive().map(look), m.never()).then(nothing, nothing)
    return () => channel.trySend(1)
  },
  'chan: attempt': (m, look) => {
    const channel = m.chan(1)
    m.go(function* () {
      yield* channel.receive().attempt(look)
    })
    void channel.receive().attempt(look).then(nothing)
    return () => channel.close(new Error('closed'))
  },
  'fromPromise: map': (m, look) => {
    let settle = nothing
    const promise = new Promise<void>((resolve) => (settle = resolve))
    m.fromPromise(promise).map(look).then(nothing, nothing)
    return () => settle()
  },
  'chan: subscribe': (m, look) => {
    const channel = m.chan(1)
    m.rx.from(channel as unknown as Rx.Observable<unknown>).subscribe(look)
    m.rx.from(channel.receive() as unknown as Rx.Observable<unknown>).subscribe(look)
    return () => {
      channel.trySend(1)
      channel.trySend(2)
    }
  },
  afterFunc: (m, look) => {
    const ctx = m.withCancel(m.background)
    m.afterFunc(ctx, look)
    m.afterFunc(ctx, function* () {
      yield* m.sleep(1)
      look()
    })
    return () => ctx.cancel()
  },
  'withCancel: signal': (m, look) => {
    const ctx = m.withCancel(m.background)
    ctx.signal.addEventListener('abort', look)
    return () => ctx.cancel()
  },
  'withTimeout: signal': (m, look) => {
    m.withTimeout(m.background, 30).signal.addEventListener('abort', look)
    return nothing
  },
  fromSignal: (m, look) => {
    const controller = new AbortController()
    m.afterFunc(m.fromSignal(controller.signal), look)
    return () => controller.abort()
  },
  errgroup: queued((m) => {
    const group = m.errgroup(m.background)
    group.setLimit(1)
    return group
  }),
  pool: queued((m) => m.pool<unknown>({ size: 1 })),
  'pool, paused': (m, look) => {
    const tasks = m.pool({ size: 1 })
    tasks.pause()
    tasks.go(look)
    return () => tasks.resume()
  },
  waitGroup: (m, look) => {
    const gate = m.chan(1)
    m.waitGroup().go(function* () {
      yield* gate.receive()
      look()
    })
    return () => gate.trySend(1)
  },
  workers: (m, look) => {
    const jobs = m.chan<number>(4)
    const results = m.workers(1, jobs, look)
    results.receive().then(look, nothing)
    return () => jobs.trySend(1)
  },
  mapConcurrent: (m, look) => {
    const items = m.chan<number>(4)
    m.mapConcurrent(items, 2, look).then(look, nothing)
    return () => {
      items.trySend(1)
      items.trySend(2)
      items.close()
    }
  },
  withRetry: (m, look) => {
    const gate = m.chan(1)
    m.withRetry(
      (failed) => (look(), failed.attempts > 1 ? null : 1),
      function* () {
        look()
        yield* gate.receive()
        throw new Error('again')
      },
    ).then(nothing, look)
    return () => gate.close()
  },
  backoff: (m, look) => {
    const gate = m.chan(1)
    m.withRetry(m.backoff({ first: 1, attempts: 2, retryIf: () => (look(), true) }), () => gate.receive()).then(nothing, nothing)
    return () => gate.close(new Error('closed'))
  },
  once: job((m, body) => m.once().do(body)),
  onceFunc: job((m, body) => m.onceFunc(body)()),
  onceValue: job((m, body) => m.onceValue(body)().map(String)),
  singleflight: job((m, body) => m.singleflight<string, number>().do('key', body)),
  syncMap: job((m, body) => m.syncMap<string, number>().loadOrCompute('key', body)),
  all: job((m, body) => m.all([body, body])),
  any: job((m, body) => m.any([body, body])),
  race: job((m, body) => m.race([body, body])),
  hedge: job((m, body) => m.hedge(1, [body, body])),
  timeout: job((m, body) => m.timeout(10_000, body)),
  scope: job((m, body) => m.scope(m.background, (scope) => scope.go(body).join())),
  uncancelable: job((m, body) =>
    m
      .go(function* () {
        yield* m.uncancelable(body())
      })
      .join(),
  ),
  onCrash: (m, look) => {
    m.onCrash(look)
    return () =>
      m.go(() => {
        throw new Error('crash')
      })
  },
  onLateFailure: (m, look) => {
    m.onLateFailure(look)
    return () => {
      const gate = m.chan(1)
      const late = m.go(async () => {
        setTimeout(() => {
          late.cancel()
          gate.trySend(1)
        }, 0)
        await gate.receive()
        throw new Error('late')
      })
    }
  },
}

const async = (look: () => void) => async () => {
  look()
  await new Promise((resolve) => setTimeout(resolve, 1))
  look()
}

const operators: Record<string, Ask> = {
  ...both('workerPool', (m, look) => m.ops.workerPool(1, async(look))),
  ...both('workerPool, in order', (m, look) => m.ops.workerPool(2, async(look), { ordered: true })),
  ...both('workerPool, sync', (m, look) => m.ops.workerPool(1, look)),
  ...both('workerPool, generator', (m, look) =>
    m.ops.workerPool(1, function* () {
      look()
      yield* m.sleep(1)
      look()
    }),
  ),
  ...both('workerPool, operation', (m, look) => m.ops.workerPool(1, () => m.sleep(1).map(look))),
  ...both('workerPool, observable', (m, look) => m.ops.workerPool(1, () => m.rx.timer(1).pipe(m.rx.map(look)))),
  ...both('workerPool, restart', (m, look) => {
    let failures = 0
    const work = () => {
      look()
      if (failures++ < 2) throw new Error('again')
    }
    return m.ops.workerPool(1, work, { onFailure: 'restart', schedule: ({ attempts }) => (look(), attempts - 1) })
  }),
  ...both('byKey', (m, look) => m.ops.byKey(look, 2, async(look), { commit: look })),
  ...both('groupByKey', (m, look) =>
    m.ops.groupByKey(
      (i) => (look(), i % 2),
      (group) => (look(), group.pipe(m.rx.map(look))),
      { most: 4, idle: 5 },
    ),
  ),
  ...both('fanOut', (m, look) => m.ops.fanOut(2, (branch) => branch.pipe(m.rx.map(look)))),
  ...both('broadcast', (m, look) =>
    m.ops.broadcast(
      (branch) => branch.pipe(m.ops.workerPool(1, async(look))),
      (branch) => branch.pipe(m.rx.map(look)),
    ),
  ),
  ...both('batch', (m) => m.ops.batch({ size: 3, within: 1 })),
  ...both('windowsByCount', (m) => m.ops.windowsByCount({ size: 2 })),
  ...both('windowsByTime', (m) => m.ops.windowsByTime({ ms: 2, most: 2 })),
  ...both('queue', (m) => m.ops.queue(1)),
  ...both(
    'queue, losing',
    (m) => (source) =>
      source.pipe(
        m.ops.queue(4, 'drop-oldest'),
        m.ops.workerPool(1, () => m.sleep(1)),
      ),
  ),
  ...both('conflate', (m, look) => m.ops.conflate((held) => (look(), held))),
  ...both('debounce', (m) => m.ops.debounce(1)),
  ...both('throttle', (m) => m.ops.throttle(1)),
  ...both('decode', (m, look) => {
    const validate = (value: unknown): { value: number } => (look(), { value: value as number })
    return m.ops.decode({ '~standard': { version: 1, vendor: 'test', validate } })
  }),
  ...both('pausable', (m) => m.ops.pausable(m.ops.pauseControls())),
  ...both('prioritize', (m, look) => m.ops.prioritize((n: number) => (look(), n))),
  ...both('progress', (m, look) => m.ops.progress(look, { every: 0 })),
  ...both('tee', (m, look) => m.ops.tee(m.rx.tap(look))),
  ...both('timeoutEach', (m) => m.ops.timeoutEach(1_000_000)),
  retryEach: pipeline((m, look) => (source) => {
    const failing = (): number => {
      throw new Error('again')
    }
    return source.pipe(
      m.ops.workerPool(1, failing, { onFailure: 'skip' }),
      m.ops.retryEach(({ attempts }) => (look(), attempts > 2 ? null : 0)),
    )
  }),
  ...both('rateLimit', (m) => m.ops.rateLimit(m.rateLimiter(m.rateEvery(1), 1))),
  ...both('relay', (m) => (source) => source.pipe(m.ops.relay(), m.ops.queue(1))),
  ...both('until', (m) => (source) => source.pipe(m.ops.until(m.never()), m.ops.queue(1))),
  ...both('withContext', (m) => (source) => source.pipe(m.ops.withContext(m.background), m.ops.queue(1))),
  ...both('named', (m) => (source) => source.pipe(m.ops.queue(1), m.ops.named('part'))),
  ...both('meter', (m) => (source) => source.pipe(m.ops.meter('meter'), m.ops.queue(1))),
  ...both(
    'catchTo',
    (m, look) => (source) =>
      source.pipe(
        m.ops.workerPool(1, (i) => {
          look()
          if (i === 1) throw new Error('dead')
        }),
        m.ops.catchTo(m.chan<Operators.DeadLetter>(4)),
      ),
  ),
  ...both('sendTo', (m, look) => (source) => source.pipe(m.ops.queue(1), m.rx.tap(look), m.ops.sendTo(m.chan<number>(8)))),
  ...both('mergeFair', (m) => (source) => m.ops.mergeFair(source, m.ops.fromIterable([9]))),
  ...both('zipBounded', (m) => (source) => m.ops.zipBounded(source, m.ops.fromIterable([7, 8, 9]))),
  retryWith: pipeline(
    (m, look) => (source) =>
      source.pipe(
        m.rx.map((i) => {
          look()
          if (i === 1) throw new Error('again')
        }),
        m.ops.retryWith(({ attempts }) => (look(), attempts - 1)),
      ),
  ),
  repeatWith: pipeline(
    (m, look) => (source) => source.pipe(m.ops.repeatWith(({ attempts }) => (look(), attempts > 2 ? null : attempts - 1))),
  ),
  pipeline: pipeline((m, look) => (source) => m.ops.pipeline(source, m.ops.workerPool(1, async(look)), m.rx.map(look))),
  fromReceiver: pipeline((m, look) => m.rx.map(look)),
  fromIterable: (m, look) => {
    const items = m.chan<number>(4)
    async function* source() {
      for await (const item of items) {
        look()
        yield item
      }
    }
    m.ops
      .fromIterable(source())
      .pipe(m.rx.map(look), m.ops.workerPool(1, async(look)))
      .subscribe(look)
    return () => [1, 2].map((i) => items.trySend(i))
  },
  fromGoroutine: (m, look) => {
    const items = m.chan<number>(4)
    m.ops
      .fromGoroutine<number>(function* (emit) {
        look()
        yield* items.receive()
        look()
        yield* emit.send(1)
      })
      .subscribe(look)
    return () => items.trySend(1)
  },
  fromOp: (m, look) => {
    const items = m.chan<number>(4)
    m.ops.fromOp(() => (look(), items.receive().map(look))).subscribe(look)
    return () => items.trySend(1)
  },
  fromSelect: (m, look) => {
    const items = m.chan<number>(4)
    m.ops.fromSelect(() => (look(), { item: items.receive() })).subscribe(look)
    return () => [1, 2].map((i) => items.trySend(i))
  },
  run: (m, look) => {
    const items = m.chan<number>(4)
    m.ops
      .run(m.background, m.ops.fromReceiver(items).pipe(m.rx.tap(look), m.ops.workerPool(1, async(look))))
      .join()
      .then(look, nothing)
    return () => {
      items.trySend(1)
      items.close()
    }
  },
  collect: (m, look) => {
    const items = new m.rx.Subject<number>()
    m.ops
      .collect(m.background, items.pipe(m.ops.queue(1), m.rx.tap(look)))
      .join()
      .then(look, nothing)
    return () => {
      items.next(1)
      items.complete()
    }
  },
  toReceiver: (m, look) => {
    const items = m.chan<number>(4)
    const results = m.ops.toReceiver(m.ops.fromReceiver(items).pipe(m.rx.tap(look)), { capacity: 1 })
    results.receive().then(look, nothing)
    return () => items.trySend(1)
  },
  onUnpaced: (m, look) => {
    m.ops.onUnpaced(look)
    const items = new m.rx.Subject<number>()
    items.pipe(m.ops.workerPool(1, async(nothing))).subscribe()
    return () => {
      items.next(1)
      items.next(2)
    }
  },
}

export const rows: Rows = { ...runtime, ...operators }
