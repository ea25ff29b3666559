import {
  background,
  DeadlineExceededError,
  fromPromise,
  go,
  never,
  onCrash,
  onLateFailure,
  select,
  sleep,
  withCancel,
  withRetry,
} from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, subscribed, thrown, ways } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { unhandledRejections } from '../support/unhandled.js'
import { virtualTime } from '../support/virtual-time.js'

const boom = new Error('boom')

describe('fromPromise', () => {
  it.each(ways)('waits for a promise by %s, and throws its rejection', async (_, perform) => {
    const outcomes = [Promise.resolve(1), Promise.reject(boom)].map((promise) => perform(fromPromise(promise)))
    await settle()
    expect(outcomes.map(({ now }) => now)).toEqual([done(1), thrown(boom)])
  })

  it('serves any number of performances', async () => {
    const op = fromPromise(new Promise<string>((resolve) => queueMicrotask(() => resolve('x'))))
    expect(await Promise.all([op.map((text) => text + text), op.attempt(), op])).toEqual(['xx', { _tag: 'Right', right: 'x' }, 'x'])
  })

  it('is given up by a context, a timeout, a cancel and a select, and then a rejection is neither a crash nor a late failure', async () => {
    using clock = virtualTime()
    using rejections = unhandledRejections()
    const reports: unknown[] = []
    const stops = [onCrash((error) => reports.push(error)), onLateFailure((error) => reports.push(error))]
    const rejects: ((cause: unknown) => void)[] = []
    const pending = () => fromPromise(new Promise<never>((_, reject) => rejects.push(reject)))
    const ctx = withCancel(background)
    const ends = [performed(pending().within(ctx)), performed(pending().timeout(10)), performed(select({ lost: pending(), won: sleep(5) }))]
    const left = [performed(pending()), subscribed(pending())]
    await clock.advance(10)
    ctx.cancel(boom)
    for (const each of left) each.leave()
    void pending() // never performed
    await settle()
    for (const reject of rejects) reject(new Error('too late'))
    await settle()
    for (const stop of stops) stop()
    expect(ends[0].now).toEqual(thrown(boom))
    expect(ends[1].now).toEqual(thrown(expect.any(DeadlineExceededError)))
    expect(ends[2].now).toEqual(done({ case: 'won', value: undefined }))
    expect([reports, rejections.reasons]).toEqual([[], []])
  })

  it('takes a thenable, and passes on an operation', async () => {
    const op = sleep(0)
    expect(fromPromise(op)).toBe(op)
    expect(await fromPromise({ then: (f: (value: number) => unknown) => void f(7) } as unknown as PromiseLike<number>)).toBe(7)
    const strange = { then: () => { throw boom } } as PromiseLike<never> // prettier-ignore
    expect(await fromPromise(strange).attempt()).toEqual({ _tag: 'Left', left: boom })
  })

  it('leaves the goroutine where it waits when it is canceled', async () => {
    const log: string[] = []
    const handle = go(function* () {
      try {
        yield* fromPromise(new Promise(() => {}))
      } finally {
        log.push('unwound')
      }
    })
    await settle()
    handle.cancel()
    await settle()
    expect(log).toEqual(['unwound'])
  })

  it('rejects everything else, by name', () => {
    for (const [value, shown] of [
      [undefined, 'undefined'],
      [null, 'null'],
      [1, '1'],
      [{}, 'an object'],
      ['x', '"x"'],
    ] as const)
      // prettier-ignore
      expect(() => fromPromise(value as never)).toThrow(new TypeError(`fromPromise(promise): expected a promise, got ${shown}`))
    expect(() => fromPromise(withRetry(() => null, () => never()) as never)).toThrow('perform a job by yield*, or use go(job).join()') // prettier-ignore
  })
})
