/** A ReadableStream as a source. */
import { background, CanceledError, chan, withCancel } from 'millrace'
import { bounds, collect, fromReceiver, run, sendTo, workerPool } from 'millrace/operators'
import { fromReadableStream } from 'millrace/web/operators'
import { take, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { unhandledRejections } from '../support/unhandled.js'
import { byteStream, bytes, counting, failing } from './streams.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

describe('fromReadableStream', () => {
  it('emits each chunk once and in order, and releases the lock', async () => {
    const { stream } = counting(1000)
    expect(await all(fromReadableStream(stream))).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    expect(stream.locked).toBe(false)
  })

  it('reads at the pace of a slow stage: one chunk more than the stages hold', async () => {
    const { stream, seen } = counting()
    const slow = chan<number>()
    const ctx = withCancel(background)
    const running = run(ctx, fromReadableStream(stream).pipe(sendTo(slow)))
    await settle()
    expect(seen.pulled).toBeLessThanOrEqual(2)
    for (let i = 0; i < 10; i++) expect(await slow.receive()).toEqual({ _tag: 'Some', value: i })
    await settle()
    expect(seen.pulled).toBeLessThanOrEqual(12)
    const cause = new Error('enough')
    ctx.cancel(cause)
    await expect(running.join()).rejects.toBe(cause)
    expect(seen.canceled).toEqual([cause])
  })

  it('fails with the error of the stream, the same object, after the chunks before it', async () => {
    const error = new Error('reset')
    const got: number[] = []
    const results = chan<number>(10)
    await expect(run(background, fromReadableStream(failing([1, 2], error)).pipe(sendTo(results))).join()).rejects.toBe(error)
    for (let m = results.tryReceive(); m._tag === 'Right'; m = results.tryReceive()) got.push(m.right)
    expect(got).toEqual([1, 2])
  })

  it('a subscriber that leaves cancels the stream with a CanceledError, an error below with that error', async () => {
    const [left, failed] = [counting(), counting()]
    expect(await all(fromReadableStream(left.stream).pipe(take(2)))).toEqual([0, 1])
    const error = new Error('no disk')
    const work = workerPool(1, () => Promise.reject(error))
    await expect(all(fromReadableStream(failed.stream).pipe(work))).rejects.toBe(error)
    await settle()
    expect(left.seen.canceled).toEqual([expect.any(CanceledError)])
    expect([left.stream.locked, failed.stream.locked]).toEqual([false, false])
    expect(failed.seen.canceled[0]).toBe(error)
  })

  it('makes a stream for each subscriber', async () => {
    const source = fromReadableStream(() => counting(2).stream)
    expect([await all(source), await all(source)]).toEqual([[0, 1], [0, 1]]) // prettier-ignore
  })

  it('takes byte streams and an empty stream', async () => {
    expect((await all(fromReadableStream(byteStream(bytes(5), bytes(7))))).map((chunk) => chunk.byteLength)).toEqual([5, 7])
    expect(await all(fromReadableStream(byteStream()))).toEqual([])
  })

  it('fails with an error that names the parameter for a locked stream', async () => {
    const { stream } = counting()
    stream.getReader()
    await expect(all(fromReadableStream(stream))).rejects.toThrow('fromReadableStream(stream): the stream is locked')
    expect(() => fromReadableStream({} as ReadableStream)).toThrow('fromReadableStream(stream): expected a ReadableStream')
  })

  it('holds 1 item', () => {
    expect(bounds(fromReadableStream(counting().stream)).items).toBe(1)
  })

  it('a failed cancel() of the stream is a late failure and no unhandled rejection', async () => {
    using unhandled = unhandledRejections()
    const stream = new ReadableStream<number>({ cancel: () => Promise.reject(new CanceledError()) })
    const ctx = withCancel(background)
    const running = run(ctx, fromReadableStream(stream))
    await settle()
    ctx.cancel()
    await running.join().attempt()
    await settle()
    expect(unhandled.reasons).toEqual([])
  })

  it('a receiver of a pipeline is fed by a stream', async () => {
    const values = chan<number>(3)
    await run(background, fromReadableStream(counting(3).stream).pipe(sendTo(values, { close: true }))).join()
    expect(await all(fromReceiver(values))).toEqual([0, 1, 2])
  })
})
