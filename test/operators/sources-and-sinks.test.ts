/** The sources and sinks: what they take, when they start and end, and what leaving them gives back. */
import {
  after,
  background,
  chan,
  DeadlineExceededError,
  go,
  rateLimiter,
  sleep,
  ticker,
  withCancel,
  withTimeout,
  type Context,
} from 'millrace'
import {
  collect,
  fromGoroutine,
  fromIterable,
  fromOp,
  fromReceiver,
  fromSelect,
  rateLimit,
  run,
  sendTo,
  toReceiver,
  until,
  withContext,
  workerPool,
} from 'millrace/operators'
import { from, merge, NEVER, of, Subject, take, takeWhile, throwError, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

describe('fromReceiver', () => {
  it('takes nothing before the first turn, and completes with the close', async () => {
    const ch = chan<number>(3)
    for (const i of [1, 2, 3]) ch.trySend(i)
    const got: unknown[] = []
    fromReceiver(ch).subscribe({ next: (v) => got.push(v), complete: () => got.push('end') })
    expect(got).toEqual([])
    ch.close()
    await settle()
    expect(got).toEqual([1, 2, 3, 'end'])
  })

  it('fails with the cause of the close', async () => {
    const ch = chan<number>(1)
    ch.trySend(1)
    ch.close('why')
    const got: unknown[] = []
    fromReceiver(ch).subscribe({ next: (v) => got.push(v), error: (cause) => got.push(cause) })
    await settle()
    expect(got).toEqual([1, 'why'])
  })

  it('gives back what was on its way to a subscriber who left', async () => {
    const ch = chan<number>()
    const subscription = fromReceiver(ch).subscribe()
    await settle()
    ch.trySend(1)
    subscription.unsubscribe()
    expect(await ch.receive()).toEqual({ _tag: 'Some', value: 1 })
  })

  it('gives back the item it holds while the stage below is full', async () => {
    const a = chan<number>()
    const b = chan<number>()
    const subscription = merge(fromReceiver(a), fromReceiver(b))
      .pipe(workerPool(1, () => NEVER))
      .subscribe()
    await settle()
    a.trySend(1)
    await settle()
    expect(b.trySend(2)).toBe(true) // it had demand when it began to wait
    await settle()
    expect(a.trySend(3)).toBe(false)
    subscription.unsubscribe()
    expect(await b.receive()).toEqual({ _tag: 'Some', value: 2 })
  })

  it('takes from any receiver: a ticker', async () => {
    using clock = virtualTime()
    const beat = ticker(10)
    const ticks = all(fromReceiver(beat).pipe(take(3)))
    await clock.advance(100)
    expect((await ticks).map((t) => t - Date.UTC(2000, 0, 1))).toEqual([10, 20, 30])
    beat.stop()
  })
})

describe('fromIterable', () => {
  it('asks for the iterator soon and not inline, and calls its return when the subscriber leaves', async () => {
    const log: string[] = []
    function* items(): Generator<number> {
      log.push('begin')
      try {
        for (let i = 0; ; i++) yield i
      } finally {
        log.push('return')
      }
    }
    const got: number[] = []
    fromIterable(items())
      .pipe(take(2))
      .subscribe((v) => got.push(v))
    expect(log).toEqual([])
    await settle()
    expect([got, log]).toEqual([[0, 1], ['begin', 'return']]) // prettier-ignore
  })

  it('takes async iterables, one at a time, and calls their return', async () => {
    const log: string[] = []
    async function* items(): AsyncGenerator<number> {
      try {
        for (let i = 0; ; i++) {
          log.push(`make ${i}`)
          yield i
        }
      } finally {
        log.push('return')
      }
    }
    expect(await all(fromIterable(items()).pipe(take(2)))).toEqual([0, 1])
    await settle()
    expect(log).toEqual(['make 0', 'make 1', 'return'])
  })

  it('fails with what the iterator throws, sync or async', async () => {
    const boom = new Error('boom')
    const bad = {
      *sync() {
        yield 1
        throw boom
      },
      async *async() {
        yield 1
        throw boom
      },
    }
    await expect(all(fromIterable(bad.sync()))).rejects.toBe(boom)
    await expect(all(fromIterable(bad.async()))).rejects.toBe(boom)
  })

  it('an endless one lets the host have its turn, and can be stopped', async () => {
    let n = 0
    const endless = (function* () {
      for (;;) yield n++
    })()
    const subscription = fromIterable(endless).subscribe()
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    subscription.unsubscribe()
    const before = n
    expect(before).toBeGreaterThan(0)
    await settle()
    expect(n).toBe(before)
  })
})

describe('fromOp', () => {
  it('performs once for each subscriber, and completes', async () => {
    const ch = chan<number>(2)
    ch.trySend(1)
    ch.trySend(2)
    const one = fromOp(() => ch.receive())
    expect(await all(one)).toEqual([{ _tag: 'Some', value: 1 }])
    expect(await all(one)).toEqual([{ _tag: 'Some', value: 2 }])
  })
  it('fails with the throw of the operation, or of what makes it', async () => {
    const ch = chan<number>()
    ch.close('closed')
    await expect(all(fromOp(() => ch.receive()))).rejects.toBe('closed')
    const thrower = (): never => {
      throw new Error('made')
    }
    await expect(all(fromOp(thrower))).rejects.toThrow('made')
    await expect(all(fromOp(() => 3 as never))).rejects.toThrow(/expected an operation, got 3/)
  })
  it('gives a context that ends when the subscriber leaves', async () => {
    let given: Context | null = null
    const subscription = fromOp((ctx) => {
      given = ctx
      return chan<number>().receive()
    }).subscribe()
    await settle()
    subscription.unsubscribe()
    expect((given as Context | null)?.err()._tag).toBe('Some')
  })
})

describe('fromSelect', () => {
  it('is armed anew each round, with sends as cases, until make answers null', async () => {
    const jobs = chan<number>(1)
    const beats = chan<string>(1)
    let rounds = 0
    const seen = await all(
      fromSelect(() => {
        if (++rounds > 4) return null
        jobs.trySend(rounds)
        return { job: jobs.receive(), beat: rounds === 1 && beats.send('beat') }
      }),
    )
    expect(seen).toHaveLength(4)
    expect(seen.filter((r) => r.case === 'beat').length).toBe(beats.size)
  })
  it('times out by a case, again each round', async () => {
    using clock = virtualTime()
    const idle = all(fromSelect(() => ({ job: chan<number>().receive(), idle: after(10) })).pipe(take(2)))
    await clock.advance(20)
    expect((await idle).map((r) => r.case)).toEqual(['idle', 'idle'])
  })
  it('ends with takeWhile', async () => {
    const quit = chan<void>()
    quit.close()
    expect(await all(fromSelect(() => ({ quit: quit.receive() })).pipe(takeWhile((r) => r.case !== 'quit')))).toEqual([])
  })
})

describe('fromGoroutine', () => {
  it('is cold: a goroutine for each subscriber, whose sends wait for demand', async () => {
    const log: string[] = []
    const numbers = fromGoroutine<number>(function* (emit) {
      for (let i = 0; i < 3; i++) {
        yield* emit.send(i)
        log.push(`sent ${i}`)
      }
    })
    const subscription = numbers.pipe(workerPool(1, () => NEVER)).subscribe()
    await settle()
    expect(log).toEqual(['sent 0']) // nobody takes the second from the source
    subscription.unsubscribe()
    expect(await all(numbers)).toEqual([0, 1, 2])
  })
  it('fails with its throw, undefined included', async () => {
    await expect(
      all(
        fromGoroutine<number>(function* (emit) {
          yield* emit.send(1)
          throw undefined
        }),
      ),
    ).rejects.toBe(undefined)
  })
  it('is canceled when the subscriber leaves: finally runs, ctx ends', async () => {
    const log: string[] = []
    const subscription = fromGoroutine<number>(function* (emit, ctx) {
      try {
        yield* emit.send(1)
        yield* ctx.done()
        yield* sleep(0)
      } finally {
        log.push(`unwound, ${ctx.err()._tag}`)
      }
    }).subscribe()
    await settle()
    subscription.unsubscribe()
    await settle()
    expect(log).toEqual(['unwound, Some'])
  })
})

describe('sendTo', () => {
  it('pauses its source while the send waits, and closes the channel at the end', async () => {
    const ch = chan<number>(2)
    let made = 0
    const g = run(
      background,
      fromIterable(
        (function* () {
          for (; made < 10;) yield made++
        })(),
      ).pipe(sendTo(ch, { close: true })),
    )
    await settle()
    expect([made, ch.size]).toEqual([3, 2])
    const got: number[] = []
    for await (const v of ch) got.push(v)
    await g.join()
    expect(got).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })
  it('closes it with the cause when the pipeline fails', async () => {
    const ch = chan<number>()
    const g = run(background, throwError(() => 'bad').pipe(sendTo(ch, { close: true })))
    await expect(g.join()).rejects.toBe('bad')
    await expect(Promise.resolve(ch.receive())).rejects.toBe('bad')
  })
  it('leaves it open without close, and fails on a closed one', async () => {
    const ch = chan<number>(1)
    await run(background, of(1).pipe(sendTo(ch))).join()
    expect(ch.closed).toBe(false)
    ch.close()
    await expect(run(background, of(1).pipe(sendTo(ch))).join()).rejects.toThrow('send on closed channel')
  })
  it('a canceled run takes its send back', async () => {
    const ch = chan<number>()
    const g = run(background, of(1).pipe(sendTo(ch)))
    await settle()
    g.cancel()
    await settle()
    expect(ch.tryReceive()).toEqual({ _tag: 'Left', left: 'empty' })
  })
})

describe('toReceiver', () => {
  it('pauses the pipeline while its channel is full, and is closed with its end', async () => {
    let made = 0
    const items = (function* () {
      while (made < 6) yield made++
    })()
    const receiver = toReceiver(fromIterable(items), { capacity: 2 })
    await settle()
    expect(made).toBe(3)
    const got: number[] = []
    for await (const v of receiver) got.push(v)
    expect(got).toEqual([0, 1, 2, 3, 4, 5])
  })
  it('throws what the pipeline failed with, once drained; and the cause of its context', async () => {
    const failing = toReceiver(from([1]).pipe(workerPool(1, () => Promise.reject(new Error('no')))), { capacity: 1 })
    await expect(Promise.resolve(failing.receive())).rejects.toThrow('no')
    const ctx = withCancel(background)
    const stopped = toReceiver(NEVER, { capacity: 1, ctx })
    await settle()
    ctx.cancel('stop')
    await expect(Promise.resolve(stopped.receive())).rejects.toBe('stop')
  })
})

describe('run and collect', () => {
  it('a context that has ended: the source is never subscribed to', async () => {
    const ctx = withCancel(background)
    ctx.cancel('before')
    let subscribed = false
    const source = new Subject<number>()
    const watched = from([source]).pipe(take(1))
    await expect(
      run(
        ctx,
        watched.pipe(
          workerPool(1, () => {
            subscribed = true
            return source
          }),
        ),
      ).join(),
    ).rejects.toBe('before')
    expect(subscribed).toBe(false)
  })
  it('the deadline ends it, with DeadlineExceededError', async () => {
    using clock = virtualTime()
    const g = run(withTimeout(background, 50), NEVER)
    const joined = Promise.resolve(g.join()).catch((cause: unknown) => cause)
    await clock.advance(50)
    expect(await joined).toBeInstanceOf(DeadlineExceededError)
  })
  it('refuse what is no observable, and what is no context', () => {
    expect(() => run(background, 3 as never)).toThrow(/run\(ctx, pipeline\): expected an Observable, got 3/)
    expect(() => collect(null as never, NEVER)).toThrow(/nil parent.*got null/)
  })
})

describe('withContext', () => {
  it('ends with an error that is the cause, and never subscribes under a context that has ended', async () => {
    const ctx = withCancel(background)
    const got: unknown[] = []
    fromReceiver(chan<number>())
      .pipe(withContext(ctx))
      .subscribe({ error: (cause) => got.push(cause) })
    await settle()
    ctx.cancel('over')
    await settle()
    expect(got).toEqual(['over'])
    let calls = 0
    const counted = fromIterable({
      [Symbol.iterator]: () => {
        calls++
        return [1][Symbol.iterator]()
      },
    })
    counted.pipe(withContext(ctx)).subscribe({ error: (cause) => got.push(cause) })
    await settle()
    expect([got, calls]).toEqual([['over', 'over'], 0])
  })
  it('holds for everything above it', async () => {
    const ctx = withCancel(background)
    let given: Context | null = null
    const subscription = fromIterable([1])
      .pipe(
        workerPool(1, (_, c) => {
          given = c
          return NEVER
        }),
        withContext(ctx),
      )
      .subscribe({ error: () => {} })
    await settle()
    ctx.cancel('told')
    expect((given as Context | null)?.cause()).toEqual({ _tag: 'Some', value: 'told' })
    subscription.unsubscribe()
  })
})

describe('until', () => {
  it('completes with an operation, a value of a receiver, its close, or the end of a context', async () => {
    const op = chan<void>()
    const value = chan<void>()
    const closed = chan<void>()
    const ctx = withCancel(background)
    const ended: string[] = []
    const watch = (name: string, stop: Parameters<typeof until>[0]) =>
      fromReceiver(chan<number>())
        .pipe(until(stop))
        .subscribe({ complete: () => ended.push(name) })
    watch('op', op.receive())
    watch('value', value)
    watch('close', closed)
    watch('ctx', ctx)
    await settle()
    op.trySend()
    value.trySend()
    closed.close()
    ctx.cancel()
    await settle()
    expect(ended.sort()).toEqual(['close', 'ctx', 'op', 'value'])
  })
  it('stops a pipeline that is full', async () => {
    const quit = chan<void>()
    let isOver = false
    fromIterable([1, 2, 3])
      .pipe(
        until(quit),
        workerPool(1, () => NEVER.pipe(until(quit))),
      )
      .subscribe({ complete: () => (isOver = true) })
    await settle()
    quit.close()
    await settle()
    expect(isOver).toBe(true)
  })
  it('never subscribes where the stop is ready already, and takes one value only', async () => {
    const quit = chan<void>(2)
    quit.trySend()
    quit.trySend()
    expect(await all(fromIterable([1]).pipe(until(quit)))).toEqual([])
    expect(quit.size).toBe(1)
  })
  it('leaves nothing behind when the source completes first', async () => {
    const quit = chan<number>()
    expect(await all(fromIterable([1]).pipe(until(quit)))).toEqual([1])
    expect(quit.trySend(1)).toBe(false)
  })
  it('refuses what cannot stop it', () => {
    expect(() => until(5 as never)).toThrow(/until\(stop\): expected an operation, a Receiver or a Context, got 5/)
  })
})

describe('rateLimit', () => {
  it('lets items pass at the pace of the limiter, and its source waits', async () => {
    using clock = virtualTime()
    let made = 0
    const at: number[] = []
    const g = run(
      background,
      fromIterable(
        (function* () {
          while (made < 5) yield made++
        })(),
      ).pipe(
        rateLimit(rateLimiter(10, 2)),
        workerPool(9, () => {
          at.push(clock.now() - Date.UTC(2000, 0, 1))
        }),
      ),
    )
    await clock.advance(0)
    expect([made, at]).toEqual([3, [0, 0]])
    await clock.advance(1000)
    await g.join()
    expect(at).toEqual([0, 0, 100, 200, 300])
  })
  it('a subscriber who leaves takes no token', async () => {
    using clock = virtualTime()
    const limiter = rateLimiter(10, 1)
    expect(limiter.allow()).toBe(true)
    const subscription = of(1).pipe(rateLimit(limiter)).subscribe()
    await settle()
    subscription.unsubscribe()
    await clock.advance(100)
    expect(limiter.allow()).toBe(true)
  })
})

it('a whole pipeline: jobs in, results out, in order', async () => {
  const jobs = chan<number>(4)
  const results = chan<string>()
  go(function* () {
    for (let i = 0; i < 100; i++) yield* jobs.send(i)
    jobs.close()
  })
  const g = run(
    background,
    fromReceiver(jobs).pipe(
      workerPool(5, async (n) => String(n * n), { ordered: true }),
      sendTo(results, { close: true }),
    ),
  )
  const got: string[] = []
  for await (const r of results) got.push(r)
  await g.join()
  expect(got).toEqual(Array.from({ length: 100 }, (_, i) => String(i * i)))
})
