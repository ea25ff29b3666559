/** A WritableStream as a sender. */
import { after, CanceledError, go, onLateFailure, select } from 'millrace'
import { senderOf } from 'millrace/web'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { unhandledRejections } from '../support/unhandled.js'
import { collecting } from './streams.js'

describe('senderOf', () => {
  it('writes each value once and in order, and finished() waits for the close', async () => {
    const { stream, seen } = collecting<number>()
    const sender = senderOf(stream)
    for (let i = 0; i < 5; i++) await sender.send(i)
    sender.close()
    await sender.finished()
    expect([seen.written, seen.closed, stream.locked, sender.isClosed]).toEqual([[0, 1, 2, 3, 4], 1, false, true])
  })

  it('a send waits while the stream is full', async () => {
    const { stream, seen, next } = collecting<number>({ gated: true, highWaterMark: 2 })
    const sender = senderOf(stream)
    let sent = 0
    const sending = go(function* () {
      for (; sent < 5; sent++) yield* sender.send(sent)
    })
    await settle()
    expect([sent, sender.size, sender.capacity, sender.trySend(9)]).toEqual([2, 2, 2, false])
    next()
    await settle()
    expect([seen.written, sent]).toEqual([[0], 3])
    for (let i = 0; i < 5; i++, await settle()) next()
    await sending.join()
    expect(seen.written).toEqual([0, 1, 2, 3, 4])
  })

  it('a send that is not chosen has written nothing', async () => {
    const { stream, seen, next } = collecting<string>({ gated: true })
    const sender = senderOf(stream)
    await sender.send('a')
    const chosen = await select({ sent: sender.send('b'), late: after(1) })
    expect(chosen.case).toBe('late')
    next()
    await settle()
    expect([seen.written, sender.trySend('c')]).toEqual([['a'], true])
  })

  it('throws the error of the stream, the same object, to each send that waits', async () => {
    const error = new Error('disk full')
    const { stream } = collecting<number>({ failAt: 1, error })
    const sender = senderOf(stream)
    await sender.send(0)
    await sender.send(1)
    await expect(sender.send(2)).rejects.toBe(error)
    await expect(sender.finished()).rejects.toBe(error)
    expect(stream.locked).toBe(false)
  })

  it('shows a failure of the stream while a write never ends', async () => {
    const error = new Error('gone')
    let fail: (error: unknown) => void = () => {}
    const stream = new WritableStream<number>({
      start: (controller) => void (fail = (cause) => controller.error(cause)),
      write: () => new Promise(() => {}),
    })
    const sender = senderOf(stream)
    await sender.send(1)
    const waiting = go(() => sender.send(2))
    await settle()
    fail(error)
    await expect(waiting.join()).rejects.toBe(error)
  })

  it('close(cause) aborts with the cause, and a second close throws', async () => {
    const { stream, seen } = collecting<number>()
    const sender = senderOf(stream)
    const cause = new Error('no more')
    sender.close(cause)
    await expect(sender.finished()).rejects.toBe(cause)
    await settle()
    expect([seen.aborted, seen.closed]).toEqual([[cause], 0])
    expect(() => sender.close()).toThrow('close of closed channel')
  })

  it('a send after close throws "send on closed channel"', async () => {
    const { stream } = collecting<number>()
    const sender = senderOf(stream)
    sender.close()
    await expect(sender.send(1)).rejects.toThrow('send on closed channel')
    expect(() => sender.trySend(1)).toThrow('send on closed channel')
  })

  it('`await using` aborts a stream that has not finished, and only that', async () => {
    const [left, done] = [collecting<number>(), collecting<number>()]
    {
      await using sender = senderOf(left.stream)
      await sender.send(1)
    }
    {
      await using sender = senderOf(done.stream)
      sender.close()
      await sender.finished()
    }
    expect(left.seen.aborted).toEqual([expect.any(CanceledError)])
    expect(done.seen.aborted).toEqual([])
  })

  it('leaves no rejection unhandled', async () => {
    using unhandled = unhandledRejections()
    const sender = senderOf(collecting<number>({ failAt: 0, error: new Error('x') }).stream)
    await sender.send(1)
    senderOf(new WritableStream({ start: () => Promise.reject(new Error('no start')) }))
    senderOf(collecting().stream)[Symbol.dispose]()
    await settle()
    expect(unhandled.reasons).toEqual([])
  })

  it('the abort of a stream that has just failed is no late failure', async () => {
    const late: unknown[] = []
    const stop = onLateFailure((cause) => late.push(cause))
    let fail = (): void => {}
    const start = (controller: WritableStreamDefaultController) => void (fail = () => controller.error(new Error('reset')))
    const sender = senderOf(new WritableStream({ start, write: () => new Promise(() => {}) }))
    fail()
    sender.close(new Error('given up'))
    await settle()
    stop()
    expect(late).toEqual([])
  })

  it('refuses a locked stream and anything else', () => {
    const { stream } = collecting<number>()
    stream.getWriter()
    expect(() => senderOf(stream)).toThrow('senderOf(stream): the stream is locked: another writer or pipe has it')
    expect(() => senderOf({} as WritableStream<number>)).toThrow('senderOf(stream): expected a WritableStream, got an object')
  })
})
