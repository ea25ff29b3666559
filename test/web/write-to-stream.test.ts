/** A WritableStream as a sink. */
import { background, CanceledError, chan, withCancel } from 'millrace'
import { bounds, fromIterable, fromReceiver, run } from 'millrace/operators'
import { writeToStream } from 'millrace/web/operators'
import { throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { unhandledRejections } from '../support/unhandled.js'
import { collecting } from './streams.js'

describe('writeToStream', () => {
  it('writes each item once and in order, and completes when the stream is closed', async () => {
    const { stream, seen } = collecting<number>()
    await run(background, fromIterable([1, 2, 3]).pipe(writeToStream(stream))).join()
    expect([seen, stream.locked]).toEqual([{ written: [1, 2, 3], closed: 1, aborted: [] }, false])
  })

  it('pauses the source while the stream is full', async () => {
    const { stream, next } = collecting<number>({ gated: true, highWaterMark: 3 })
    let pulled = 0
    function* items() {
      for (;;) yield pulled++
    }
    const ctx = withCancel(background)
    const running = run(ctx, fromIterable(items()).pipe(writeToStream(stream)))
    await settle()
    expect(pulled).toBeLessThanOrEqual(5)
    for (let i = 0; i < 5; i++, await settle()) next()
    expect(pulled).toBeLessThanOrEqual(10)
    ctx.cancel()
    await running.join().attempt()
  })

  it('fails with the error of the stream, the same object, also while the source is idle', async () => {
    const error = new Error('disk full')
    const { stream } = collecting<number>({ failAt: 1, error })
    await expect(run(background, fromIterable([1, 2, 3]).pipe(writeToStream(stream))).join()).rejects.toBe(error)
    let fail: (cause: unknown) => void = () => {}
    const idle = new WritableStream<number>({ start: (controller) => void (fail = (cause) => controller.error(cause)) })
    const running = run(background, fromReceiver(chan<number>()).pipe(writeToStream(idle)))
    await settle()
    fail(error)
    await expect(running.join()).rejects.toBe(error)
  })

  it('fails with the error of the last write and of close()', async () => {
    const error = new Error('disk full')
    const last = collecting<number>({ failAt: 2, error, highWaterMark: 10 })
    await expect(run(background, fromIterable([1, 2, 3]).pipe(writeToStream(last.stream))).join()).rejects.toBe(error)
    const closing = new WritableStream<number>({ close: () => Promise.reject(error) })
    await expect(run(background, fromIterable([1]).pipe(writeToStream(closing))).join()).rejects.toBe(error)
  })

  it('aborts with the error of the source, the cause of the context, or a CanceledError', async () => {
    const [a, b, c] = [collecting<number>(), collecting<number>(), collecting<number>()]
    const error = new Error('source')
    await expect(run(background, throwError(() => error).pipe(writeToStream(a.stream))).join()).rejects.toBe(error)
    const ctx = withCancel(background)
    const cause = new Error('deadline')
    const running = run(ctx, fromReceiver(chan<number>()).pipe(writeToStream(b.stream)))
    await settle()
    ctx.cancel(cause)
    await expect(running.join()).rejects.toBe(cause)
    fromReceiver(chan<number>()).pipe(writeToStream(c.stream)).subscribe().unsubscribe()
    await settle()
    expect([a.seen.aborted, b.seen.aborted, c.seen.aborted]).toEqual([[error], [cause], [expect.any(CanceledError)]])
    expect([a, b, c].map(({ stream }) => stream.locked)).toEqual([false, false, false])
  })

  it('aborts the stream of a pipeline that is refused because its context has ended', async () => {
    const { stream, seen } = collecting<number>()
    const ctx = withCancel(background)
    const cause = new Error('too late')
    ctx.cancel(cause)
    await expect(run(ctx, fromIterable([1]).pipe(writeToStream(stream))).join()).rejects.toBe(cause)
    await settle()
    expect(seen.aborted).toEqual([cause])
  })

  it('preventClose and preventAbort leave the stream open and not locked, with everything written', async () => {
    const { stream, seen } = collecting<number>()
    await run(background, fromIterable([1, 2]).pipe(writeToStream(stream, { preventClose: true }))).join()
    expect([seen.written, seen.closed, stream.locked]).toEqual([[1, 2], 0, false])
    const error = new Error('source')
    const pipeline = throwError(() => error).pipe(writeToStream(stream, { preventAbort: true }))
    await expect(run(background, pipeline).join()).rejects.toBe(error)
    await run(background, fromIterable([3]).pipe(writeToStream(stream))).join()
    expect(seen).toEqual({ written: [1, 2, 3], closed: 1, aborted: [] })
  })

  it('fails with an error that names the parameter for a locked stream', async () => {
    const { stream } = collecting<number>()
    stream.getWriter()
    await expect(run(background, fromIterable([1]).pipe(writeToStream(stream))).join()).rejects.toThrow(
      'writeToStream(stream): the stream is locked',
    )
    expect(() => writeToStream({} as WritableStream)).toThrow('writeToStream(stream): expected a WritableStream')
  })

  it('holds 1 item and leaves no rejection unhandled', async () => {
    using unhandled = unhandledRejections()
    const { stream } = collecting<number>({ failAt: 0, error: new Error('x') })
    const pipeline = fromIterable([1, 2]).pipe(writeToStream(stream))
    expect(bounds(pipeline).items).toBe(1)
    await run(background, pipeline).join().attempt()
    await settle()
    expect(unhandled.reasons).toEqual([])
  })
})
