import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { background, chan, go, range, select, sleep, withCancel } from 'millrace'
import { receiverOf } from 'millrace/node'
import { from } from 'rxjs'
import { afterAll, expect, it } from 'vitest'
import { subscribed } from '../support/outcome.js'
import { descriptorsOf, listenersOf, socketsOn, turns } from './open-streams.js'

const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('a goroutine ranges over the lines of a file, and its descriptor is freed', async () => {
  const path = join(folder, 'big')
  writeFileSync(path, Buffer.alloc(300_000, 'x'))
  let bytes = 0
  await go(function* () {
    for (const it = range(receiverOf(createReadStream(path))); yield* it.next();) bytes += it.value.length
  }).join()
  await turns()
  expect(bytes).toBe(300_000)
  await expect.poll(() => descriptorsOf(path)).toBe(0)
})

it('a receive that is a case of select and is not chosen reads nothing', async () => {
  const stream = new PassThrough({ objectMode: true })
  const chunks = receiverOf<string>(stream)
  const other = chan<number>(1)
  const first = select({ chunk: chunks.receive(), other: other.receive() })
  const chosen = go(() => first)
  await turns()
  await other.send(1)
  expect((await chosen.join()).case).toBe('other')
  stream.write('a')
  await turns()
  expect(await chunks.receive()).toEqual({ _tag: 'Some', value: 'a' })
})

it('a chunk that was granted to a subscriber that leaves goes to the next receive', async () => {
  const stream = new PassThrough({ objectMode: true })
  const chunks = receiverOf<string>(stream)
  const seen: unknown[] = []
  const subscription = from(chunks.receive()).subscribe((message) => seen.push(message))
  await turns()
  stream.prependListener('readable', () => queueMicrotask(() => subscription.unsubscribe())) // after the grant, before the delivery
  stream.write('a')
  await turns()
  expect(await chunks.receive()).toEqual({ _tag: 'Some', value: 'a' })
  expect(seen).toEqual([])
})

it('goroutines that receive at the same time share the chunks', async () => {
  const stream = Readable.from([1, 2, 3, 4])
  const chunks = receiverOf<number>(stream)
  const got: number[] = []
  const all = [0, 1].map(() =>
    go(function* () {
      for (const it = range(chunks); yield* it.next();) {
        got.push(it.value)
        yield* sleep(1)
      }
    }),
  )
  for (const each of all) await each.join()
  expect(got.sort()).toEqual([1, 2, 3, 4])
})

it('the error of the stream is thrown to each receive, the same object', async () => {
  const error = new Error('broken')
  const stream = new PassThrough()
  const chunks = receiverOf(stream)
  const waiting = [go(() => chunks.receive()), go(() => chunks.receive())]
  const ends = Promise.all(waiting.map(async (each) => each.join().attempt()))
  await turns()
  stream.destroy(error)
  for (const end of await ends) expect(end).toEqual({ _tag: 'Left', left: error })
  await expect(chunks.receive()).rejects.toBe(error)
})

it('a stream that is destroyed before its end, or was before, is a premature close', async () => {
  const early = new PassThrough()
  early.destroy()
  await expect(receiverOf(early).receive()).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
  const late = new PassThrough()
  const chunks = receiverOf(late)
  const waiting = go(() => chunks.receive())
  await turns()
  late.destroy()
  await expect(waiting.join()).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
})

it('a stream that has ended before results in none', async () => {
  const stream = Readable.from([1])
  stream.resume()
  await turns(10)
  expect(await receiverOf(stream).receive()).toEqual({ _tag: 'None' })
})

it('tryReceive sees an empty stream, a chunk and the end', async () => {
  const stream = new PassThrough({ objectMode: true })
  const chunks = receiverOf<number>(stream)
  expect(chunks.tryReceive()).toEqual({ _tag: 'Left', left: 'empty' })
  stream.end(7)
  await turns()
  expect(chunks.tryReceive()).toEqual({ _tag: 'Right', right: 7 })
  expect(chunks.tryReceive()).toEqual({ _tag: 'Left', left: 'empty' })
  await chunks.closed()
  expect(chunks.tryReceive()).toEqual({ _tag: 'Left', left: 'closed' })
})

it('closed() waits for the end without a receive, and takes no chunk', async () => {
  const stream = new PassThrough({ objectMode: true })
  const chunks = receiverOf<number>(stream)
  const end = go(() => chunks.closed())
  stream.end(1)
  await turns()
  expect(chunks.size).toBe(1)
  expect(await chunks.receive()).toEqual({ _tag: 'Some', value: 1 })
  await end.join()
})

it('cancel destroys the stream; a receive throws the cause, and no listener is left', async () => {
  const stream = new PassThrough()
  const before = listenersOf(stream)
  const chunks = receiverOf(stream)
  const waiting = go(() => chunks.receive())
  await turns()
  const cause = new Error('enough')
  chunks.cancel(cause)
  await expect(waiting.join()).rejects.toBe(cause)
  await turns()
  expect(stream.destroyed).toBe(true)
  expect(listenersOf(stream)).toEqual(before)
})

it('a stream read to its end has no listener left', async () => {
  const stream = new PassThrough({ objectMode: true })
  const before = listenersOf(stream)
  stream.end(1)
  for await (const _ of receiverOf(stream));
  await turns()
  expect(listenersOf(stream)).toEqual(before)
})

it('a loop that leaves consumes nothing more; await using closes the stream', async () => {
  const stream = Readable.from([1, 2, 3], { highWaterMark: 1 })
  {
    await using chunks = receiverOf<number>(stream)
    for await (const chunk of chunks) if (chunk === 1) break
    expect(await chunks.receive()).toEqual({ _tag: 'Some', value: 2 })
  }
  expect(stream.closed).toBe(true)
})

it('a socket that its peer resets fails with ECONNRESET, and frees its descriptor', async () => {
  let reset = (): void => {}
  const server = createServer((socket) => {
    socket.on('error', () => {}).write('a')
    reset = () => socket.resetAndDestroy()
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo // it listens on a port
  const chunks = receiverOf(connect(port, '127.0.0.1'))
  const first = await chunks.receive()
  expect(first._tag === 'Some' && String(first.value)).toBe('a')
  reset() // where it comes with the chunk, Node reports an end
  await expect(chunks.receive()).rejects.toMatchObject({ code: 'ECONNRESET' })
  await new Promise((resolve) => server.close(resolve))
  await turns()
  await expect.poll(() => socketsOn(port)).toBe(0)
})

it('a receive is given up by its context, and the next one reads on', async () => {
  const stream = new PassThrough({ objectMode: true })
  const chunks = receiverOf<number>(stream)
  const ctx = withCancel(background)
  const waiting = go(() => chunks.receive().within(ctx))
  await turns()
  ctx.cancel()
  await waiting.join().attempt()
  stream.write(1)
  expect(await chunks.receive()).toEqual({ _tag: 'Some', value: 1 })
})

it('a chunk that was given back comes before the end, and then the wait for the end is over', async () => {
  const stream = new PassThrough({ objectMode: true })
  const chunks = receiverOf<number>(stream)
  const left = subscribed(chunks.receive())
  stream.once('readable', () => left.leave()) // after the grant, and before the call of next
  stream.end(1)
  await turns()
  const end = go(() => chunks.closed())
  await turns()
  expect(stream.readableEnded).toBe(true)
  expect(chunks.tryReceive()).toEqual({ _tag: 'Right', right: 1 })
  await end.join()
})

it('throws TypeError for an argument that is no Readable', () => {
  for (const wrong of [null, undefined, 1, {}, 'path']) expect(() => receiverOf(wrong as never)).toThrow(TypeError)
})
