/** What becomes of an item whose work fails, of a source that fails, and where an error says it came from. */
import { background, backoff, chan, CanceledError, gosched, sleep, withCancel, type Chan } from 'millrace'
import {
  batch,
  broadcast,
  byKey,
  catchTo,
  collect,
  fromGoroutine,
  fromIterable,
  fromReceiver,
  named,
  onUnpaced,
  repeatWith,
  retryWith,
  run,
  sendTo,
  StageTrail,
  withContext,
  workerPool,
  type DeadLetter,
  type OnFailure,
} from 'millrace/operators'
import { explore } from 'millrace/testing'
import { concat, defer, EMPTY, from, map, NEVER, of, throwError, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())
const boom = new Error('boom')

/** Fails on odd items, in each of the ways. */
const odd: Record<string, (i: number) => unknown> = {
  throws(i) {
    if (i % 2 === 1) throw boom
    return i
  },
  rejects: (i) => (i % 2 === 1 ? Promise.reject(boom) : Promise.resolve(i)),
  'throws in a generator': function* (i) {
    yield* sleep(0)
    if (i % 2 === 1) throw boom
    return i
  },
  'fails as an observable': (i) => (i % 2 === 1 ? throwError(() => boom) : of(i)),
}

describe('onFailure', () => {
  it.each(Object.keys(odd))('skip: the items that fail are passed over, in order or not; work that %s', async (how) => {
    const work = odd[how] as (i: number) => number
    for (const ordered of [true, false]) {
      const pool = workerPool(2, work, { onFailure: 'skip', ordered })
      expect((await all(fromIterable([0, 1, 2, 3, 4, 5]).pipe(pool))).sort()).toEqual([0, 2, 4])
    }
    expect((await all(fromIterable([0, 1, 2, 3]).pipe(byKey((i) => i % 3, 2, work, { onFailure: 'skip' })))).sort()).toEqual([0, 2])
  })

  it('restart: the work is done again, as the schedule says, and the item keeps its place meanwhile', async () => {
    using clock = virtualTime()
    const begun: [item: number, at: number][] = []
    const start = clock.now()
    const pool = workerPool(
      1,
      (i: number) => {
        begun.push([i, clock.now() - start])
        if (i === 1 && begun.length < 4) throw boom
        return i
      },
      { onFailure: 'restart', schedule: ({ attempts }) => 10 * attempts },
    )
    const results = collect(background, fromIterable([1, 2]).pipe(pool))
    await clock.advance(100)
    expect(await results.join()).toEqual([1, 2])
    expect(begun).toEqual([[1, 0], [1, 10], [1, 30], [1, 60], [2, 60]]) // prettier-ignore
  })

  it('restart: stops with the last throw when the schedule says no more; each item is counted by itself', async () => {
    const tries = new Map<number, number>()
    const pool = workerPool(
      1,
      (i: number) => {
        const n = (tries.get(i) ?? 0) + 1
        tries.set(i, n)
        if (n <= i) throw boom
        return i
      },
      { onFailure: 'restart', schedule: ({ attempts }) => (attempts < 3 ? 0 : null) },
    )
    const failed: unknown = await all(fromIterable([1, 2, 3]).pipe(pool)).catch((cause: unknown) => cause)
    expect(failed).toBe(boom)
    expect([...tries.values()]).toEqual([2, 3, 3])
  })

  it('restart: whoever leaves while it waits leaves no timer', async () => {
    using clock = virtualTime()
    const pool = workerPool(1, odd.throws, { onFailure: 'restart', schedule: backoff({ first: 1000 }) })
    const subscription = fromIterable([1]).pipe(pool).subscribe()
    await settle()
    expect(clock.waiting).toBe(1)
    subscription.unsubscribe()
    expect(clock.waiting).toBe(0)
  })

  it('a throw of the schedule is the error', async () => {
    const schedule = (): never => {
      throw new Error('schedule')
    }
    await expect(all(of(1).pipe(workerPool(1, odd.throws, { onFailure: 'restart', schedule })))).rejects.toThrow('schedule')
  })

  it('refuses what is none of them', () => {
    expect(() => workerPool(1, (i) => i, { onFailure: 'resume' as OnFailure })).toThrow(
      /workerPool\(…, { onFailure }\): expected "stop", "skip" or "restart", got "resume"/,
    )
    expect(() => byKey(Number, 1, (i: number) => i, { schedule: 5 as never })).toThrow(
      /byKey\(…, { schedule }\): expected a function, got 5/,
    )
  })
})

describe('catchTo', () => {
  const letters = (ch: Chan<DeadLetter>): unknown[] => {
    const got: unknown[] = []
    for (let letter = ch.tryReceive(); letter._tag === 'Right'; letter = ch.tryReceive()) got.push(letter.right)
    return got
  }
  it.each(Object.keys(odd))('sends on each item whose work fails, with the cause; work that %s', async (how) => {
    const dead = chan<DeadLetter>(10)
    const pipeline = fromIterable([0, 1, 2, 3]).pipe(workerPool(2, odd[how] as (i: number) => number, { name: 'parse' }), catchTo(dead))
    expect((await all(pipeline)).sort()).toEqual([0, 2])
    expect(letters(dead)).toEqual([
      { value: 1, cause: boom, stage: 'parse', position: 1 },
      { value: 3, cause: boom, stage: 'parse', position: 3 },
    ])
  })
  it('a full channel of letters paces the stage: the item keeps its place until the letter is sent', async () => {
    const dead = chan<DeadLetter>()
    const begun: number[] = []
    const pool = workerPool(1, (i: number) => {
      begun.push(i)
      throw boom
    })
    const g = run(background, fromIterable([0, 1]).pipe(pool, catchTo(dead)))
    await settle()
    expect(begun).toEqual([0])
    await dead.receive()
    await settle()
    expect(begun).toEqual([0, 1])
    await dead.receive()
    await g.join()
  })
  it('whoever leaves while a letter waits takes it back', async () => {
    const dead = chan<DeadLetter>()
    const subscription = of(1).pipe(workerPool(1, odd.throws), catchTo(dead)).subscribe()
    await settle()
    subscription.unsubscribe()
    expect(dead.tryReceive()).toEqual({ _tag: 'Left', left: 'empty' })
  })
  it('takes what a restart gives up, not what is to stop, and no error that is about no item', async () => {
    const dead = chan<DeadLetter>(10)
    const restarts = workerPool(1, odd.throws, { onFailure: 'restart', schedule: ({ attempts }) => (attempts < 3 ? 0 : null) })
    expect(await all(fromIterable([1, 2]).pipe(restarts, catchTo(dead)))).toEqual([2])
    expect(letters(dead)).toHaveLength(1)
    await expect(all(of(1).pipe(workerPool(1, odd.throws, { onFailure: 'stop' }), catchTo(dead)))).rejects.toBe(boom)
    await expect(all(throwError(() => boom).pipe(catchTo(dead)))).rejects.toBe(boom)
    dead.close()
    await expect(all(of(1).pipe(workerPool(1, odd.throws), catchTo(dead)))).rejects.toThrow('send on closed channel')
    expect(() => catchTo(null as never)).toThrow(/expected a Sender, got null/)
  })
})

describe('retryWith and repeatWith', () => {
  it('subscribe again after the wait, within the scope: the pool stays within its bound and nothing is detected', async () => {
    using clock = virtualTime()
    const seen: unknown[] = []
    const off = onUnpaced((one) => seen.push(one))
    let tries = 0
    let made = 0
    let done = 0
    let most = 0
    const items = function* () {
      for (let i = 0; i < 5000; i++) {
        most = Math.max(most, ++made - done)
        yield i
      }
    }
    const failing = defer(() => concat(fromIterable(items()), tries++ < 3 ? throwError(() => boom) : EMPTY))
    const pool = workerPool(5, async () => {
      await Promise.resolve()
      done++
    })
    const g = run(
      background,
      failing.pipe(
        retryWith(() => 50),
        pool,
      ),
    )
    const h = clock.advance(1000)
    await h
    await g.join()
    expect([done, most, seen]).toEqual([20_000, 5, []])
    made = done = most = 0
    const again = run(
      background,
      fromIterable({ [Symbol.iterator]: items }).pipe(
        repeatWith(({ attempts }) => (attempts < 4 ? 50 : null)),
        pool,
      ),
    )
    await clock.advance(1000)
    await again.join()
    expect([done, most, seen]).toEqual([20_000, 5, []])
    off()
  })

  it('tell the schedule how many rounds are over, the cause and the time', async () => {
    using clock = virtualTime()
    const told: unknown[] = []
    const source = throwError(() => boom)
    const failed = all(
      source.pipe(
        retryWith((failed) => {
          told.push(failed)
          return failed.attempts < 3 ? 10 : null
        }),
      ),
    ).catch((cause: unknown) => cause)
    await clock.advance(100)
    expect(await failed).toBe(boom)
    expect(told).toEqual([
      { attempts: 1, cause: boom, elapsed: 0 },
      { attempts: 2, cause: boom, elapsed: 10 },
      { attempts: 3, cause: boom, elapsed: 20 },
    ])
  })

  it('resetOnSuccess: an item begins the count anew', async () => {
    using clock = virtualTime()
    const attempts: number[] = []
    let rounds = 0
    const source = defer(() =>
      rounds++ < 4
        ? concat(
            rounds % 2 === 0 ? of(rounds) : EMPTY,
            throwError(() => boom),
          )
        : EMPTY,
    )
    const schedule = (failed: { attempts: number }) => {
      attempts.push(failed.attempts)
      return 1
    }
    const g = collect(background, source.pipe(retryWith(schedule, { resetOnSuccess: true })))
    await clock.advance(100)
    expect([await g.join(), attempts]).toEqual([[2, 4], [1, 1, 2, 1]]) // prettier-ignore
  })

  it('whoever leaves during a wait leaves no timer, and a canceled run ends', async () => {
    using clock = virtualTime()
    const g = run(background, throwError(() => boom).pipe(retryWith(() => 1000)))
    await settle()
    expect(clock.waiting).toBe(1)
    g.cancel()
    await expect(g.join()).rejects.toBeInstanceOf(CanceledError)
    expect(clock.waiting).toBe(0)
  })

  it('an endless repeat of what is ready grows no stack and can be stopped', async () => {
    let rounds = 0
    const subscription = of(1).pipe(repeatWith(() => 0)).subscribe(() => rounds++) // prettier-ignore
    await new Promise((resolve) => setTimeout(resolve, 20))
    subscription.unsubscribe()
    expect(rounds).toBeGreaterThan(10)
  })

  it('the error of a source ends a repeat; the end of a source ends a retry', async () => {
    await expect(all(throwError(() => boom).pipe(repeatWith(() => 0)))).rejects.toBe(boom)
    expect(await all(of(1).pipe(retryWith(() => 0)))).toEqual([1])
    expect(() => retryWith(5 as never)).toThrow(/retryWith\(schedule\): expected a function, got 5/)
    expect(() => repeatWith(undefined as never)).toThrow(/repeatWith\(schedule\): expected a function/)
  })
})

describe('byKey commits', () => {
  it('up to the lowest unfinished item, whatever the order in which they end', async () => {
    const finish = new Map<number, () => void>()
    const committed: [item: string, position: number][] = []
    const work = (item: string) => new Promise<void>((resolve) => finish.set(Number(item.slice(1)), resolve))
    const g = run(
      background,
      fromIterable(['a0', 'b1', 'c2', 'a3']).pipe(
        byKey((item) => item[0], 3, work, { commit: (item, position) => committed.push([item, position]) }),
      ),
    )
    const end = async (i: number): Promise<unknown> => {
      await settle()
      finish.get(i)?.()
      await settle()
      return [...committed]
    }
    expect(await end(1)).toEqual([])
    expect(await end(2)).toEqual([])
    expect(await end(0)).toEqual([['c2', 2]])
    expect(await end(3)).toEqual([['c2', 2], ['a3', 3]]) // prettier-ignore
    await g.join()
  })
  it('never past an item that is under way, and holds no more than its bound while one does not end', async () => {
    let taken = 0
    const committed: number[] = []
    const items = (function* () {
      while (taken < 1000) yield taken++
    })()
    const subscription = fromIterable(items)
      .pipe(
        byKey(
          (i) => i,
          2,
          (i) => (i === 3 ? NEVER : i),
          { waiting: 6, commit: (i) => committed.push(i) },
        ),
      ) // prettier-ignore
      .subscribe()
    await settle()
    expect([taken, committed]).toEqual([3 + 8, [0, 1, 2]]) // prettier-ignore
    subscription.unsubscribe()
  })
  it('an item that is skipped is through; a throw of commit is the error', async () => {
    const committed: number[] = []
    const skips = byKey(Number, 2, odd.throws, { onFailure: 'skip', commit: (i: number) => committed.push(i) })
    await all(fromIterable([0, 1, 2, 3]).pipe(skips))
    expect(committed.at(-1)).toBe(3)
    const bad = (): never => {
      throw boom
    }
    await expect(all(of(1).pipe(byKey(Number, 1, (i: number) => i, { commit: bad })))).rejects.toBe(boom)
  })
})

describe('the error that ends a pipeline', () => {
  const trailOf = (cause: unknown): StageTrail | null => {
    for (let one = cause; one instanceof Error; one = one.cause) if (one instanceof StageTrail) return one
    return null
  }
  const failed = (pipeline: Observable<unknown>): Promise<unknown> => all(pipeline).catch((cause: unknown) => cause)

  it('is what was thrown, and its cause chain ends with the stages and the position of the item', async () => {
    const error = new TypeError('no', { cause: new Error('deeper') })
    const pipeline = fromIterable([10, 11, 12]).pipe(
      workerPool(
        1,
        (i) => {
          if (i === 12) throw error
          return i
        },
        { name: 'enrich' },
      ),
      map((i) => i),
      workerPool(1, (i) => i, { name: 'store' }),
      named('ingest'),
      sendTo(chan<number>(5)),
    )
    expect(await failed(pipeline)).toBe(error)
    expect((error.cause as Error).message).toBe('deeper')
    const trail = trailOf(error)
    expect(trail).toMatchObject({ stage: 'ingest/enrich', position: 2, passed: ['ingest/store', 'sendTo'] })
    expect(String(trail)).toBe('StageTrail: in stage "ingest/enrich", at the item of position 2, then through "ingest/store", "sendTo"')
  })
  it('keeps the trail of its last failure, so that chains do not grow', async () => {
    const error = new Error('constant')
    const bad = (): never => {
      throw error
    }
    for (let i = 0; i < 3; i++) await failed(fromIterable([1]).pipe(workerPool(1, bad, { name: `stage ${i}` })))
    let links = 0
    for (let one: unknown = error; one instanceof Error; one = one.cause) links++
    expect(links).toBe(2)
    expect(trailOf(error)?.stage).toBe('stage 2')
  })
  it('that is no Error, is frozen, or has a cause that is none or a circle, travels as it is', async () => {
    const circle: Error & { cause?: unknown } = new Error('circle')
    circle.cause = circle
    for (const cause of ['text', undefined, Object.freeze(new Error('frozen')), new Error('with', { cause: 'text' }), circle]) {
      const bad = (): never => {
        throw cause
      }
      expect(await failed(of(1).pipe(workerPool(1, bad)))).toBe(cause)
      expect(cause === circle ? null : trailOf(cause)).toBe(null)
    }
  })
  it('of a source, or of a function in between, has the first stage it came to, and how many items had come there', async () => {
    const error = new Error('source')
    const source = concat(
      fromIterable([1, 2]),
      throwError(() => error),
    )
    expect(await failed(source.pipe(workerPool(1, (i) => i), batch({ size: 10 }), named('ingest')))).toBe(error) // prettier-ignore
    expect(trailOf(error)).toMatchObject({ stage: 'ingest/workerPool', position: 2, isAbove: true, passed: ['ingest/batch'] })
    expect(String(trailOf(error))).toBe('StageTrail: in or above stage "ingest/workerPool", after 2 items, then through "ingest/batch"')
    const bad = (i: number): number => {
      if (i === 3) throw boom
      return i
    }
    await failed(fromIterable([1, 2, 3]).pipe(map(bad), sendTo(chan<number>(5))))
    expect(trailOf(boom)).toMatchObject({ stage: 'sendTo', position: 2, isAbove: true, passed: [] })
  })
  it('a constant error of a source has the trail of its last way, however often it is tried again', async () => {
    const error = new Error('constant')
    let tries = 0
    const source = defer(() => concat(fromIterable([1]), ++tries < 50 ? throwError(() => error) : EMPTY))
    const twoStages = source.pipe(workerPool(1, (i) => i), workerPool(1, (i) => i, { name: 'second' })) // prettier-ignore
    await all(twoStages.pipe(retryWith(() => 0)))
    expect(tries).toBe(50)
    expect(trailOf(error)).toMatchObject({ stage: 'workerPool', isAbove: true, passed: ['second'] })
  })
  it('to both branches of a broadcast is one error with one origin', async () => {
    const error = new Error('source')
    const source = throwError(() => error).pipe(workerPool(1, (i) => i))
    await failed(source.pipe(broadcast((b) => b.pipe(workerPool(1, (i) => i, { name: 'left' })), (b) => b))) // prettier-ignore
    expect(trailOf(error)).toMatchObject({ stage: 'workerPool', passed: ['broadcast'] })
  })
  it('that is the end of a context is left alone: others have it as well', async () => {
    const ctx = withCancel(background)
    ctx.cancel()
    const error = await failed(
      fromIterable([1]).pipe(
        withContext(ctx),
        workerPool(1, (i) => i),
      ),
    )
    expect(error).toBeInstanceOf(CanceledError)
    expect(trailOf(error)).toBe(null)
  })
  it('names the item of a serial stage and of a key as well', async () => {
    const ch = chan<number>(2)
    const g = run(background, fromIterable([1, 2, 3]).pipe(sendTo(ch)))
    await settle()
    ch.close()
    const closed: unknown = await Promise.resolve(g.join()).catch((cause: unknown) => cause)
    expect(trailOf(closed)).toMatchObject({ stage: 'sendTo', position: 2 })
    const bad = (i: number): number => {
      if (i === 1) throw boom
      return i
    }
    await failed(from([0, 1]).pipe(byKey(bad, 1, (i) => i)))
    expect(trailOf(boom)).toMatchObject({ stage: 'byKey', position: 1 })
  })
})

describe('the join of a run', () => {
  it('a goroutine of it that throws the cause of the context is no crash, whoever is first', async () => {
    await explore(function* () {
      const ctx = withCancel(background)
      const waits = fromGoroutine(function* (_, own) {
        yield* chan<void>().receive().within(own)
      })
      const g = run(ctx, waits)
      yield* gosched()
      ctx.cancel(boom)
      const end = yield* g.join().attempt()
      if (end._tag === 'Right' || end.left !== boom) throw new Error('another end')
    })
  })
  const slowToLeave = (ended: string[]) =>
    function* (i: number) {
      try {
        yield* chan<void>().receive()
      } finally {
        yield* sleep(50)
        ended.push(`unwound ${i}`)
      }
    }
  it('settles after the last finalizer, however it ends', async () => {
    using clock = virtualTime()
    const gate = chan<void>()
    const ended: string[] = []
    const canceled = run(background, fromIterable([1, 2]).pipe(workerPool(2, slowToLeave(ended))))
    const work = slowToLeave(ended)
    const failing = run(
      background,
      fromIterable([3, 4]).pipe(
        workerPool<number, unknown>(2, (i) => (i === 3 ? work(i) : gate.receive().map(() => Promise.reject(boom)))),
      ),
    )
    const log = (name: string) => () => void ended.push(name)
    void Promise.resolve(canceled.join()).catch(log('canceled'))
    const failedNow = run(background, fromReceiver(gate).pipe(map(() => throwError(() => boom)), workerPool(1, (o) => o))) // prettier-ignore
    void Promise.resolve(failedNow.join()).catch(log('failed'))
    await settle()
    canceled.cancel()
    failing.cancel()
    void Promise.resolve(failing.join()).catch(log('also canceled'))
    await clock.advance(49)
    expect(ended).toEqual([])
    await clock.advance(1)
    expect(ended.slice(0, 3).sort()).toEqual(['unwound 1', 'unwound 2', 'unwound 3'])
    expect(ended.slice(3).sort()).toEqual(['also canceled', 'canceled'])
    failedNow.cancel()
    await settle()
  })
  it('settles after the siblings of the one that failed are unwound', async () => {
    using clock = virtualTime()
    const ended: string[] = []
    const wait = slowToLeave(ended)
    const g = run(
      background,
      fromIterable([0, 1]).pipe(
        workerPool(2, function* (i) {
          if (i === 0) return yield* wait(i)
          yield* sleep(1)
          throw boom
        }),
      ),
    )
    let failure: unknown = null
    void Promise.resolve(g.join()).catch((cause: unknown) => (failure = cause))
    await clock.advance(50)
    expect([failure, ended]).toEqual([null, []]) // prettier-ignore
    await clock.advance(1)
    expect([failure, ended]).toEqual([boom, ['unwound 0']]) // prettier-ignore
  })
})
