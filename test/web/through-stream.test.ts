/** A TransformStream as a stage. */
import { background, CanceledError, chan, withCancel } from 'millrace'
import { collect, fromIterable, fromReceiver, run, sendTo, workerPool } from 'millrace/operators'
import { throughStream } from 'millrace/web/operators'
import { concat, take, throwError, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { unhandledRejections } from '../support/unhandled.js'
import { bytes } from './streams.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())
const doubling = () => new TransformStream<number, number>({ transform: (n, controller) => controller.enqueue(2 * n) })

describe('throughStream', () => {
  it('passes each item through the transform, in order', async () => {
    const items = Array.from({ length: 500 }, (_, i) => i)
    expect(await all(fromIterable(items).pipe(throughStream(doubling)))).toEqual(items.map((i) => 2 * i))
    expect(await all(fromIterable([1]).pipe(throughStream(doubling())))).toEqual([2])
  })

  it('compresses and decompresses 8 MB', async () => {
    const chunks = Array.from({ length: 8 }, (_, i) => bytes(2 ** 20, i))
    const back = fromIterable(chunks).pipe(
      throughStream(() => new CompressionStream('gzip')),
      throughStream(() => new DecompressionStream('gzip')),
    )
    expect((await all(back)).reduce((sum, chunk) => sum + chunk.byteLength, 0)).toBe(8 * 2 ** 20)
  })

  it('pauses the source while the stages below are full', async () => {
    let pulled = 0
    function* items() {
      for (;;) yield pulled++
    }
    const slow = chan<number>()
    const ctx = withCancel(background)
    const running = run(ctx, fromIterable(items()).pipe(throughStream(doubling), sendTo(slow)))
    await settle()
    expect(pulled).toBeLessThanOrEqual(6)
    for (let i = 0; i < 10; i++) expect(await slow.receive()).toEqual({ _tag: 'Some', value: 2 * i })
    await settle()
    expect(pulled).toBeLessThanOrEqual(16)
    ctx.cancel()
    await running.join().attempt()
  })

  it('fails with the error of the transform, the same object', async () => {
    const error = new Error('no gzip')
    const bad = () => new TransformStream<number, number>({ transform: () => Promise.reject(error) })
    await expect(all(fromIterable([1, 2]).pipe(throughStream(bad)))).rejects.toBe(error)
  })

  it('fails with the error of the source, whatever the transform makes of it', async () => {
    const error = new Error('source')
    const failing = concat(
      fromIterable([1]),
      throwError(() => error),
    )
    await expect(all(failing.pipe(throughStream(doubling)))).rejects.toBe(error)
    const silent = () => ({ writable: new WritableStream<number>(), readable: new ReadableStream<number>() })
    await expect(all(failing.pipe(throughStream(silent)))).rejects.toBe(error)
  })

  it('completes where the transform terminates before the source', async () => {
    const first = () =>
      new TransformStream<number, number>({
        transform(n, controller) {
          controller.enqueue(n)
          controller.terminate()
        },
      })
    expect(await all(fromReceiver(endless()).pipe(throughStream(first)))).toEqual([0])
  })

  it('a subscriber that leaves and the end of the context abort and cancel both sides', async () => {
    const log: unknown[] = []
    const pair = () => ({
      writable: new WritableStream<number>({ abort: (reason) => void log.push(['abort', reason]) }),
      readable: new ReadableStream<number>({
        pull: (controller) => controller.enqueue(1),
        cancel: (reason) => void log.push(['cancel', reason]),
      }),
    })
    await all(fromReceiver(chan<number>()).pipe(throughStream(pair), take(1)))
    await settle()
    expect(log).toEqual([['cancel', expect.any(CanceledError)], ['abort', expect.any(CanceledError)]]) // prettier-ignore
    log.length = 0
    const ctx = withCancel(background)
    const running = run(ctx, fromReceiver(chan<number>()).pipe(throughStream(pair), sendTo(chan<number>())))
    await settle()
    const cause = new Error('deadline')
    ctx.cancel(cause)
    await running.join().attempt()
    await settle()
    expect(log).toEqual([['cancel', cause], ['abort', cause]]) // prettier-ignore
  })

  it('is paced, so a worker pool below it sees no unpaced source', async () => {
    const work = workerPool(2, async (n: number) => n, { overflow: 'error' as const })
    expect((await all(fromIterable([1, 2, 3, 4, 5]).pipe(throughStream(doubling), work))).sort()).toEqual([10, 2, 4, 6, 8])
  })

  it('leaves no rejection unhandled', async () => {
    using unhandled = unhandledRejections()
    const bad = () => new TransformStream<number, number>({ start: (controller) => controller.error(new Error('x')) })
    await collect(background, fromIterable([1]).pipe(throughStream(bad)))
      .join()
      .attempt()
    await settle()
    expect(unhandled.reasons).toEqual([])
  })

  it('refuses a locked side and anything else, and names the parameter', async () => {
    const pair = doubling()
    pair.writable.getWriter()
    await expect(all(fromIterable([1]).pipe(throughStream(pair)))).rejects.toThrow('throughStream(pair): writable: the stream is locked')
    expect(() => throughStream({} as TransformStream)).toThrow('throughStream(pair): expected a TransformStream')
  })
})

function endless() {
  const values = chan<number>(3)
  for (let i = 0; i < 3; i++) values.trySend(i)
  return values
}
