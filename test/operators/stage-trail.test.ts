/** StageTrail: the stage, the position and the way of an error, at the end of its cause chain. */
import { background, CanceledError, chan, withCancel } from 'millrace'
import {
  batch,
  broadcast,
  byKey,
  collect,
  fromIterable,
  named,
  retryWith,
  run,
  sendTo,
  StageTrail,
  withContext,
  workerPool,
} from 'millrace/operators'
import { concat, defer, EMPTY, from, map, type Observable, of, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

const boom = new Error('boom')

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
