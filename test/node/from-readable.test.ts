import { createReadStream } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Duplex, PassThrough, Readable } from 'node:stream'
import { background, onLateFailure, sleep, withCancel } from 'millrace'
import { fromReadable } from 'millrace/node/operators'
import { bounds, collect, run, workerPool } from 'millrace/operators'
import { concatMap, firstValueFrom, from, retry, take } from 'rxjs'
import { expect, it } from 'vitest'
import { descriptorsOf, turns } from './open-streams.js'

it('reads at the pace of the stage below', async () => {
  let made = 0
  const stream = new Readable({ objectMode: true, highWaterMark: 3, read: () => void stream.push(++made) })
  const slow = workerPool(2, async (n: number) => (await sleep(1), n))
  await collect(background, fromReadable<number>(stream).pipe(slow, take(20))).join()
  expect(made).toBeLessThanOrEqual(20 + 2 + 1 + 3 + 1)
  expect(stream.destroyed).toBe(true)
})

it('a function makes a stream for each subscriber, so a retry reads again', async () => {
  let attempts = 0
  const source = fromReadable<number>(() => {
    attempts++
    return Readable.from(
      (function* () {
        yield 1
        if (attempts < 3) throw new Error('broken')
        yield 2
      })(),
    )
  })
  const items = await collect(background, source.pipe(retry(5))).join()
  expect(items.slice(-2)).toEqual([1, 2]) // a stream that fails may lose its buffer
  expect(attempts).toBe(3)
})

it('a stream that was read before fails with an error that says what to do', async () => {
  const source = fromReadable(Readable.from([1]))
  await collect(background, source).join()
  await expect(collect(background, source).join()).rejects.toThrow('pass a function that makes a stream')
})

it('a subscriber that leaves frees the descriptor', async () => {
  const path = fileURLToPath(import.meta.url)
  await firstValueFrom(fromReadable(() => createReadStream(path, { highWaterMark: 16 })))
  await turns(20)
  await expect.poll(() => descriptorsOf(path)).toBe(0)
})

it('a missing file fails with the error of Node', async () => {
  await expect(
    run(
      background,
      fromReadable(() => createReadStream('/no/such/file')),
    ).join(),
  ).rejects.toMatchObject({ code: 'ENOENT' })
})

it('a function that throws fails the pipeline', async () => {
  const error = new Error('no stream')
  const source = fromReadable(() => {
    throw error
  })
  await expect(run(background, source).join()).rejects.toBe(error)
})

it('the end of the context destroys the stream, and the run fails with the cause', async () => {
  const ctx = withCancel(background)
  const stream = new PassThrough()
  const running = run(ctx, fromReadable(stream))
  await turns()
  const cause = new Error('over')
  ctx.cancel(cause)
  await expect(running.join()).rejects.toBe(cause)
  expect(stream.destroyed).toBe(true)
})

it('is an inner source of concatMap that is paced', async () => {
  const all = from([1, 2]).pipe(concatMap((n) => fromReadable<number>(() => Readable.from([n, 10 * n]))))
  expect(await collect(background, all).join()).toEqual([1, 10, 2, 20])
})

it('holds 1 item', () => {
  expect(bounds(fromReadable(() => Readable.from([]))).items).toBe(1)
})

it('throws TypeError for an argument that is no Readable', () => {
  for (const wrong of [null, undefined, 1, {}, 'path']) expect(() => fromReadable(wrong as never)).toThrow(TypeError)
})

it('an error of a stream of its own after its good end is a late failure; the pipeline has completed', async () => {
  const late: unknown[] = []
  const off = onLateFailure((error, { name }) => late.push(name, error))
  const cause = new Error('reset')
  const duplex = new Duplex({ read: () => {}, write: (_chunk, _encoding, accepted) => accepted() })
  duplex.push('a')
  duplex.push(null)
  expect(
    String(
      await collect(
        background,
        fromReadable(() => duplex),
      ).join(),
    ),
  ).toBe('a')
  duplex.destroy(cause)
  await turns()
  expect(late).toEqual(['fromReadable', cause])
  off()
})
