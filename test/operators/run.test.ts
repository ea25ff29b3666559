/** run and collect: the end of a pipeline, its errors, and the goroutines it waits for. */
import { background, chan, DeadlineExceededError, go, gosched, sleep, withCancel, withTimeout } from 'millrace'
import { collect, fromGoroutine, fromIterable, fromReceiver, run, sendTo, workerPool } from 'millrace/operators'
import { explore } from 'millrace/testing'
import { concatMap, from, map, NEVER, Subject, take, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { few } from '../support/survivors.js'
import { virtualTime } from '../support/virtual-time.js'

const boom = new Error('boom')

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

it('a run keeps no goroutine that has ended', async () => {
  const ch = chan<number>()
  const cleanups = new Set<WeakRef<object>>()
  const inner = () => fromGoroutine<number>(function* (emit) {
      cleanups.add(new WeakRef(emit))
      for (;;) yield* emit.send(1)
    }).pipe(take(1)) // prettier-ignore
  const g = run(background, fromReceiver(ch).pipe(concatMap(inner)))
  for (let i = 0; i < 100; i++) await ch.send(i)
  for (let round = 0; round < 3; round++) {
    await settle() // a WeakRef holds its target until the end of the turn that read it
    globalThis.gc?.()
  }
  expect([...cleanups].filter((ref) => ref.deref() !== undefined).length).toBeLessThan(few(5))
  g.cancel()
})
