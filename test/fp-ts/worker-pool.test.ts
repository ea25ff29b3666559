import * as E from 'fp-ts/lib/Either.js'
import type { ReaderTaskEither } from 'fp-ts/lib/ReaderTaskEither.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { background, contextKey, withCancel, withValue, type Context } from 'millrace'
import { chainPoolRTE, chainPoolTE, mapE, partitionE, workerPoolRTE, workerPoolTE } from 'millrace/fp-ts'
import { bounds, collect, fromIterable, run, strictDemand, withContext } from 'millrace/operators'
import { of, tap, type Observable } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

let off = () => {}
beforeAll(() => void (off = strictDemand()))
afterAll(() => off())

const half = (n: number): TE.TaskEither<string, number> => (n % 2 === 0 ? TE.right(n / 2) : TE.left(`odd: ${n}`))
const all = <T>(pipeline: Observable<T>) => collect(background, pipeline).join()
const numbers = (n: number) => Array.from({ length: n }, (_, i) => i)

describe('workerPoolTE', () => {
  it('a Left is emitted and does not end the pipeline', async () => {
    const results = await all(pipe(fromIterable([1, 2, 3, 4]), workerPoolTE(2, half, { ordered: true })))
    expect(results).toEqual([E.left('odd: 1'), E.right(1), E.left('odd: 3'), E.right(2)])
  })

  it('runs n tasks at a time, and reads no more items', async () => {
    let read = 0
    let most = 0
    let underWay = 0
    const work = (n: number) => async () => {
      most = Math.max(most, ++underWay)
      await settle()
      underWay--
      return E.right(n)
    }
    const source = fromIterable(numbers(40)).pipe(tap(() => read++))
    let done = 0
    await run(
      background,
      pipe(
        source,
        workerPoolTE(3, work),
        tap(() => expect(read - ++done).toBeLessThanOrEqual(3)),
      ),
    ).join()
    expect([read, most]).toEqual([40, 3])
  })

  it('a rejection or a throw ends the pipeline, since it is not a Left', async () => {
    const rejects = workerPoolTE(2, () => () => Promise.reject<E.Either<never, never>>(new Error('a defect')))
    await expect(all(pipe(fromIterable([1]), rejects))).rejects.toThrow('a defect')
    const throws = workerPoolTE(2, (): TE.TaskEither<never, never> => {
      throw new Error('at once')
    })
    await expect(all(pipe(fromIterable([1]), throws))).rejects.toThrow('at once')
  })

  it('gives each worker a context that ends with the pipeline', async () => {
    const ctx = withCancel(background)
    const signals: AbortSignal[] = []
    const waits = (_: number, ctx: Context) => () => {
      signals.push(ctx.signal)
      return new Promise<E.Either<never, never>>(() => {})
    }
    const end = run(ctx, pipe(fromIterable(numbers(9)), workerPoolTE(3, waits)))
      .join()
      .attempt()
    const ended = end.then()
    await settle()
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false])
    ctx.cancel(new Error('enough'))
    expect(await ended).toEqual(E.left(new Error('enough')))
    expect(signals.every(({ aborted }) => aborted)).toBe(true)
  })

  it('has its name in the printed bounds', () => {
    expect(bounds(pipe(fromIterable([1]), workerPoolTE(5, half))).toString()).toContain('workerPoolTE')
    expect(bounds(pipe(fromIterable([1]), workerPoolTE(5, half, { name: 'halves' }))).toString()).toContain('halves')
  })
})

it('workerPoolRTE runs its work with the context of the pipeline as the environment', async () => {
  const user = contextKey<string>('user')
  const greet =
    (n: number): ReaderTaskEither<Context, 'nobody', string> =>
    (ctx) =>
    async () =>
      pipe(
        ctx.value(user),
        E.fromOption(() => 'nobody' as const),
        E.map((name) => `${n} ${name}`),
      )
  const pipeline = pipe(fromIterable([1, 2]), workerPoolRTE(1, greet))
  expect(await all(pipeline.pipe(withContext(withValue(background, user, 'ada'))))).toEqual([E.right('1 ada'), E.right('2 ada')])
  expect(await all(pipeline)).toEqual([E.left('nobody'), E.left('nobody')])
})

describe('Either in a pipeline', () => {
  const input = () => fromIterable([E.right(4), E.left('came so' as const), E.right(3)])

  it('chainPoolTE and chainPoolRTE work on Rights; a Left passes through in its place', async () => {
    const expected = [E.right(2), E.left('came so'), E.left('odd: 3')]
    expect(await all(pipe(input(), chainPoolTE(2, half, { ordered: true })))).toEqual(expected)
    expect(
      await all(
        pipe(
          input(),
          chainPoolRTE(2, (n: number) => (_: Context) => half(n), { ordered: true }),
        ),
      ),
    ).toEqual(expected)
  })
})

it.each([
  ['n of 0', () => workerPoolTE(0, half), RangeError],
  ['n of 1.5', () => workerPoolRTE(1.5, () => () => half(1)), RangeError],
  ['n of NaN', () => chainPoolTE(NaN, half), RangeError],
  ['no work', () => workerPoolTE(1, undefined as never), TypeError],
  ['no function of the reader', () => chainPoolRTE(1, 1 as never), TypeError],
  ['no function to map', () => mapE(1 as never), TypeError],
  ['no pipeline for the Rights', () => partitionE((e$) => e$, undefined as never), TypeError],
])('%s throws at once', (_what, call, error) => {
  expect(call).toThrow(error)
})

it('work that returns no task is an error that says so', async () => {
  const promise = workerPoolTE(1, (async () => E.right(1)) as never)
  await expect(all(pipe(of(1), promise))).rejects.toThrow(
    'workerPoolTE(n, work): the result of work: expected a TaskEither, got an instance of Promise',
  )
  const task = workerPoolRTE(1, (() => 7) as never)
  await expect(all(pipe(of(1), task))).rejects.toThrow('workerPoolRTE(n, work): the result of work: expected a ReaderTaskEither, got 7')
})
