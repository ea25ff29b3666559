/** The failure of a promise that a pipeline no longer waits for: a late failure, unless it repeats the end or is an AbortError. */
import { background, onLateFailure, sleep, timeout, withCancel, type Context } from 'millrace'
import { byKey, collect, decode, fromGoroutine, fromIterable, fromOp, workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import type { Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'

type Work = (item: unknown, ctx?: Context) => Promise<number>

function schemaOf(work: Work) {
  return { '~standard': { version: 1, vendor: 'test', validate: (item: unknown) => work(item).then((value) => ({ value })) } } as const
}

const iterableOf = (work: Work) => ({
  [Symbol.asyncIterator]: () => ({ next: () => work(1).then((value) => ({ done: false, value })) }),
})

function fails(error: unknown): never {
  throw error
}

/** Pipelines that wait for a promise of the user: the only wait of each. */
const rows: readonly (readonly [name: string, make: (work: Work) => Observable<unknown>])[] = [
  ['workerPool', (work) => fromIterable([1]).pipe(workerPool(1, work))],
  ['workerPool, ordered', (work) => fromIterable([1]).pipe(workerPool(2, work, { ordered: true }))],
  ['workerPool, adaptive', (work) => fromIterable([1]).pipe(workerPool({ min: 1, max: 2, by: 'errors' }, work))],
  ['workerPool, restart', (work) => fromIterable([1]).pipe(workerPool(1, work, { onFailure: 'restart' }))],
  ['workerPool, skip', (work) => fromIterable([1]).pipe(workerPool(1, work, { onFailure: 'skip' }))],
  ['byKey', (work) => fromIterable([1]).pipe(byKey((item) => item, 1, work))],
  ['decode', (work) => fromIterable([1]).pipe(decode(schemaOf(work)))],
  ['fromIterable', (work) => fromIterable(iterableOf(work))],
  ['fromOp', (work) => fromOp(() => timeout(1000, () => work(1)))],
  ['fromGoroutine', (work) => fromGoroutine((_, ctx) => work(1, ctx))],
]

/** The late failures of a run that is ended after 5 ms, and whose promise rejects after 10 ms with this error. */
function lateFailures(make: (work: Work) => Observable<unknown>, error: unknown, end: 'context' | 'unsubscribed') {
  return bubble(function* () {
    const late: unknown[] = []
    const off = onLateFailure((failure) => late.push(failure))
    const ctx = withCancel(background)
    const pipeline = make(async () => {
      await sleep(10)
      throw error
    })
    const stop = end === 'context' ? runUnder(ctx, pipeline) : unsubscribing(pipeline)
    yield* sleep(5)
    stop()
    yield* sleep(20)
    off()
    return late
  })
}

function runUnder(ctx: ReturnType<typeof withCancel>, pipeline: Observable<unknown>): () => void {
  const end = collect(ctx, pipeline).join().attempt()
  return () => {
    ctx.cancel()
    void end.then(() => {})
  }
}

function unsubscribing(pipeline: Observable<unknown>): () => void {
  const subscription = pipeline.subscribe()
  return () => subscription.unsubscribe()
}

describe.each(['context', 'unsubscribed'] as const)('a promise that fails after the end of the pipeline: %s', (end) => {
  it.each(rows)('%s', async (_, make) => {
    const failure = new Error('no space left')
    expect(await lateFailures(make, failure, end)).toEqual([failure])
    expect(await lateFailures(make, new DOMException('aborted', 'AbortError'), end)).toEqual([])
  })
})

it('a goroutine of fromGoroutine that fails in its clean-up after its subscriber left is a late failure', () =>
  bubble(function* () {
    const late: unknown[] = []
    const off = onLateFailure((failure) => late.push(failure))
    const failure = new Error('no space left')
    const subscription = fromGoroutine(function* () {
      try {
        yield* sleep(10)
      } finally {
        yield* sleep(1)
        fails(failure)
      }
    }).subscribe()
    yield* sleep(1)
    subscription.unsubscribe()
    yield* sleep(5)
    off()
    expect(late).toEqual([failure])
  }))

it('a second failure of the work of a pipeline is a late failure', () =>
  bubble(function* () {
    const late: unknown[] = []
    const off = onLateFailure((failure) => late.push(failure))
    const work = async (item: number) => {
      await sleep(item)
      throw new Error(`item ${item}`)
    }
    const end = yield* collect(background, fromIterable([1, 2]).pipe(workerPool(2, work))).join().attempt() // prettier-ignore
    yield* sleep(5)
    off()
    expect(end).toMatchObject({ left: { message: 'item 1' } })
    expect(late).toMatchObject([{ message: 'item 2' }])
  }))
