/** Streams of `node:stream/iter` in and out of Millrace: they are iterables of bytes, so nothing stands between. */
import { background, chan, go, sleep } from 'millrace'
import { collect, fromIterable, run, toReceiver, workerPool } from 'millrace/operators'
import { concatMap, map, take } from 'rxjs'

type Batches = AsyncIterable<Uint8Array[]>
interface Iter {
  from(input: string | AsyncIterable<Uint8Array | string>): Batches
  pull(source: Batches | AsyncIterable<unknown>, ...transforms: unknown[]): Batches
  push(options: { highWaterMark: number }): { writer: { write(chunk: string): Promise<void>; end(): Promise<unknown> }; readable: Batches }
  text(source: Batches): Promise<string>
}
interface Zlib {
  compressGzip(): unknown
  decompressGzip(): unknown
}
const [iter, zlib] = ['node:stream/iter', 'node:zlib/iter'] // no types know them yet
const { from, pull, push, text } = (await import(iter)) as Iter
const { compressGzip, decompressGzip } = (await import(zlib)) as Zlib

const [encoder, decoder] = [new TextEncoder(), new TextDecoder()]
const bytes = (letter: string) => encoder.encode(letter)
const upper = workerPool(2, async (letter: string) => letter.toUpperCase(), { ordered: true })

async function receiver(): Promise<string> {
  const letters = chan<Uint8Array>()
  go(async () => {
    for (const letter of 'abc') await letters.send(bytes(letter))
    letters.close()
  })
  return text(from(letters))
}

const pipeline = () => text(from(toReceiver(fromIterable('abc').pipe(upper), { capacity: 0 })))

async function source(): Promise<string> {
  const stream = pull(from('hello '.repeat(3)), compressGzip(), decompressGzip())
  const parts = fromIterable(stream).pipe(
    concatMap((batch) => batch),
    map((part) => decoder.decode(part, { stream: true })),
  )
  return (await collect(background, parts).join()).join('')
}

async function sink(): Promise<string> {
  const { writer, readable } = push({ highWaterMark: 2 })
  const read = text(readable)
  await run(background, fromIterable('abcde').pipe(workerPool(1, (letter) => writer.write(letter)))).join()
  await writer.end()
  return read
}

async function errors(): Promise<string> {
  const error = new Error('broken')
  const broken = chan<Uint8Array>()
  broken.close(error)
  const out = await text(from(broken)).catch((cause: unknown) => cause)
  async function* failing() {
    yield [bytes('a')]
    throw error
  }
  const into = await collect(background, fromIterable(pull(failing()))).join().attempt() // prettier-ignore
  return `${out === error} ${into._tag === 'Left' && into.left === error}`
}

async function leaving(): Promise<string> {
  let ended = 0
  async function* endless() {
    try {
      for (;;) yield [bytes('a')]
    } finally {
      ended++
    }
  }
  await run(background, fromIterable(pull(endless())).pipe(take(1))).join()
  while (ended === 0) await sleep(1) // an iterator may take its time
  return String(ended)
}

for (const [name, program] of Object.entries({ receiver, pipeline, source, sink, errors, leaving })) console.log(name, await program())
