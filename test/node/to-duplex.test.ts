import { PassThrough, Readable, Writable } from 'node:stream'
import { pipeline as connect } from 'node:stream/promises'
import { createGzip, createGunzip } from 'node:zlib'
import { background, never, withCancel } from 'millrace'
import { throughDuplex, toDuplex } from 'millrace/node/operators'
import { batch, fromGoroutine, workerPool } from 'millrace/operators'
import { ignoreElements, mergeWith, take } from 'rxjs'
import { expect, it } from 'vitest'
import { turns } from './open-streams.js'

it('stands in a pipeline of Node, from objects to objects', async () => {
  const results: unknown[] = []
  const pairs = toDuplex<number, number[]>((numbers) =>
    numbers.pipe(
      workerPool(2, async (n) => 2 * n, { ordered: true }),
      batch({ size: 2 }),
    ),
  )
  const sink = new Writable({ objectMode: true, write: (chunk, _encoding, done) => (results.push(chunk), done()) })
  await connect(Readable.from([1, 2, 3]), pairs, sink)
  expect(results).toEqual([[2, 4], [6]])
})

it('stands between streams of bytes', async () => {
  const zipped = toDuplex<Buffer, Buffer>(
    (chunks) =>
      chunks.pipe(
        throughDuplex(() => createGzip()),
        throughDuplex(() => createGunzip()),
      ),
    {
      objectMode: false,
    },
  )
  const out = new PassThrough()
  await connect(Readable.from(['a', 'b'], { objectMode: false }), zipped, out)
  expect(String(out.read())).toBe('ab')
})

it('an error of the pipeline destroys every stream with that error, the same object', async () => {
  const error = new Error('bad item')
  const bad = toDuplex<number, number>((numbers) => numbers.pipe(workerPool(1, async (n) => (n === 2 ? Promise.reject(error) : n))))
  await expect(connect(Readable.from([1, 2, 3]), bad, new PassThrough({ objectMode: true }).resume())).rejects.toBe(error)
})

it('a pipeline that completes early ends the stream, and later chunks are dropped', async () => {
  const results: unknown[] = []
  const first = toDuplex<number, number>((numbers) => numbers.pipe(take(2)))
  const sink = new Writable({ objectMode: true, write: (chunk, _encoding, done) => (results.push(chunk), done()) })
  await connect(Readable.from(Array.from({ length: 100 }, (_, n) => n)), first, sink)
  expect(results).toEqual([0, 1])
})

it('a destroyed stream unwinds the pipeline before it is closed', async () => {
  let isUnwound = false
  const silent = fromGoroutine<number>(function* () {
    try {
      yield* never()
    } finally {
      isUnwound = true
    }
  })
  const stream = toDuplex<number, number>((numbers) => numbers.pipe(ignoreElements(), mergeWith(silent)))
  stream.write(1)
  await turns()
  stream.destroy()
  await new Promise((resolve) => stream.once('close', resolve))
  expect(isUnwound).toBe(true)
})

it('the end of the context destroys the stream with the cause', async () => {
  const ctx = withCancel(background)
  const stream = toDuplex<number, number>((numbers) => numbers, { ctx })
  stream.on('error', () => {})
  const cause = new Error('over')
  ctx.cancel(cause)
  await turns()
  expect(stream.errored).toBe(cause)
})

it('throws TypeError for an argument that is no function, and for a build that returns no observable', () => {
  expect(() => toDuplex({} as never)).toThrow(TypeError)
  expect(() => toDuplex((() => 1) as never)).toThrow(TypeError)
})
