/** trailOf: the stage, the position and the way of an error. */
import { background, CanceledError, chan, withCancel } from 'millrace'
import {
  batch,
  broadcast,
  byKey,
  collect,
  fromIterable,
  named,
  queue,
  retryWith,
  run,
  sendTo,
  trailOf,
  withContext,
  workerPool,
} from 'millrace/operators'
import { concat, defer, EMPTY, from, map, type Observable, of, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

const boom = new Error('boom')

describe('the error that ends a pipeline', () => {
  const failed = (pipeline: Observable<unknown>): Promise<unknown> => all(pipeline).catch((cause: unknown) => cause)

  it('is what was thrown, and its trail has the stages and the position of the item', async () => {
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
    expect((error.cause as Error).cause).toBe(undefined)
    const trail = trailOf(error)
    expect(trail).toMatchObject({ stage: 'ingest/enrich', position: 2, passed: ['ingest/store', 'sendTo'] })
    expect(String(trail)).toBe('StageTrail: in stage "ingest/enrich", at the item of position 2, then through "ingest/store", "sendTo"')
  })
  it('has the trail of its last failure', async () => {
    const error = new Error('constant')
    const bad = (): never => {
      throw error
    }
    for (let i = 0; i < 3; i++) await failed(fromIterable([1]).pipe(workerPool(1, bad, { name: `stage ${i}` })))
    expect(trailOf(error)?.stage).toBe('stage 2')
  })
  it('is never written to, and none of its properties is read', async () => {
    const { proxy, revoke } = Proxy.revocable(new Error('revoked'), {})
    revoke()
    class Lazy extends Error {
      override get cause(): never {
        throw new Error('not loaded')
      }
    }
    const thrown: readonly object[] = [
      proxy,
      new Lazy('lazy'),
      Object.freeze(new Error('frozen')),
      { code: 1 },
      () => 1,
      new Error('plain'),
    ]
    for (const cause of thrown) {
      const bad = (): number => {
        throw cause as Error
      }
      let end: unknown
      of(1)
        .pipe(workerPool(1, bad))
        .subscribe({ error: (error: unknown) => (end = error) })
      expect(end === cause).toBe(true)
      expect(trailOf(cause)).toMatchObject({ stage: 'workerPool', position: 0 })
      if (cause !== proxy) expect(Object.getOwnPropertyNames(cause)).not.toContain('cause')
    }
  })
  it('that is no object has no trail', async () => {
    for (const cause of ['text', undefined, null, 0, Symbol('thrown')]) {
      const bad = (): never => {
        throw cause
      }
      expect(await failed(of(1).pipe(workerPool(1, bad)))).toBe(cause)
      expect(trailOf(cause)).toBe(null)
    }
  })
  it('that is the end of a context is shared, and not written to: its trail is that of the pipeline that it ended last', async () => {
    const ctx = withCancel(background)
    ctx.cancel()
    const errors: unknown[] = []
    for (const name of ['first', 'second']) {
      const pipeline = fromIterable([1]).pipe(withContext(ctx), workerPool(1, (i) => i, { name })) // prettier-ignore
      errors.push(await failed(pipeline))
      expect(trailOf(errors[0])).toMatchObject({ stage: name, position: 0, isAbove: true, passed: [] })
    }
    expect(errors[0]).toBeInstanceOf(CanceledError)
    expect(errors[1]).toBe(errors[0])
    expect(Object.getOwnPropertyNames(errors[0])).not.toContain('cause')
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
  it('has its trail where a stage held it until the items before it had left', async () => {
    const error = new Error('source')
    const source = concat(
      fromIterable([1, 2, 3]),
      throwError(() => error),
    )
    const ch = chan<number>()
    const g = run(background, source.pipe(workerPool(1, (i) => i), queue(5), sendTo(ch))) // prettier-ignore
    const end = Promise.resolve(g.join()).catch((cause: unknown) => cause)
    for (let i = 1; i <= 3; i++) expect(await ch.receive()).toMatchObject({ value: i })
    expect(await end).toBe(error)
    expect(trailOf(error)).toMatchObject({ stage: 'workerPool', position: 3, isAbove: true, passed: ['queue', 'sendTo'] })
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
