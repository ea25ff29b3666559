/** The flow of chunks from a Readable: at the pace of the stages, beside other readers, and in the right async context. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { Duplex, PassThrough, Readable, Writable } from 'node:stream'
import { background, chan, withTimeout } from 'millrace'
import { fromReadable, throughDuplex, writeTo } from 'millrace/node/operators'
import { collect, fromIterable, fromReceiver, mergeFair, run, workerPool } from 'millrace/operators'
import { map, merge, take, tap } from 'rxjs'
import { expect, it } from 'vitest'
import { turns } from './open-streams.js'

const numbers = (highWaterMark = 4): Readable => {
  let n = 0
  const stream: Readable = new Readable({ objectMode: true, highWaterMark, read: () => void stream.push(n++) })
  return stream
}

it('the host goes on while an endless source flows into a sink that takes at once', async () => {
  const sink = new Writable({ objectMode: true, write: (_item, _encoding, accepted) => accepted() })
  const end = await run(withTimeout(background, 20), fromReadable(numbers).pipe(writeTo(sink)))
    .join()
    .attempt()
  expect(end._tag).toBe('Left')
})

it('chunks are one by one, as they were pushed', async () => {
  const stream = new Readable({ read() {}, highWaterMark: 1 << 20 })
  for (const chunk of ['a', 'b', 'c']) stream.push(chunk)
  stream.push(null)
  expect((await collect(background, fromReadable(stream)).join()).map(String)).toEqual(['a', 'b', 'c'])
})

it('a stream that was paused before flows', async () => {
  const stream = Readable.from([1, 2]).pause()
  expect(await collect(background, fromReadable<number>(stream)).join()).toEqual([1, 2])
})

it('a stream that other code resumes loses no chunk', async () => {
  const stream = Readable.from([1, 2, 3, 4, 5])
  const slow = workerPool(1, async (item: number) => {
    stream.resume()
    await turns()
    return item
  })
  expect(await collect(background, fromReadable<number>(stream).pipe(slow)).join()).toEqual([1, 2, 3, 4, 5])
})

it('a stream with another reader of `readable` events gives the chunks that are left', async () => {
  const stream = new PassThrough({ objectMode: true })
  stream.on('readable', () => {})
  for (const n of [1, 2, 3]) stream.write(n)
  stream.end()
  expect(await collect(background, fromReadable<number>(stream)).join()).toEqual([1, 2, 3])
})

it('two streams of one stage both have their turn', async () => {
  const seen = new Set<string>()
  const named = (name: string) => fromReadable<number>(() => numbers()).pipe(map(() => name))
  await run(
    background,
    merge(named('a'), named('b')).pipe(
      workerPool(1, (name) => void seen.add(name)),
      take(20),
    ),
  ).join()
  expect([...seen].sort()).toEqual(['a', 'b'])
  const items = await collect(background, mergeFair(named('a'), named('b')).pipe(take(10))).join()
  expect(new Set(items)).toEqual(new Set(['a', 'b']))
})

it('chunks are in no store of the code that pushes them', async () => {
  const store = new AsyncLocalStorage<string>()
  const stream = new Readable({ objectMode: true, read() {} })
  const seen: unknown[] = []
  const running = collect(background, fromReadable(stream).pipe(tap(() => seen.push(store.getStore())))).join()
  await turns()
  for (const item of [1, 2, null]) {
    store.run('of the pusher', () => stream.push(item))
    await turns()
  }
  await running
  expect(seen).toEqual([undefined, undefined])
})

it('a sink that other code ends while it is full fails with the error, and does not hang', async () => {
  const accepts: (() => void)[] = []
  const sink = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, accepted) => void accepts.push(accepted) })
  const source = chan<string>(4)
  const end = Promise.resolve(
    run(background, fromReceiver(source).pipe(writeTo(sink)))
      .join()
      .attempt(),
  )
  for (const chunk of ['a', 'b']) await source.send(chunk)
  await turns()
  sink.end()
  accepts[0]()
  await turns()
  accepts[1]?.()
  expect(await end).toMatchObject({ _tag: 'Left', left: { message: 'send on closed channel' } })
})

/** A connection whose other side ends, and resets the connection some turns later. */
const resetting = (error: Error): Duplex => {
  const stream: Duplex = new Duplex({
    allowHalfOpen: false,
    read: () => void stream.push(null),
    write: (_chunk, _encoding, accepted) => void setImmediate(accepted),
    final: (ended) => void turns().then(() => ended(error)),
  })
  return stream
}

it('a connection that ends and is then reset fails with the reset, not with the refused write', async () => {
  const error = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
  const endless = fromIterable(
    (function* () {
      for (;;) yield 'chunk'
    })(),
  )
  const stream = resetting(error).resume()
  const written = await run(background, endless.pipe(writeTo(stream)))
    .join()
    .attempt()
  expect(written).toEqual({ _tag: 'Left', left: error })
  const through = await run(background, endless.pipe(throughDuplex(() => resetting(error))))
    .join()
    .attempt()
  expect(through).toEqual(expect.not.objectContaining({ left: { message: 'send on closed channel' } }))
})
