import { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline as connect } from 'node:stream/promises'
import { background, chan, go, never, sleep, withCancel } from 'millrace'
import { toReadable } from 'millrace/node/operators'
import { fromGoroutine, fromIterable, workerPool } from 'millrace/operators'
import { throwError } from 'rxjs'
import { expect, it } from 'vitest'
import { turns } from './open-streams.js'

it('starts at the first read, and not before', async () => {
  let hasStarted = false
  const stream = toReadable(
    fromGoroutine<number>(function* (emit) {
      hasStarted = true
      yield* emit.send(1)
    }),
  )
  await turns()
  expect(hasStarted).toBe(false)
  expect(await stream.toArray()).toEqual([1])
})

it('reads a receiver, sync and async iterables, and a string by its characters', async () => {
  const items = chan<number>(2)
  items.trySend(1)
  items.trySend(2)
  items.close()
  expect(await toReadable(items).toArray()).toEqual([1, 2])
  expect(await toReadable(new Set([1, 2])).toArray()).toEqual([1, 2])
  expect(await toReadable(Readable.from([1, 2])).toArray()).toEqual([1, 2])
  expect(await toReadable('ab').toArray()).toEqual(['a', 'b'])
})

it.each([2, 3, 100_000])('passes over %d chunks of no bytes that wait, and does not stall', async (count) => {
  const chunks = chan<string | Uint8Array>(count + 2)
  chunks.trySend('a')
  for (let n = 0; n < count; n++) chunks.trySend(n % 2 === 0 ? '' : new Uint8Array())
  chunks.trySend('b')
  chunks.close()
  expect(await text(toReadable(chunks, { objectMode: false, highWaterMark: 1 }))).toBe('ab')
})

it.each([undefined, 1])('joins the bytes of a character, each a chunk of its own, with a highWaterMark of %s', async (highWaterMark) => {
  const chunks = chan<Uint8Array>(1000)
  for (const byte of new TextEncoder().encode('😀'.repeat(200))) chunks.trySend(Uint8Array.of(byte))
  chunks.close()
  const stream = toReadable(chunks, { objectMode: false, highWaterMark }).setEncoding('utf8')
  expect((await stream.toArray()).join('')).toBe('😀'.repeat(200))
})

it.each([0, 1, 4])('a paused stream reads no further than its highWaterMark of %d bytes, and a chunk', async (highWaterMark) => {
  const chunks = chan<string>(20)
  for (let n = 0; n < 20; n++) chunks.trySend('a')
  const stream = toReadable(chunks, { objectMode: false, highWaterMark })
  stream.once('data', () => stream.pause())
  await turns()
  expect(20 - chunks.size).toBeLessThanOrEqual(highWaterMark + 2) // with the chunk that was emitted
  stream.destroy()
})

it('a stream that is destroyed among chunks of no bytes takes no more of them', async () => {
  const chunks = chan<string>(10)
  for (let n = 0; n < 10; n++) chunks.trySend('')
  const stream = toReadable(chunks, { objectMode: false })
  stream.read()
  stream.destroy()
  await turns()
  expect(chunks.size).toBe(9)
})

it('a destroyed stream withdraws its receive: no value of the receiver is lost', async () => {
  const items = chan<number>()
  const stream = toReadable(items)
  stream.read()
  await turns()
  stream.destroy()
  await turns()
  const sent = go(() => items.send(1))
  expect(await items.receive()).toEqual({ _tag: 'Some', value: 1 })
  await sent.join()
})

it('a destroyed stream is closed when the goroutines of the pipeline have unwound', async () => {
  let isUnwound = false
  const stream = toReadable(
    fromGoroutine<number>(function* (emit) {
      try {
        yield* emit.send(1)
        yield* never()
      } finally {
        yield* sleep(5)
        isUnwound = true
      }
    }),
  )
  stream.read()
  await turns()
  stream.destroy()
  await new Promise((resolve) => stream.once('close', resolve))
  expect(isUnwound).toBe(true)
})

it('an error of the pipeline destroys the stream, the same object', async () => {
  const error = new Error('broken')
  await expect(toReadable(throwError(() => error)).toArray()).rejects.toBe(error)
})

it('the end of the context destroys the stream with the cause, also while nobody reads', async () => {
  const ctx = withCancel(background)
  const stream = toReadable(chan<number>(), { ctx })
  const cause = new Error('over')
  stream.on('error', () => {})
  ctx.cancel(cause)
  await turns()
  expect(stream.errored).toBe(cause)
})

it('an item that is null fails with an error that says why', async () => {
  await expect(toReadable([1, null]).toArray()).rejects.toThrow('an item is null')
})

it('the writer at the end of a pipeline of Node sets the pace', async () => {
  let made = 0
  let written = 0
  let ahead = 0
  const numbers = function* () {
    while (made < 200) yield ++made
  }
  const slow = new Writable({
    objectMode: true,
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => {
      written++
      ahead = Math.max(ahead, made - written)
      setImmediate(done)
    },
  })
  const doubled = fromIterable(numbers()).pipe(workerPool(2, async (n) => 2 * n))
  await connect(toReadable(doubled, { highWaterMark: 2 }), slow)
  expect(written).toBe(200)
  expect(ahead).toBeLessThanOrEqual(2 + 1 + 2 + 2 + 1)
})

it('throws TypeError for an argument of another type', () => {
  for (const wrong of [null, undefined, 1, () => {}, {}]) expect(() => toReadable(wrong as never)).toThrow(TypeError)
  expect(() => toReadable([1], { ctx: {} as never })).toThrow(TypeError)
})
