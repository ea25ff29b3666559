import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { PassThrough, Writable } from 'node:stream'
import { background, chan, go, select, sleep, withCancel, after } from 'millrace'
import { senderOf } from 'millrace/node'
import { writeTo } from 'millrace/node/operators'
import { fromReceiver, run } from 'millrace/operators'
import { expect, it } from 'vitest'
import { folder } from './folder.js'
import { listenersOf, turns } from './open-streams.js'

/** A Writable that accepts a chunk only when told to. */
class Gated extends Writable {
  readonly written: unknown[] = []
  accept: (error?: Error | null) => void = () => {} // race-ok: the stream asks for one write at a time
  constructor(highWaterMark = 1) {
    super({ objectMode: true, highWaterMark })
  }
  override _write(chunk: unknown, _encoding: string, accepted: (error?: Error | null) => void): void {
    this.written.push(chunk)
    this.accept = accepted
  }
}

it('a send waits while the buffer is full, and a send that is given up writes nothing', async () => {
  const stream = new Gated()
  const out = senderOf<number>(stream)
  await out.send(1)
  expect(out.trySend(2)).toBe(false)
  const chosen = await select({ sent: out.send(2), late: after(5) })
  expect(chosen.case).toBe('late')
  stream.accept()
  await turns()
  await out.send(3)
  stream.accept()
  await turns()
  expect(stream.written).toEqual([1, 3])
})

it('sends that wait are written in order, one for each room', async () => {
  const stream = new Gated()
  const out = senderOf<number>(stream)
  const all = [1, 2, 3].map((n) => go(() => out.send(n)))
  await turns()
  expect(stream.writableLength).toBe(1)
  for (const each of all) {
    stream.accept()
    await each.join()
    expect(stream.writableLength).toBeLessThanOrEqual(2)
    await turns()
  }
  expect(stream.written).toEqual([1, 2, 3])
})

it('a waiter that leaves with the permit hands it to the next', async () => {
  const stream = new Gated()
  const out = senderOf<number>(stream)
  await out.send(1)
  const ctx = withCancel(background)
  const first = go(() => out.send(2).within(ctx))
  const second = go(() => out.send(3))
  await turns()
  stream.prependListener('drain', () => ctx.cancel())
  stream.accept()
  await turns()
  await first.join().attempt()
  if (stream.written.at(-1) === 2) stream.accept()
  await second.join()
  await turns()
  expect(stream.written.at(-1)).toBe(3)
})

it('finished() completes when everything is written', async () => {
  const stream = new Gated(10)
  const out = senderOf<number>(stream)
  await out.send(1)
  out.close()
  const end = go(() => out.finished())
  expect((await select({ end: end.join(), late: after(5) })).case).toBe('late')
  stream.accept()
  await end.join()
  expect(stream.writableFinished).toBe(true)
})

it('the error of the stream is thrown to sends that wait and to later ones, the same object', async () => {
  const stream = new Gated()
  const out = senderOf<number>(stream)
  const error = new Error('ENOSPC')
  await out.send(1)
  const waiting = go(() => out.send(2))
  const end = go(() => out.finished())
  await turns()
  stream.accept(error)
  await expect(waiting.join()).rejects.toBe(error)
  await expect(end.join()).rejects.toBe(error)
  await expect(out.send(3)).rejects.toBe(error)
  expect(out.isClosed).toBe(true)
})

it('a stream that is destroyed, before or meanwhile, is a premature close', async () => {
  const early = new PassThrough()
  early.destroy()
  await expect(senderOf(early).send('a')).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
  const late = new Gated()
  const out = senderOf<number>(late)
  await out.send(1)
  const waiting = go(() => out.send(2))
  await turns()
  late.destroy()
  await expect(waiting.join()).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
})

it('a send after close, or after end(), throws; a second close throws', async () => {
  const out = senderOf(new PassThrough())
  out.close()
  await expect(out.send('a')).rejects.toThrow('send on closed channel')
  expect(() => out.close()).toThrow('close of closed channel')
  const ended = new PassThrough()
  const other = senderOf(ended)
  ended.end()
  await expect(other.send('a')).rejects.toThrow('send on closed channel')
})

it('a send to a connection whose other side has ended throws EPIPE, also after the end is written', async () => {
  using home = folder()
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.resume().end()).listen(home.at('socket'))
  await once(server, 'listening')
  const socket = connect(home.at('socket')).resume() // not half-open, as by default: Node ends its own side, too
  const out = senderOf(socket)
  await once(socket, 'end')
  await expect(out.send('a')).rejects.toMatchObject({ code: 'EPIPE' })
  if (!socket.closed) await once(socket, 'close')
  await expect(out.send('b')).rejects.toMatchObject({ code: 'EPIPE' })
  await new Promise((resolve) => server.close(resolve))
})

it('a sink over a connection whose other side has ended fails with EPIPE', async () => {
  using home = folder()
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.resume().end()).listen(home.at('socket'))
  await once(server, 'listening')
  const socket = connect(home.at('socket')).resume()
  const chunks = chan<string>(1)
  const running = run(background, fromReceiver(chunks).pipe(writeTo<string>(socket)))
  await once(socket, 'end')
  await chunks.send('a')
  await expect(running.join()).rejects.toMatchObject({ code: 'EPIPE' })
  await new Promise((resolve) => server.close(resolve))
})

it('close with a cause destroys the stream with it', async () => {
  const stream = new PassThrough()
  const out = senderOf(stream)
  const cause = new Error('no more')
  out.close(cause)
  await turns()
  expect(stream.errored).toBe(cause)
  await expect(out.send('a')).rejects.toBe(cause)
})

it('await using destroys a stream that has not finished, and leaves no listener', async () => {
  const stream = new PassThrough()
  const before = listenersOf(stream)
  {
    await using out = senderOf(stream)
    await out.send('a')
  }
  await turns()
  expect(stream.closed).toBe(true)
  expect(listenersOf(stream)).toEqual(before)
})

it('a chunk of no bytes and one of 8 MB are written', async () => {
  const stream = new PassThrough()
  const out = senderOf<Uint8Array>(stream)
  let bytes = 0
  stream.on('data', (chunk: Uint8Array) => (bytes += chunk.length))
  for (const size of [0, 8 * 1024 * 1024, 1]) await out.send(new Uint8Array(size))
  out.close()
  await out.finished()
  await sleep(1)
  expect(bytes).toBe(8 * 1024 * 1024 + 1)
})

it('throws TypeError for an argument that is no Writable', () => {
  for (const wrong of [null, undefined, 1, {}, 'path']) expect(() => senderOf(wrong as never)).toThrow(TypeError)
})
