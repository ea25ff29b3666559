/** A pipeline that fails, or whose context ends, frees its streams with that error, the same object. A run waits for the close of streams of Node. */
import { Duplex, PassThrough, Readable, Writable } from 'node:stream'
import { background, CanceledError, withCancel } from 'millrace'
import { fromReadable, throughDuplex, writeTo } from 'millrace/node/operators'
import { fromIterable, pipeline, retryWith, run, workerPool } from 'millrace/operators'
import { fromReadableStream, throughStream, writeToStream } from 'millrace/web/operators'
import { defer, map, take, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { listenersOf, turns } from './open-streams.js'

/** The causes that streams were left with. */
class Causes {
  readonly seen: unknown[] = []
  /** Streams whose close is complete. */
  closed = 0

  /** For `destroy` of a stream of Node: the close takes some turns. */
  readonly destroy = (error: Error | null, callback: (error: Error | null) => void): void => {
    this.seen.push(error)
    void turns().then(() => {
      this.closed++
      callback(error)
    })
  }

  /** For `cancel` and `abort` of a stream of the web. */
  readonly leave = async (reason: unknown): Promise<void> => {
    this.seen.push(reason)
    await turns()
    this.closed++
  }
}

const endless = (): Observable<number> =>
  fromIterable(
    (function* () {
      for (let n = 0; ; n++) yield n
    })(),
  )

/** Borders with a stream that is open, and a result for each item. */
const borders: Record<string, (causes: Causes) => Observable<unknown>> = {
  fromReadable: ({ destroy }) => {
    const stream = new Readable({ objectMode: true, read: () => void stream.push(1), destroy })
    return fromReadable(stream)
  },
  throughDuplex: ({ destroy }) => endless().pipe(throughDuplex(() => new PassThrough({ objectMode: true, destroy }))),
  fromReadableStream: ({ leave }) => {
    const source = { pull: (controller: ReadableStreamDefaultController<number>) => controller.enqueue(1), cancel: leave }
    return fromReadableStream(new ReadableStream<number>(source))
  },
  throughStream: ({ leave }) => {
    const source = { pull: (controller: ReadableStreamDefaultController<number>) => controller.enqueue(1), cancel: leave }
    return endless().pipe(throughStream(() => ({ readable: new ReadableStream<number>(source), writable: new WritableStream<number>() })))
  },
}

/** The cancel of a stream of the web may wait for others: that of one branch of `tee()` waits for the other. */
const isAwaited = (border: string): boolean => !border.endsWith('Stream')

const errorOf = async (pipeline: Observable<unknown>, ctx = background): Promise<unknown> => {
  const end = await run(ctx, pipeline).join().attempt()
  return end._tag === 'Left' ? end.left : undefined
}

describe.each(Object.entries(borders))('%s', (which, border) => {
  const error = new Error('no disk')
  const fail = (): never => {
    throw error
  }
  const fails: Record<string, (source: Observable<unknown>) => Observable<unknown>> = {
    'an operator': (source) => source.pipe(map(fail)),
    'a stage': (source) => source.pipe(workerPool(2, fail)),
    'a stage below another': (source) =>
      pipeline(
        source,
        workerPool(2, async (item) => item, { ordered: true }),
        workerPool(1, fail),
      ),
    'an operator below a stage': (source) =>
      pipeline(
        source,
        workerPool(1, async (item) => item),
        map(fail),
      ),
  }

  it.each(Object.entries(fails))('an error of %s below is the cause, the same object', async (_, below) => {
    const causes = new Causes()
    expect(await errorOf(below(border(causes)))).toBe(error)
    expect(causes.seen.length).toBe(1)
    if (isAwaited(which)) expect(causes.closed).toBe(1)
    expect(causes.seen[0]).toBe(error)
  })

  it('an error that another round follows is the cause, too', async () => {
    const causes = new Causes()
    let rounds = 0
    const once = (item: unknown): unknown => (rounds++ === 0 ? fail() : item)
    const source = pipeline(
      defer(() => border(causes)),
      workerPool(1, once),
      retryWith(() => 0),
    )
    await errorOf(source.pipe(take(1)))
    expect(causes.seen[0]).toBe(error)
  })

  it('the end of the context is the cause', async () => {
    const causes = new Causes()
    const ctx = withCancel(background)
    const end = errorOf(border(causes), ctx)
    await turns()
    ctx.cancel(error)
    expect(await end).toBe(error)
    expect(causes.seen[0]).toBe(error)
    if (isAwaited(which)) expect(causes.closed).toBe(1)
  })

  it('a subscriber that leaves is a CanceledError', async () => {
    const causes = new Causes()
    expect(await errorOf(border(causes).pipe(take(1)))).toBeUndefined()
    expect(causes.seen[0]).toBeInstanceOf(CanceledError)
    if (isAwaited(which)) expect(causes.closed).toBe(1)
  })
})

describe('a context that has ended before', () => {
  const error = new Error('too late')
  const ended = withCancel(background)
  ended.cancel(error)

  it.each(['fromReadable', 'fromReadableStream'])('%s frees a stream that it was given', async (name) => {
    const causes = new Causes()
    expect(await errorOf(borders[name](causes), ended)).toBe(error)
    expect(causes.seen[0]).toBe(error)
  })

  it('leaves a ReadableStream with preventCancel, and a locked one', async () => {
    const causes = new Causes()
    const [open, locked] = [new ReadableStream({ cancel: causes.leave }), new ReadableStream({ cancel: causes.leave })]
    locked.getReader()
    await errorOf(fromReadableStream(open, { preventCancel: true }), ended)
    await errorOf(fromReadableStream(locked), ended)
    expect(causes.seen).toEqual([])
  })

  it('frees the sinks, too', async () => {
    const causes = new Causes()
    await errorOf(endless().pipe(writeTo(new Writable({ destroy: causes.destroy }))), ended)
    await errorOf(endless().pipe(writeToStream(new WritableStream({ abort: causes.leave }))), ended)
    expect([causes.seen[0] === error, causes.seen[1] === error]).toEqual([true, true])
  })
})

it('causes that are no errors pass too', async () => {
  const causes = new Causes()
  expect(await errorOf(borders.fromReadable(causes).pipe(workerPool(1, () => Promise.reject('text'))))).toBe('text')
  expect(causes.seen).toEqual(['text'])
})

it('a run does not wait for the other branch of a tee', async () => {
  const [stream] = new ReadableStream({ pull: (controller) => controller.enqueue(1) }).tee()
  expect(await errorOf(fromReadableStream(stream).pipe(take(3)))).toBeUndefined()
})

it('a run does not wait for a write that never ends', async () => {
  const stuck = new WritableStream<number>({ write: () => new Promise(() => {}) })
  const ctx = withCancel(background)
  const end = errorOf(endless().pipe(writeToStream(stuck)), ctx)
  await turns()
  ctx.cancel()
  expect(await end).toBeInstanceOf(CanceledError)
})

it('streams that emit no close event are waited for, and keep no listener', async () => {
  const streams = [
    new Readable({ read() {}, emitClose: false }),
    new Writable({ write: (_chunk, _encoding, accepted) => accepted(), emitClose: false }),
    new Duplex({ read() {}, write: (_chunk, _encoding, accepted) => accepted(), emitClose: false }),
  ] as const
  const ctx = withCancel(background)
  const ends = [
    errorOf(fromReadable(streams[0]), ctx),
    errorOf(endless().pipe(writeTo(streams[1])), ctx),
    errorOf(endless().pipe(throughDuplex(() => streams[2])), ctx),
  ]
  await turns()
  ctx.cancel()
  await Promise.all(ends)
  await turns()
  expect(streams.map((stream) => [stream.closed, listenersOf(stream).error ?? 0])).toEqual(streams.map(() => [true, 0]))
})
