import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { PassThrough, Readable, Transform } from 'node:stream'
import { createGunzip, createGzip, gzipSync } from 'node:zlib'
import { parse } from 'csv-parse'
import { background, go, sleep } from 'millrace'
import { fromReadable, ndjson, throughDuplex } from 'millrace/node/operators'
import { bounds, collect, fromIterable, run, workerPool } from 'millrace/operators'
import { concat, take, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { listenersOf, socketsOn, turns } from './open-streams.js'

const textOf = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString()

it('a zipped stream of lines', async () => {
  const rows = Array.from({ length: 5000 }, (_, id) => ({ id, name: `käufer ${id}` }))
  const zipped = gzipSync(rows.map((row) => JSON.stringify(row)).join('\n'))
  const read = fromReadable(() => Readable.from([zipped.subarray(0, 1000), zipped.subarray(1000)])).pipe(
    throughDuplex<Buffer>(() => createGunzip()),
    ndjson<{ id: number }>(),
  )
  expect(await collect(background, read).join()).toEqual(rows)
})

it('gzip and gunzip, cipher and decipher, give the bytes back', async () => {
  const [key, iv, secret] = [randomBytes(32), randomBytes(16), randomBytes(300_000).toString('hex')]
  const copied = fromIterable(secret.match(/.{1,1000}/g) ?? []).pipe(
    throughDuplex<string>(() => createGzip()),
    throughDuplex<Buffer>(() => createCipheriv('aes-256-ctr', key, iv)),
    throughDuplex<Buffer>(() => createDecipheriv('aes-256-ctr', key, iv)),
    throughDuplex<Buffer>(() => createGunzip()),
  )
  expect(textOf(await collect(background, copied).join())).toBe(secret)
})

it('a csv parser is a stage from bytes to records', async () => {
  const rows = fromIterable(['name,age\nada,', '36\ngrace,45\n']).pipe(
    throughDuplex<string, { name: string }>(() => parse({ columns: true })),
  )
  expect((await collect(background, rows).join()).map(({ name }) => name)).toEqual(['ada', 'grace'])
})

it('truncated input fails with the error of the stream', async () => {
  const half = gzipSync('hello').subarray(0, 15)
  await expect(run(background, fromIterable([half]).pipe(throughDuplex(() => createGunzip()))).join()).rejects.toMatchObject({
    code: 'Z_BUF_ERROR',
  })
})

it('a transform that throws in the middle fails the pipeline, the same object', async () => {
  const error = new Error('bad chunk')
  const bad = () =>
    new Transform({ objectMode: true, transform: (chunk, _encoding, done) => (chunk === 2 ? done(error) : done(null, chunk)) })
  await expect(run(background, fromIterable([1, 2, 3]).pipe(throughDuplex(bad))).join()).rejects.toBe(error)
})

it('an error of the source destroys the stream, and is the error of the pipeline', async () => {
  const stream = new PassThrough()
  const error = new Error('above')
  const running = run(
    background,
    concat(
      fromIterable(['a']),
      throwError(() => error),
    ).pipe(throughDuplex<string>(() => stream)),
  )
  await expect(running.join()).rejects.toBe(error)
  await turns()
  expect(stream.errored).toBe(error)
})

it('a subscriber that leaves destroys the stream and leaves no listener', async () => {
  const stream = new PassThrough({ objectMode: true })
  const before = listenersOf(stream)
  const first = fromIterable([1, 2, 3]).pipe(
    throughDuplex<number, number>(() => stream),
    take(1),
  )
  expect(await collect(background, first).join()).toEqual([1])
  await turns()
  expect(stream.closed).toBe(true)
  expect(listenersOf(stream)).toEqual(before)
})

it('a slow stage below pauses the source above', async () => {
  let made = 0
  const numbers = function* () {
    for (;;) yield ++made
  }
  const slow = workerPool(1, async (n: number) => (await sleep(1), n))
  const stream = () => new PassThrough({ objectMode: true, highWaterMark: 2 })
  await collect(background, fromIterable(numbers()).pipe(throughDuplex<number, number>(stream), slow, take(20))).join()
  expect(made).toBeLessThanOrEqual(20 + 12)
})

describe('a socket', () => {
  async function serving(server: Server): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }

  it('half-closed: the server answers after the last byte', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      let bytes = 0
      socket.on('data', (chunk) => (bytes += chunk.length)).on('end', () => socket.end(`${bytes} bytes`))
    })
    const port = await serving(server)
    const chunks = Array.from({ length: 50 }, () => new Uint8Array(50_000))
    const replies = fromIterable(chunks).pipe(throughDuplex<Uint8Array>(() => connect({ port, host: '127.0.0.1', allowHalfOpen: true })))
    expect(textOf(await collect(background, replies).join())).toBe('2500000 bytes')
    await new Promise((resolve) => server.close(resolve))
    await turns()
    await expect.poll(() => socketsOn(port)).toBe(0)
  })

  it('that the peer resets fails the pipeline', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {}).once('data', () => socket.resetAndDestroy())
    })
    const port = await serving(server)
    const endless = function* () {
      for (;;) yield new Uint8Array(10_000)
    }
    const running = run(background, fromIterable(endless()).pipe(throughDuplex<Uint8Array>(() => connect(port, '127.0.0.1'))))
    const error = (await go(() => running.join())
      .join()
      .attempt()) as { left?: { code?: string } }
    expect(['ECONNRESET', 'EPIPE']).toContain(error.left?.code)
    await new Promise((resolve) => server.close(resolve))
  })
})

it('holds 2 items', () => {
  expect(bounds(fromIterable([1]).pipe(throughDuplex(() => new PassThrough()))).items).toBe(2)
})

it('throws TypeError for an argument that is no function; a result that is no stream fails the pipeline', async () => {
  expect(() => throughDuplex(new PassThrough() as never)).toThrow(TypeError)
  await expect(run(background, fromIterable([1]).pipe(throughDuplex(() => ({}) as never))).join()).rejects.toThrow(TypeError)
})
