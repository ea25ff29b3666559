/** A pipeline, a receiver or an iterable as a ReadableStream. */
import { background, chan, go, sleep, withCancel } from 'millrace'
import { fromGoroutine, fromIterable, fromReceiver } from 'millrace/operators'
import { receiverOf } from 'millrace/web'
import { fromReadableStream, toReadableStream } from 'millrace/web/operators'
import { throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { unhandledRejections } from '../support/unhandled.js'
import { bytes, counting } from './streams.js'

async function read<T>(stream: ReadableStream<T>): Promise<T[]> {
  const got: T[] = []
  for (const reader = stream.getReader(); ;) {
    const { done, value } = await reader.read()
    if (done) return got
    got.push(value)
  }
}

describe('toReadableStream', () => {
  it('reads a pipeline, a receiver, iterables of both kinds', async () => {
    async function* numbers() {
      yield* [1, 2, 3]
    }
    const values = chan<number>(3)
    for (const n of [1, 2, 3]) values.trySend(n)
    values.close()
    for (const source of [fromIterable([1, 2, 3]), values, [1, 2, 3], numbers()])
      expect(await read(toReadableStream(source))).toEqual([1, 2, 3])
  })

  it('starts at the first read, and reads nothing ahead', async () => {
    let made = 0
    function* items() {
      for (;;) yield made++
    }
    const reader = toReadableStream(fromIterable(items())).getReader()
    await settle()
    expect(made).toBe(0)
    for (let i = 0; i < 5; i++) expect(await reader.read()).toEqual({ done: false, value: i })
    await settle()
    expect(made).toBeLessThanOrEqual(6)
    await reader.cancel()
  })

  it('reads `highWaterMark` chunks ahead of a reader', async () => {
    const values = chan<number>(20)
    for (let i = 0; i < 20; i++) values.trySend(i)
    const reader = toReadableStream(values, { highWaterMark: 4 }).getReader()
    await settle()
    expect(values.size).toBe(16)
    expect(await reader.read()).toEqual({ done: false, value: 0 })
    await settle()
    expect(values.size).toBe(15)
  })

  it('fails with the error of the source, the same object, after the items before it', async () => {
    const error = new Error('source')
    const values = chan<number>(1)
    values.trySend(1)
    values.close(error)
    const reader = toReadableStream(values).getReader()
    expect(await reader.read()).toEqual({ done: false, value: 1 })
    await expect(reader.read()).rejects.toBe(error)
    await expect(read(toReadableStream(throwError(() => error)))).rejects.toBe(error)
  })

  it('the end of the context fails the stream with its cause', async () => {
    const ctx = withCancel(background)
    const cause = new Error('deadline')
    const reading = read(toReadableStream(chan<number>(), { ctx }))
    await settle()
    ctx.cancel(cause)
    await expect(reading).rejects.toBe(cause)
  })

  it('cancel ends the pipeline with the reason, and resolves when its goroutines have unwound', async () => {
    const log: unknown[] = []
    const source = fromGoroutine<number>(function* (emit, ctx) {
      try {
        for (;;) yield* emit.send(1)
      } finally {
        yield* sleep(1)
        log.push(ctx.cause())
      }
    })
    const reader = toReadableStream(source).getReader()
    await reader.read()
    const reason = new Error('enough')
    await reader.cancel(reason)
    expect(log).toEqual([{ _tag: 'Some', value: reason }])
  })

  it('cancel withdraws the receive: no value of a receiver is lost', async () => {
    const values = chan<number>()
    const reader = toReadableStream(values).getReader()
    const reading = reader.read()
    await settle()
    await reader.cancel()
    expect(await reading).toEqual({ done: true, value: undefined })
    const sending = go(() => values.send(7))
    expect(await values.receive()).toEqual({ _tag: 'Some', value: 7 })
    await sending.join()
  })

  it('cancel goes up to a stream through its receiver and through a source', async () => {
    const [a, b] = [counting(), counting()]
    const reason = new Error('enough')
    for (const stream of [toReadableStream(receiverOf(a.stream)), toReadableStream(fromReadableStream(b.stream))]) {
      const reader = stream.getReader()
      await reader.read()
      await reader.cancel(reason)
    }
    expect([a.seen.canceled, b.seen.canceled]).toEqual([[reason], [reason]])
  })

  it('a byte stream takes views, skips empty items, and serves readers with buffers of their own', async () => {
    const items = [bytes(3, 1), bytes(0), bytes(2, 2)]
    const stream = toReadableStream(fromIterable(items), { type: 'bytes' })
    const reader = stream.getReader({ mode: 'byob' })
    const first = await reader.read(new Uint8Array(10))
    const second = await reader.read(new Uint8Array(10))
    expect([first.value, second.value].map((chunk) => [...(chunk ?? [])])).toEqual([[1, 1, 1], [2, 2]]) // prettier-ignore
    expect((await reader.read(new Uint8Array(10))).done).toBe(true)
    const large = toReadableStream([bytes(8 * 2 ** 20)], { type: 'bytes' })
    expect((await read(large)).map((chunk) => chunk.byteLength)).toEqual([8 * 2 ** 20])
  })

  it('a byte stream fails for an item without bytes, and ends its source', async () => {
    let isOver = false
    function* items() {
      try {
        yield 'text'
        yield 'more'
      } finally {
        isOver = true
      }
    }
    await expect(read(toReadableStream(items() as Iterable<unknown>, { type: 'bytes' }))).rejects.toThrow(
      'expected a Uint8Array, got "text"',
    )
    await settle()
    expect(isOver).toBe(true)
  })

  it('is the body of a response, and leaves no rejection unhandled', async () => {
    using unhandled = unhandledRejections()
    const body = toReadableStream(fromReceiver(filled('a', 'b'))).pipeThrough(new TextEncoderStream())
    expect(await new Response(body).text()).toBe('ab')
    toReadableStream(
      throwError(() => new Error('x')),
      { highWaterMark: 1 },
    )
    await settle()
    expect(unhandled.reasons).toEqual([])
  })

  it('refuses a wrong source, type, mark and context', () => {
    expect(() => toReadableStream(7 as never)).toThrow('toReadableStream(source): expected a pipeline, a receiver or an iterable, got 7')
    expect(() => toReadableStream([], { type: 'byte' as 'bytes' })).toThrow(TypeError)
    expect(() => toReadableStream([], { highWaterMark: -1 })).toThrow(RangeError)
    expect(() => toReadableStream([], { ctx: {} as never })).toThrow(TypeError)
  })
})

function filled<T>(...values: readonly T[]) {
  const ch = chan<T>(values.length)
  for (const value of values) ch.trySend(value)
  ch.close()
  return ch
}
