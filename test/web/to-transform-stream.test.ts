/** A pipeline as a pair of streams. */
import { background, chan, withCancel, type Receiver } from 'millrace'
import { batch, named, until, workerPool } from 'millrace/operators'
import { toTransformStream } from 'millrace/web/operators'
import { take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { unhandledRejections } from '../support/unhandled.js'
import { collecting, counting } from './streams.js'

const doubling = () => toTransformStream<number, number>((source) => source.pipe(workerPool(2, (n) => 2 * n, { ordered: true })))

describe('toTransformStream', () => {
  it('passes chunks through the pipeline, in order', async () => {
    const { stream, seen } = collecting<number>()
    await counting(100).stream.pipeThrough(doubling()).pipeTo(stream)
    expect(seen.written).toEqual(Array.from({ length: 100 }, (_, i) => 2 * i))
  })

  it('a stage that collects delivers the rest at the end', async () => {
    const { stream, seen } = collecting<number[]>()
    const batches = toTransformStream<number, number[]>((source) => source.pipe(batch({ size: 2, within: 1000 })))
    await counting(5).stream.pipeThrough(batches).pipeTo(stream)
    expect(seen.written).toEqual([[0, 1], [2, 3], [4]]) // prettier-ignore
  })

  it('a slow reader pauses the source', async () => {
    const { stream, seen } = counting()
    const reader = stream.pipeThrough(doubling()).getReader()
    await reader.read()
    await settle()
    expect(seen.pulled).toBeLessThanOrEqual(7)
    await reader.cancel()
  })

  it('an error of the pipeline fails both sides with that object', async () => {
    const error = new Error('work')
    const bad = toTransformStream<number, number>((source) => source.pipe(workerPool(1, () => Promise.reject(error))))
    const { stream, seen } = counting()
    await expect(stream.pipeThrough(bad).pipeTo(collecting<number>().stream)).rejects.toBe(error)
    await settle() // the other side ends after the write that is in flight
    expect(seen.canceled).toEqual([error])
  })

  it('an abort of the writable side is an error of the source, with the reason', async () => {
    const { readable, writable } = doubling()
    const reader = readable.getReader()
    const reading = reader.read()
    const reason = new Error('upstream')
    await settle()
    const aborting = writable.abort(reason)
    await expect(reading).rejects.toBe(reason)
    await aborting
  })

  it('an abort ends a write that waits', async () => {
    const { writable } = doubling()
    const writer = writable.getWriter()
    const writing = writer.write(1)
    await settle()
    const reason = new Error('upstream')
    await Promise.all([writer.abort(reason), expect(writing).rejects.toBe(reason)])
  })

  it('a cancel of the readable side fails the writable side with the reason, also before a read', async () => {
    for (const isRead of [true, false]) {
      const { readable, writable } = doubling()
      const writer = writable.getWriter()
      const reader = readable.getReader()
      const reading = isRead ? reader.read() : null
      await settle()
      const reason = new Error('enough')
      await reader.cancel(reason)
      await reading
      await expect(writer.closed).rejects.toBe(reason)
    }
  })

  it('a pipeline that completes early fails the writable side with TypeError', async () => {
    const { readable, writable } = toTransformStream<number, number>((source) => source.pipe(take(1)))
    const writer = writable.getWriter()
    void writer.write(1).catch(() => {})
    const reader = readable.getReader()
    expect(await reader.read()).toEqual({ done: false, value: 1 })
    expect((await reader.read()).done).toBe(true)
    await expect(writer.closed).rejects.toThrow('toTransformStream: the pipeline has completed')
  })

  it('the end of the context fails both sides with its cause', async () => {
    const ctx = withCancel(background)
    const { readable, writable } = toTransformStream<number, number>(
      (source) => source.pipe(named('part'), until(chan<void>() as Receiver<void>)),
      { ctx },
    )
    const reading = readable.getReader().read()
    const closed = writable.getWriter().closed
    await settle()
    const cause = new Error('deadline')
    ctx.cancel(cause)
    await expect(reading).rejects.toBe(cause)
    await expect(closed).rejects.toBe(cause)
  })

  it('leaves no rejection unhandled', async () => {
    using unhandled = unhandledRejections()
    const { readable } = doubling()
    await readable.cancel()
    await settle()
    expect(unhandled.reasons).toEqual([])
  })

  it('refuses a build that is no function, or returns no pipeline', () => {
    expect(() => toTransformStream(7 as never)).toThrow('toTransformStream(build): expected a function, got 7')
    expect(() => toTransformStream((() => 7) as never)).toThrow('toTransformStream(build): the result of build')
  })
})
