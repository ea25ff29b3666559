/** The end of a pipeline: every source, stage and sink × every way to end, and the end that is right. */
import { background, chan, onLateFailure, rateLimiter, withCancel, workers, type CancelContext, type Chan, type Receiver } from 'millrace'
import {
  batch,
  byKey,
  collect,
  fromGoroutine,
  fromIterable,
  fromOp,
  fromReceiver,
  fromSelect,
  mergeFair,
  meter,
  named,
  queue,
  rateLimit,
  relay,
  repeatWith,
  retryWith,
  run,
  sendTo,
  toReceiver,
  until,
  windowsByCount,
  windowsByTime,
  withContext,
  workerPool,
  zipBounded,
  catchTo,
  fanOut,
  broadcast,
  groupByKey,
  type DeadLetter,
} from 'millrace/operators'
import { finalize, NEVER, take, tap, type Observable, type OperatorFunction } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

class Lazy extends Error {
  override get cause(): never {
    throw new Error('not loaded')
  }
}
/** What user code may throw. */
const causes: Record<string, unknown> = {
  'an error': new Error('lost'),
  undefined: undefined,
  'an error with a throwing getter': new Lazy('lazy'),
}

/** A source of 1 and 2 that then throws `cause`. */
const sources: Record<string, (cause: unknown) => Observable<number>> = {
  'fromIterable, sync': (cause) =>
    fromIterable(
      (function* () {
        yield* [1, 2]
        throw cause
      })(),
    ),
  'fromIterable, async': (cause) =>
    fromIterable(
      (async function* () {
        yield* [1, 2]
        await Promise.resolve()
        throw cause
      })(),
    ),
  'fromGoroutine, generator': (cause) =>
    fromGoroutine<number>(function* (emit) {
      yield* emit.send(1)
      yield* emit.send(2)
      throw cause
    }),
  'fromGoroutine, async': (cause) =>
    fromGoroutine<number>(async (emit) => {
      await emit.send(1)
      await emit.send(2)
      throw cause
    }),
  fromReceiver: (cause) => {
    const ch = chan<number>(2)
    ch.trySend(1)
    ch.trySend(2)
    ch.close(cause === undefined ? new Error('undefined was thrown') : cause)
    return fromReceiver(ch)
  },
  fromSelect: (cause) => {
    let round = 0
    return fromSelect(() => {
      if (++round > 2) throw cause
      return { n: Promise.resolve(round) }
    }).pipe(workerPool(1, (chosen) => chosen.value))
  },
  fromOp: (cause) =>
    fromOp(() => {
      throw cause
    }),
  mergeFair: (cause) => mergeFair(NEVER as Observable<number>, sources['fromIterable, sync'](cause)),
  zipBounded: (cause) => zipBounded(fromIterable([1, 2, 3]), sources['fromIterable, sync'](cause)).pipe(workerPool(1, ([n]) => n)),
}

const same = <T>(source: Observable<T>): Observable<T> => source
/** Stages that lose no item of a source that fails, and their items. */
const stages: Record<string, () => OperatorFunction<number, number | readonly number[]>> = {
  'no stage': () => same,
  batch: () => batch({ size: 10 }),
  'byKey, at once': () => byKey((n) => n, 2, (n) => n), // prettier-ignore
  catchTo: () => catchTo(chan<DeadLetter>()),
  'fanOut of one': () => fanOut(1, same),
  'broadcast to one': () => broadcast(same<number>),
  groupByKey: () => groupByKey((n) => n, same),
  meter: () => meter('m'),
  named: () => named('part'),
  queue: () => queue(10),
  'queue, drop-oldest': () => queue(10, 'drop-oldest'),
  rateLimit: () => rateLimit(rateLimiter(Infinity, 1)),
  relay: () => relay(),
  repeatWith: () => repeatWith(() => null),
  retryWith: () => retryWith(() => null),
  until: () => until(chan()),
  windowsByCount: () => windowsByCount({ size: 10 }),
  windowsByTime: () => windowsByTime<number>({ ms: 1e9, most: 10 }) as unknown as OperatorFunction<number, number>,
  withContext: () => withContext(withCancel(background)),
  'workerPool, at once': () => workerPool(2, (n) => n),
}

const outcome = async <T>(of: PromiseLike<T>): Promise<{ value: T } | { thrown: unknown }> => {
  try {
    return { value: await of }
  } catch (thrown) {
    return { thrown }
  }
}

async function drain<T>(receiver: Receiver<T>): Promise<{ seen: T[]; end: 'closed' | { thrown: unknown } }> {
  const seen: T[] = []
  try {
    for await (const item of receiver) seen.push(item)
    return { seen, end: 'closed' }
  } catch (thrown) {
    return { seen, end: { thrown } }
  }
}

const flat = (items: readonly unknown[]): unknown[] =>
  items.flatMap((item) => (typeof item === 'object' && item !== null && 'items' in item ? item.items : item))

describe.each(Object.entries(causes))('a source that throws %s', (_, cause) => {
  describe.each(Object.entries(sources))('%s', (source, make) => {
    const expected = source === 'fromOp' ? [] : [1, 2]
    const isReplaced = source === 'fromReceiver' && cause === undefined // a channel cannot be closed with undefined
    const isThe = (thrown: unknown): boolean => (isReplaced ? thrown instanceof Error : thrown === cause)
    it.each(Object.entries(stages))('%s: its items, then that error', async (_name, stage) => {
      const seen: unknown[] = []
      const end = await outcome(run(background, make(cause).pipe(stage(), tap((item) => seen.push(item)))).join()) // prettier-ignore
      expect('thrown' in end && isThe(end.thrown)).toBe(true)
      expect(flat(seen).flat()).toEqual(expected)
    })
    it('toReceiver, sendTo({ close: true }): slow receivers see its items, then that error', async () => {
      const closed = cause === undefined ? 'undefined was thrown' : (cause as Error).message
      const viaReceiver = await drain(toReceiver(make(cause).pipe(queue(5)), { capacity: 0 }))
      expect(viaReceiver).toMatchObject({ seen: expected, end: { thrown: { message: closed } } })
      const ch = chan<number>()
      const ended = outcome(run(background, make(cause).pipe(sendTo(ch, { close: true }))).join())
      expect(await drain(ch)).toMatchObject({ seen: expected, end: { thrown: { message: closed } } })
      expect('thrown' in (await ended)).toBe(true)
    })
  })
})

describe('a throw of undefined', () => {
  const fails = (): never => {
    throw undefined
  }
  it.each([
    ['a worker', () => workerPool(1, fails)],
    ['a worker by key', () => byKey((n) => n, 1, fails)], // prettier-ignore
    ['a key', () => byKey(fails, 1, (n) => n)], // prettier-ignore
    ['a group key', () => groupByKey(fails, same)],
    ['a limiter', () => rateLimit({ wait: fails })],
    ['a schedule', () => repeatWith(fails)],
    ['a branch', () => fanOut(1, fails)],
  ] as [string, () => OperatorFunction<number, number>][])('of %s is a failure', async (_, stage) => {
    expect(await outcome(collect(background, fromIterable([1]).pipe(stage())).join())).toEqual({ thrown: undefined })
    const { end } = await drain(toReceiver(fromIterable([1]).pipe(stage()), { capacity: 0 }))
    expect(end).toMatchObject({ thrown: { message: 'undefined was thrown' } })
  })
  it('of a job closes the results of workers with an error', async () => {
    const jobs = chan<number>(1)
    jobs.trySend(1)
    jobs.close()
    expect((await drain(workers(1, jobs, fails))).end).toMatchObject({ thrown: { message: 'undefined was thrown' } })
  })
})

describe.each(Object.entries(stages))('the context ends: %s', (_, stage) => {
  const stopped = new Error('stopped')
  /** Runs under a context of the run, or of `withContext`, and sends to a channel that is read. */
  async function ending(by: 'run' | 'withContext', end: (ctx: CancelContext) => void, atItem: number) {
    const ctx = withCancel(background)
    const ch = chan<unknown>(10)
    if (atItem === 0) end(ctx)
    const pipeline = fromIterable([1, 2, 3]).pipe(
      tap((n) => n === atItem && end(ctx)),
      stage(),
      sendTo(ch, { close: true }),
    )
    const running = by === 'run' ? run(ctx, pipeline) : run(background, pipeline.pipe(withContext(ctx)))
    const [over, received] = await Promise.all([outcome(running.join()), drain(ch)])
    if (atItem === 4) end(ctx)
    return { over, received }
  }
  describe.each(['run', 'withContext'] as const)('of %s', (by) => {
    it.each([0, 1, 2, 3])('at item %i: the pipeline fails with the cause, and so does the channel', async (atItem) => {
      const { over, received } = await ending(by, (ctx) => ctx.cancel(stopped), atItem)
      expect(over).toEqual({ thrown: stopped })
      expect(received.end).toEqual({ thrown: stopped })
    })
    it('after the end: nothing', async () => {
      const { over, received } = await ending(by, (ctx) => ctx.cancel(stopped), 4)
      expect(over).toEqual({ value: undefined })
      expect(flat(received.seen).flat()).toEqual([1, 2, 3])
      expect(received.end).toBe('closed')
    })
  })
  it('the subscriber leaves: the channel is closed, with a CanceledError', async () => {
    const ch = chan<unknown>()
    const subscription = fromIterable([1, 2, 3])
      .pipe(stage(), sendTo(ch, { close: true }))
      .subscribe()
    await settle()
    subscription.unsubscribe()
    expect((await drain(ch)).end).toMatchObject({ thrown: { name: 'CanceledError' } })
  })
})

describe('a stage that is never subscribed to', () => {
  it('closes its channel without a cause where until(stop) was ready', async () => {
    const ch = chan<number>()
    await run(background, fromIterable([1]).pipe(sendTo(ch, { close: true }), until(done()))).join() // prettier-ignore
    expect(await drain(ch)).toEqual({ seen: [], end: 'closed' })
  })
  it('closes it in the branches of a broadcast as well', async () => {
    const ctx = withCancel(background)
    ctx.cancel(new Error('before'))
    const ch = chan<number>()
    const pipeline = fromIterable([1]).pipe(broadcast((b: Observable<number>) => b.pipe(sendTo(ch, { close: true }))))
    expect(await outcome(run(ctx, pipeline).join())).toMatchObject({ thrown: { message: 'before' } })
    expect(await drain(ch)).toMatchObject({ end: { thrown: { message: 'before' } } })
  })
})

/** A channel that is closed: a stop that is ready. */
function done() {
  const ch = chan<never>()
  ch.close()
  return ch
}

describe('the subscriber of a source leaves', () => {
  const stopped = new Error('stopped')
  const late: unknown[] = []
  const watching = async (act: () => Promise<unknown>): Promise<unknown[]> => {
    late.length = 0
    const off = onLateFailure((error) => late.push(error))
    try {
      await act()
      await settle()
    } finally {
      off()
    }
    return [...late]
  }
  it('an async producer is released: its send fails, and its finally runs', async () => {
    let open = 0
    const rows = fromGoroutine<number>(async (emit) => {
      open++
      try {
        for (let i = 0; ; i++) await emit.send(i)
      } finally {
        open--
      }
    })
    expect(await watching(() => Promise.resolve(collect(background, rows.pipe(take(2))).join()))).toEqual([])
    expect(open).toBe(0)
  })
  it('an error that comes after the last wanted item is a late failure, and no crash', async () => {
    const lost = new Error('connection lost')
    const feed = fromGoroutine<number>(function* (emit) {
      yield* emit.send(1)
      throw lost
    })
    const seen = await watching(async () => expect(await collect(background, feed.pipe(take(1))).join()).toEqual([1]))
    expect(seen.every((error) => error === lost)).toBe(true)
  })
  it.each([
    ['sync', { [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }), return: boom }) }],
    ['async', { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: false, value: 1 }), return: boom }) }],
  ])('a return of an iterator (%s) that throws is a late failure', async (_, iterable) => {
    const pipeline = fromIterable(iterable as unknown as Iterable<number>).pipe(take(1))
    const seen = await watching(async () => expect(await collect(background, pipeline).join()).toEqual([1]))
    expect(seen).toMatchObject([{ message: 'return' }])
  })
  it('a finalizer that throws is a late failure, and the run waits for its goroutines', async () => {
    const unwound: string[] = []
    const pipeline = fromGoroutine<number>(function* (emit) {
      try {
        yield* emit.send(1)
        yield* chan().receive()
      } finally {
        unwound.push('goroutine')
      }
    }).pipe(finalize(boom))
    const ctx = withCancel(background)
    const seen = await watching(async () => {
      const end = outcome(run(ctx, pipeline).join())
      await settle()
      ctx.cancel(stopped)
      expect(await end).toEqual({ thrown: stopped })
    })
    expect(seen).toMatchObject([{ message: 'return' }])
    expect(unwound).toEqual(['goroutine'])
  })
})

function boom(): never {
  throw new Error('return')
}

describe('an iterator that misbehaves', () => {
  const throwing = {
    get done(): never {
      throw new Error('getter')
    },
  }
  it.each([
    ['undefined', undefined, 'the result of next()'],
    ['null', null, 'the result of next()'],
    ['a number', 1, 'the result of next()'],
    ['a result whose getter throws', throwing, 'getter'],
  ])('returns %s: the pipeline fails', async (_, result, message) => {
    const sync = { [Symbol.iterator]: () => ({ next: () => result }) } as unknown as Iterable<number>
    const async = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(result) }) } as unknown as AsyncIterable<number>
    for (const iterable of [sync, async]) {
      const end = await outcome(collect(background, fromIterable(iterable)).join())
      expect(end).toMatchObject({ thrown: { message: expect.stringContaining(message) as string } })
    }
  })
})

describe('commits of byKey', () => {
  it('come after the result has left the pipeline: a result that the sink has not sent is not committed', async () => {
    const [out, ctx] = [chan<number>(), withCancel(background)]
    const committed: number[] = []
    const log = byKey((n: number) => n, 2, (n: number) => Promise.resolve(n), { waiting: 4, commit: (n) => committed.push(n) }) // prettier-ignore
    const end = outcome(run(ctx, fromIterable([1, 2, 3, 4, 5, 6, 7, 8]).pipe(log, sendTo(out))).join())
    await settle()
    expect(committed).toEqual([]) // sendTo has it
    expect(await out.receive()).toMatchObject({ value: 1 })
    await settle()
    expect(committed).toEqual([1])
    ctx.cancel()
    expect(await end).toMatchObject({ thrown: { name: 'CanceledError' } })
    expect(committed).toEqual([1])
  })
  it('count the last item that is wanted', async () => {
    const committed: number[] = []
    const log = byKey((n: number) => n, 1, (n: number) => n, { commit: (n) => committed.push(n) }) // prettier-ignore
    expect(await collect(background, fromIterable([1, 2, 3]).pipe(log, take(2))).join()).toEqual([1, 2])
    expect(committed).toEqual([1, 2])
  })
})

describe('a context that its own source ends, which then completes in the same turn', () => {
  const stopped = new Error('stopped')
  const source = (ctx: CancelContext) =>
    fromIterable(
      (function* () {
        yield 1
        ctx.cancel(stopped)
      })(),
    )

  it.each([
    ['sendTo', (ch: Chan<number>) => sendTo(ch, { close: true })],
    ['sendTo, below a queue', (ch: Chan<number>) => (above: Observable<number>) => above.pipe(queue(3), sendTo(ch, { close: true }))],
    ['sendTo, below work', (ch: Chan<number>) => (above: Observable<number>) => above.pipe(workerPool(2, (n) => n), sendTo(ch, { close: true }))], // prettier-ignore
  ] satisfies [string, (ch: Chan<number>) => OperatorFunction<number, never>][])(
    '%s closes its channel with the cause',
    async (_, sink) => {
      const ctx = withCancel(background)
      const ch = chan<number>(5)
      await expect(run(ctx, source(ctx).pipe(sink(ch))).join()).rejects.toBe(stopped)
      expect(await ch.receive()).toMatchObject({ value: 1 })
      await expect(ch.receive()).rejects.toBe(stopped)
    },
  )

  it('a stage under a plain subscription fails with the cause', async () => {
    const ctx = withCancel(background)
    const end = await new Promise((resolve) =>
      source(ctx)
        .pipe(queue(3), withContext(ctx))
        .subscribe({ error: resolve, complete: () => resolve('completed') }),
    )
    expect(end).toBe(stopped)
  })
})
