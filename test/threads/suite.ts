/** The facts about functions on threads that hold on every host. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  background,
  CanceledError,
  contextKey,
  DeadlineExceededError,
  go,
  onLateFailure,
  withCancel,
  withDeadline,
  withValue,
  type Job,
} from '../../src/runtime/index.js'
import { fromIterable, collect, workerPool } from '../../src/operators/index.js'
import { onThreads, ThreadLostError, UnclonableError } from '../../src/adapters/threads/index.js'
import { Threads } from '../../src/adapters/threads/thread-pool.js'
import type { ThreadHost } from '../../src/adapters/threads/hosts/host.js'
import { hostTurn } from '../support/settle.js'
import { handler, requestId, work, workUrl } from './work.js'

export const settings = {
  size: 1,
  grace: Infinity,
  idle: Infinity,
  startTimeout: Infinity,
  memory: null,
  recycle: { jobs: Infinity, memory: Infinity },
}

/** A word that a function sets when it has begun, and the wait for that. */
export function beginning(): { readonly word: Int32Array; has: () => Promise<void> } {
  const word = new Int32Array(new SharedArrayBuffer(4))
  return {
    word,
    async has() {
      while (Atomics.load(word, 0) === 0) await hostTurn()
    },
  }
}

export const failure = async (job: Job<unknown>): Promise<unknown> => {
  const end = await job.attempt()
  return end._tag === 'Left' ? end.left : expect.fail('the job has returned')
}

export function describeThreads(name: string, makeHost: () => ThreadHost): void {
  describe(name, () => {
    let pool: Threads
    beforeAll(() => void (pool = new Threads(settings, makeHost())))
    afterAll(() => pool[Symbol.asyncDispose]())

    it('runs plain, async and generator functions, and operations', async () => {
      expect(await work.double.on(pool)(21)).toBe(42)
      expect(await work.later.on(pool)(2)).toBe(2)
      expect(await work.steps.on(pool)(3)).toBe(3)
      expect(await work.operation.on(pool)(1)).toBe('slept')
      expect(await work.join.on(pool)('a', 'b', 'c')).toBe('a-b-c')
    })

    // The nested call has no pool of its own: where the host is not in force, it would start real threads.
    it.skipIf(name === 'inline')('runs a nested call in the thread of the call', async () => {
      expect(await work.nested.on(pool)(4)).toBe(8)
      expect(pool.stats().started).toBe(1)
    })

    it('clones arguments and results', async () => {
      const value = { list: [1, new Date(5)], map: new Map([['a', 1]]), bytes: new Uint8Array([1, 2]) }
      const back = await work.echo.on(pool)(value)
      expect(back).toEqual(value)
      expect(back).not.toBe(value)
      expect(await work.sum.on(pool)(new Float64Array([1, 2, 3]))).toBe(6)
    })

    it('returns the results of many jobs, each its own', async () => {
      const double = work.double.on(pool)
      const handles = Array.from({ length: 700 }, (_, i) => go(double(i)))
      for (const [i, handle] of handles.entries()) expect(await handle.join()).toBe(2 * i)
    })

    it('is the work of a workerPool as it is', async () => {
      const items = Array.from({ length: 100 }, (_, i) => i)
      const results = await collect(background, fromIterable(items).pipe(workerPool(16, work.double.on(pool)))).join()
      expect(results).toEqual(items.map((i) => 2 * i))
    })

    it('throws errors with class, fields, stack and cause', async () => {
      const error = (await failure(work.fails.on(pool)('no'))) as Error
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toBe('no')
      expect(error.stack).toContain('work.ts')
      expect(error.cause).toBeInstanceOf(RangeError)
      expect(error.cause).toMatchObject({ name: 'OwnError', code: 'E_OWN', message: 'the cause' })
      expect(await failure(work.throwsValue.on(pool)('text'))).toBe('text')
      expect(await failure(work.unclonableError.on(pool)())).toMatchObject({ message: 'with a function', code: 7 })
    })

    it('names the part of a value that cannot be cloned; the other jobs of the batch go', async () => {
      const bad = go(work.echo.on(pool)({ jobs: [{ id: 1 }, { done: function onDone() {} }] }))
      const good = go(work.double.on(pool)(1))
      await expect(Promise.resolve(bad.join())).rejects.toThrow(
        'echo: the argument.jobs[1].done is a function (onDone), which cannot be sent to a thread',
      )
      expect(await good.join()).toBe(2)
      const back = (await failure(work.result.on(pool)())) as Error
      expect(back).toBeInstanceOf(UnclonableError)
      expect(back.message).toBe('result: the result.list[1].call is a function (call), which cannot be sent back from a thread')
    })

    // inline threads share the registry of the test, which has the function
    it.skipIf(name === 'inline')('names a function that its module does not have', async () => {
      const { nowhere } = onThreadsOf('nowhere')
      const error = (await failure(nowhere.on(pool)())) as Error
      expect(error).toBeInstanceOf(ThreadLostError)
      expect(error.message).toContain('the module has no function "nowhere" on threads; it has double, join')
    })

    it('passes a context on: the deadline, the cancel with its cause', async () => {
      const at = Date.now() + 3_600_000
      const late = withDeadline(background, at)
      expect(await work.deadline.on(pool)(late)).toEqual({ _tag: 'Some', value: at })
      late.cancel()
      expect(await work.deadline.on(pool)()).toEqual({ _tag: 'None' })
      const ctx = withCancel(background)
      const { word, has } = beginning()
      const ended = go(work.ends.on(pool)(word, ctx))
      await has()
      const cause = new Error('the user left')
      ctx.cancel(cause)
      await expect(Promise.resolve(ended.join())).rejects.toBe(cause)
    })

    it.each(['err', 'cause', 'done', 'signal', 'derived'] as const)(
      'ends the context with the call, also for a look at %s after that',
      async (first) => {
        for (const ctx of [withCancel(background), withDeadline(background, Date.now() + 3_600_000)]) {
          expect(await work.leaves.on(pool)(ctx)).toEqual(['None', 'None'])
          expect(await work.looks.on(pool)(first)).toEqual(Array(8).fill(true))
          expect(await work.leavesOnly.on(pool)(ctx)).toBe('None')
          expect(await work.looks.on(pool)(first)).toEqual(Array(6).fill(true))
          ctx.cancel()
        }
      },
    )

    it('passes portable values of the context on', async () => {
      const ctx = withValue(withCancel(withValue(background, requestId, 'r1')), contextKey<() => void>('own'), () => {})
      expect(await work.requestId.on(pool)(ctx)).toEqual({ _tag: 'Some', value: 'r1' })
      expect(await work.requestId.on(pool)(background)).toEqual({ _tag: 'None' })
      expect(await failure(work.requestId.on(pool)(withValue(ctx, handler, { onEnd: () => 1 })))).toMatchObject({
        name: 'UnclonableError',
        message: 'requestId: the value of the context key "test.handler".onEnd is a function (onEnd), which cannot be sent to a thread',
      })
    })

    it('adds the stack of the goroutine that waits to the stack of the thread', async () => {
      function* asksFor() {
        yield* work.fails.on(pool)('no')
      }
      const end = await go(asksFor).join().attempt()
      const { stack = '' } = (end as { left: Error }).left
      expect(stack.indexOf('work.ts')).toBeGreaterThan(0)
      expect(stack.indexOf('asksFor')).toBeGreaterThan(stack.indexOf('--- fails was asked for: ---'))
    })

    it('a function that its performer gave up fails late; a failure of its clean-up is thrown', async () => {
      const late: unknown[] = []
      const remove = onLateFailure((error) => late.push(error))
      const given = async (f: (began: Int32Array) => Job<unknown>): Promise<unknown> => {
        const ctx = withCancel(background)
        const { word, has } = beginning()
        const end = failure(f(word).within(ctx))
        await has()
        ctx.cancel()
        return end
      }
      expect(await given(work.failsAfter.on(pool))).toBeInstanceOf(CanceledError)
      expect(late).toMatchObject([{ message: 'own failure' }])
      expect(await given(work.cleanUpFails.on(pool))).toMatchObject({ message: 'clean-up failure' })
      remove()
      expect(late).toHaveLength(1)
    })

    it('starts nothing under an ended context', async () => {
      const ctx = withDeadline(background, 0)
      expect(await failure(work.double.on(pool)(1, ctx))).toBeInstanceOf(DeadlineExceededError)
    })

    it('returns the result of a function that returns in spite of its cancel', async () => {
      const ctx = withCancel(background)
      const { word, has } = beginning()
      const handle = go(work.returnsAnyway.on(pool)(word, ctx))
      await has()
      ctx.cancel()
      expect(await handle.join()).toBe('returned')
    })

    it('unwinds the goroutine of a canceled job before the performer goes on', async () => {
      const before = await work.counts.on(pool)()
      const { word, has } = beginning()
      const handle = go(work.waits.on(pool)(word))
      await has()
      handle.cancel()
      await expect(Promise.resolve(handle.join())).rejects.toBeInstanceOf(CanceledError)
      const { begun, unwound } = await work.counts.on(pool)()
      expect(unwound).toBe(begun)
      expect(unwound).toBeGreaterThan(before.unwound)
    })
  })
}

function onThreadsOf(name: string): Record<string, typeof work.counts> {
  return onThreads({ url: workUrl }, { [name]: () => ({ begun: 0, unwound: 0 }) })
}
