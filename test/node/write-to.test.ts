import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { PassThrough, Writable } from 'node:stream'
import { background, chan, go, withCancel } from 'millrace'
import { writeTo } from 'millrace/node/operators'
import { bounds, fromIterable, fromReceiver, run } from 'millrace/operators'
import { concat, EMPTY, throwError } from 'rxjs'
import { afterAll, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { descriptorsOf, listenersOf, turns } from './open-streams.js'

const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('completes when the file is written and its descriptor is freed', async () => {
  const path = join(folder, 'out')
  await run(background, fromIterable(['a', 'b', 'c']).pipe(writeTo(() => createWriteStream(path)))).join()
  expect(readFileSync(path, 'utf8')).toBe('abc')
  await turns()
  await expect.poll(() => descriptorsOf(path)).toBe(0)
})

it('an error of the stream between two items fails the pipeline at once, the same object', async () => {
  const stream = new PassThrough()
  const error = new Error('EPIPE')
  const running = run(background, fromReceiver(chan<string>()).pipe(writeTo(stream)))
  await turns()
  stream.destroy(error)
  await expect(running.join()).rejects.toBe(error)
})

it('an error while the stream writes the rest fails the pipeline', async () => {
  const error = new Error('ENOSPC')
  const full = new Writable({ write: (_chunk, _encoding, done) => done(), final: (done) => done(error) })
  await expect(run(background, fromIterable(['a']).pipe(writeTo(full))).join()).rejects.toBe(error)
})

it('an error of the source destroys the stream with it', async () => {
  const stream = new PassThrough()
  const error = new Error('above')
  const source = concat(
    fromIterable(['a']),
    throwError(() => error),
  )
  await expect(run(background, source.pipe(writeTo(stream))).join()).rejects.toBe(error)
  await turns()
  expect(stream.errored).toBe(error)
})

it('the end of the context destroys the stream, also while it writes the rest', async () => {
  const never = new Writable({ write: () => {} })
  const ctx = withCancel(background)
  const running = run(ctx, fromIterable(['a']).pipe(writeTo(never)))
  await turns()
  const cause = new Error('over')
  ctx.cancel(cause)
  await expect(running.join()).rejects.toBe(cause)
  expect(never.destroyed).toBe(true)
})

it('a context that has ended before destroys the stream', async () => {
  const stream = new PassThrough()
  const ctx = withCancel(background)
  ctx.cancel()
  await run(ctx, fromIterable(['a']).pipe(writeTo(stream)))
    .join()
    .attempt()
  expect(stream.destroyed).toBe(true)
})

it('with end: false the stream stays open, without a listener', async () => {
  const stream = new PassThrough()
  const before = listenersOf(stream)
  for (const source of [fromIterable(['a', 'b']), EMPTY]) await run(background, source.pipe(writeTo(stream, { end: false }))).join()
  await run(background, throwError(() => new Error('x')).pipe(writeTo(stream, { end: false })))
    .join()
    .attempt()
  expect(stream.writable).toBe(true)
  expect(listenersOf(stream)).toEqual(before)
  stream.end()
  expect(await text(stream)).toBe('ab')
})

it('a stream destroyed before its use is a premature close', async () => {
  const stream = new PassThrough()
  stream.destroy()
  const running = run(background, fromIterable(['a']).pipe(writeTo(stream)))
  await expect(running.join()).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
})

it('a stream that other code ends meanwhile fails the next write', async () => {
  const stream = new PassThrough({ objectMode: true })
  const items = chan<number>()
  const running = run(background, fromReceiver(items).pipe(writeTo<number>(stream)))
  await items.send(1)
  await settle() // it is written
  stream.end()
  await go(() => items.send(2)).join()
  await expect(running.join()).rejects.toThrow('send on closed channel')
})

it('an unwritable folder fails with the error of Node', async () => {
  const path = join(folder, 'no', 'such')
  const running = run(background, fromIterable(['a']).pipe(writeTo(() => createWriteStream(path))))
  await expect(running.join()).rejects.toMatchObject({ code: 'ENOENT' })
  expect(existsSync(path)).toBe(false)
})

it('a chunk of the wrong type fails at its position', async () => {
  await expect(run(background, fromIterable([7]).pipe(writeTo<number>(new PassThrough()))).join()).rejects.toMatchObject({
    code: 'ERR_INVALID_ARG_TYPE',
  })
})

it('holds 1 item', () => {
  expect(bounds(fromIterable([1]).pipe(writeTo<number>(new PassThrough()))).items).toBe(1)
})

it('throws TypeError for an argument that is no Writable', () => {
  for (const wrong of [null, undefined, 1, {}, 'path']) expect(() => writeTo(wrong as never)).toThrow(TypeError)
  expect(() => writeTo(new PassThrough(), { end: 1 as never })).toThrow(TypeError)
})

it('fifty pipelines to one stream share its listeners, and leave none', async () => {
  const stream = new PassThrough({ objectMode: true })
  const before = listenersOf(stream)
  const [items, ctx] = [chan<number>(), withCancel(background)]
  const runs = Array.from({ length: 50 }, () => run(ctx, fromReceiver(items).pipe(writeTo<number>(stream, { end: false }))))
  await turns()
  expect(Math.max(...Object.values(listenersOf(stream)))).toBeLessThanOrEqual(2)
  stream.resume()
  for (let n = 0; n < 100; n++) await items.send(n)
  ctx.cancel()
  for (const running of runs) await running.join().attempt()
  stream.pause()
  expect(listenersOf(stream)).toMatchObject(before)
  expect(Object.keys(listenersOf(stream))).not.toContain('drain')
})

it('each of many pipelines sees the error of the stream', async () => {
  const [stream, error, items] = [new PassThrough(), new Error('EPIPE'), chan<string>()]
  const runs = Array.from({ length: 12 }, () => run(background, fromReceiver(items).pipe(writeTo(stream, { end: false }))).join().attempt().then((end) => end)) // prettier-ignore
  await turns()
  stream.destroy(error)
  for (const end of await Promise.all(runs)) expect(end).toEqual({ _tag: 'Left', left: error })
})
