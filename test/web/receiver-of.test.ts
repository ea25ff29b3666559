/** A ReadableStream as a receiver. */
import { after, background, CanceledError, go, onLateFailure, range, select, withCancel } from 'millrace'
import { receiverOf } from 'millrace/web'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { unhandledRejections } from '../support/unhandled.js'
import { byteStream, bytes, counting, failing } from './streams.js'

describe('receiverOf', () => {
  it('receives each chunk once and in order, then none, and releases the lock', async () => {
    const { stream } = counting(3)
    const receiver = receiverOf(stream)
    expect(stream.locked).toBe(true)
    const got: unknown[] = []
    for await (const chunk of receiver) got.push(chunk)
    expect([got, stream.locked]).toEqual([[0, 1, 2], false])
    expect(await receiver.receive()).toEqual({ _tag: 'None' })
    expect(receiver.tryReceive()).toEqual({ _tag: 'Left', left: 'closed' })
    await receiver.closed()
  })

  it('receives the last chunk of a stream that closes as the chunk is read', async () => {
    const closedAtOnce = new ReadableStream<string>({
      start(controller) {
        controller.enqueue('a')
        controller.enqueue('b')
        controller.close()
      },
    })
    const got: string[] = []
    for await (const chunk of receiverOf(closedAtOnce)) got.push(chunk)
    expect(got).toEqual(['a', 'b'])
  })

  it('reads nothing before a receive waits, and one chunk for each receive', async () => {
    const { stream, seen } = counting()
    const receiver = receiverOf(stream)
    await settle()
    expect([seen.pulled, receiver.tryReceive()]).toEqual([0, { _tag: 'Left', left: 'empty' }])
    await receiver.receive()
    await settle()
    expect(seen.pulled).toBe(1)
  })

  it('shares the chunks between goroutines', async () => {
    const receiver = receiverOf(counting(100).stream)
    function* worker() {
      const got: number[] = []
      for (const it = range(receiver); yield* it.next();) got.push(it.value)
      return got
    }
    const [a, b] = [go(worker), go(worker)]
    const all = [...(await a.join()), ...(await b.join())]
    expect(all.sort((x, y) => x - y)).toEqual(Array.from({ length: 100 }, (_, i) => i))
  })

  it('a receive that is not chosen loses no chunk', async () => {
    const { stream, seen } = counting(3)
    const receiver = receiverOf(stream)
    const chosen = await select({ chunk: receiver.receive(), ready: after(0) }, { biased: true })
    expect(chosen.case).toBe('ready')
    await settle()
    const got: unknown[] = []
    for await (const chunk of receiver) got.push(chunk)
    expect([got, seen.pulled]).toEqual([[0, 1, 2], 3])
  })

  it('a receive that is given up while its read is under way leaves the chunk to the next', async () => {
    let deliver: (value: string) => void = () => {}
    const stream = new ReadableStream<string>({
      pull: (controller) => new Promise<void>((resolve) => (deliver = (value) => (controller.enqueue(value), resolve()))),
    })
    const receiver = receiverOf(stream)
    const ctx = withCancel(background)
    const given = go(() => receiver.receive().within(ctx))
    await settle()
    ctx.cancel()
    await expect(given.join()).rejects.toBeInstanceOf(CanceledError)
    deliver('a')
    await settle()
    expect([receiver.size, receiver.tryReceive()]).toEqual([1, { _tag: 'Right', right: 'a' }])
  })

  it('throws the error of the stream, the same object, after the chunks before it', async () => {
    const error = new Error('reset')
    const receiver = receiverOf(failing([1], error))
    expect(await receiver.receive()).toEqual({ _tag: 'Some', value: 1 })
    await expect(receiver.receive()).rejects.toBe(error)
    expect(() => receiver.tryReceive()).toThrow(error)
  })

  it('cancel passes the reason on, releases the lock, and a receive that waits throws it', async () => {
    const canceled: unknown[] = []
    const stream = new ReadableStream<number>({ cancel: (reason) => void canceled.push(reason) })
    const receiver = receiverOf(stream)
    const reason = new Error('enough')
    const waiting = go(() => receiver.receive())
    await settle()
    receiver.cancel(reason)
    await expect(waiting.join()).rejects.toBe(reason)
    expect([canceled, stream.locked]).toEqual([[reason], false])
    receiver.cancel(new Error('again'))
    expect(canceled).toHaveLength(1)
  })

  it('`await using` cancels with a CanceledError and waits for the source', async () => {
    let isFreed = false
    const stream = new ReadableStream<number>({
      cancel: async (reason) => {
        expect(reason).toBeInstanceOf(CanceledError)
        await settle()
        isFreed = true
      },
    })
    {
      await using receiver = receiverOf(stream)
      expect(receiver.size).toBe(0)
    }
    expect(isFreed).toBe(true)
  })

  it('with preventCancel the lock is released and other code reads on', async () => {
    const { stream, seen } = counting(3)
    const receiver = receiverOf(stream, { preventCancel: true })
    expect(await receiver.receive()).toEqual({ _tag: 'Some', value: 0 })
    receiver.cancel()
    const rest: number[] = []
    for (const reader = stream.getReader(); ;) {
      const { done, value } = await reader.read()
      if (done) break
      rest.push(value)
    }
    expect([rest, seen.canceled]).toEqual([[1, 2], []])
  })

  it('reads byte streams, with chunks of 8 MB', async () => {
    const lengths: number[] = []
    for await (const chunk of receiverOf(byteStream(bytes(1), bytes(8 * 2 ** 20), bytes(3)))) lengths.push(chunk.byteLength)
    expect(lengths).toEqual([1, 8 * 2 ** 20, 3])
  })

  it('leaves no rejection unhandled, also where nobody receives', async () => {
    using unhandled = unhandledRejections()
    const error = new Error('reset')
    receiverOf(failing([], error))
    receiverOf(new ReadableStream({ start: (controller) => controller.error(error) }))
    receiverOf(counting().stream).cancel()
    await settle()
    expect(unhandled.reasons).toEqual([])
  })

  it('the cancel of a stream that has just failed is no late failure, and a cancel that fails is one', async () => {
    const late: unknown[] = []
    const stop = onLateFailure((cause) => late.push(cause))
    const [own, other] = [new Error('reset'), new Error('no cancel')]
    let fail = (): void => {}
    const receiver = receiverOf(new ReadableStream({ start: (controller) => void (fail = () => controller.error(own)) }))
    fail()
    receiver.cancel()
    receiverOf(new ReadableStream({ cancel: () => Promise.reject(other) })).cancel()
    await settle()
    stop()
    expect(late).toEqual([other])
  })

  it('refuses a locked stream and anything else, and names the parameter', () => {
    const { stream } = counting()
    stream.getReader()
    expect(() => receiverOf(stream)).toThrow(
      new TypeError(
        'receiverOf(stream): the stream is locked: another reader or pipe has it. Release that reader first, or pass a stream of your own',
      ),
    )
    expect(() => receiverOf({} as ReadableStream<number>)).toThrow('receiverOf(stream): expected a ReadableStream, got an object')
  })
})
