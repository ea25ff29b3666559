/**
 * Random plans of streams of Node, from a seed: what a source gives and when, how a reader reads, how a sink takes. Each
 * part follows the contract of Node in another way that programs use. No plan goes by time: a wait is a turn of the host.
 */
import { PassThrough, Readable, Transform, Writable } from 'node:stream'
import { chan, type Receiver } from 'millrace'
import type { Random } from '../../src/runtime/base/random.js'
import { endingOf, pick, seeded, type StreamPlan } from '../support/stream-plan.js'

export type Chunk = number | string | Uint8Array

/** Among the chunks are those of no bytes, and of one byte of a character. */
export interface Plan extends StreamPlan<Chunk> {
  readonly objectMode: boolean
}

export function planOf(seed: number, inObjectMode?: boolean): Plan {
  const random = seeded(seed)
  const drawn = random.below(2) === 0
  const objectMode = inObjectMode ?? drawn
  const chunksOf = (n: number): readonly Chunk[] =>
    objectMode ? [n] : pick(random, [[bytes('')], [bytes(`${n},`)], [...bytes('😀')].map((byte) => Buffer.of(byte))])
  return {
    random,
    objectMode,
    highWaterMark: pick(random, [0, 1, 2, 16]),
    chunks: Array.from({ length: random.below(9) }, (_, n) => chunksOf(n)).flat(),
    ...endingOf(random, seed),
  }
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text)
}

/** What a list says of the plan: a chunk of no bytes is nothing, and others may be joined and cut. */
export function joined(plan: Plan, chunks: readonly Chunk[]): string {
  return plan.objectMode
    ? chunks.map((n) => `${n as number},`).join('')
    : Buffer.concat(chunks.map((chunk) => Buffer.from(chunk as Uint8Array))).toString('latin1')
}

/** Goes on now, or in a later turn. */
export function soon(random: Random, goOn: () => void): void {
  const turns = [(f: () => void) => f(), (f: () => void) => f(), queueMicrotask, process.nextTick, setImmediate]
  pick(random, turns)(goOn)
}

export function turn(random: Random): Promise<void> {
  return new Promise((resolve) => soon(random, resolve))
}

/** The chunks of the plan in a channel: all at hand, or some later. */
export function channelOf(plan: Plan): Receiver<Chunk> {
  const { random, chunks } = plan
  const items = chan<Chunk>(random.below(2) === 0 ? chunks.length : 1)
  let at = 0
  while (at < chunks.length && items.trySend(chunks[at])) at++
  void (async () => {
    for (; at < chunks.length; at++) {
      await turn(random)
      await items.send(chunks[at])
    }
    items.close(plan.end === 'error' ? plan.error : undefined)
  })()
  return items
}

/** A stream that gives the chunks of the plan: some before it is read, several in a read, or in later turns. */
export function readableOf(plan: Plan): Readable {
  const { random, chunks, objectMode, highWaterMark } = plan
  let [at, isGiving] = [0, false]
  const give = (stream: Readable): void => {
    isGiving = false
    if (stream.destroyed) return
    const most = pick(random, [1, 1, 1, 2, 5])
    for (let n = 0; n < most && at < chunks.length; n++) {
      const chunk = chunks[at++]
      const before = stream.readableLength
      stream.push(chunk)
      // Node need not ask again after a chunk that adds nothing: one of no bytes, or a part of a character
      if (!objectMode && ((chunk as Uint8Array).length === 0 || (stream.readableEncoding !== null && stream.readableLength === before))) n--
    }
    if (at < chunks.length) return
    if (plan.end === 'error') stream.destroy(plan.error)
    else stream.push(null)
    at = Infinity
  }
  const stream = new Readable({
    objectMode,
    highWaterMark,
    read() {
      if (isGiving || at > chunks.length) return
      isGiving = true
      soon(random, () => give(this))
    },
  })
  // a stream that has chunks reads on by itself, and may fail before it has a reader
  if (random.below(4) === 0) {
    stream.on('error', () => {})
    for (let n = random.below(3); n > 0 && at < chunks.length; n--) stream.push(chunks[at++])
  }
  return stream
}

/** A stream that takes chunks at once or later, and notes them. It fails at the first chunk after `most`. */
export function writableOf(plan: Plan, got: Chunk[], most = Infinity): Writable {
  const { random, objectMode, highWaterMark } = plan
  const stream = new Writable({
    objectMode,
    highWaterMark,
    write(chunk: Chunk, _encoding, accepted) {
      if (got.length >= most) return soon(random, () => accepted(plan.error))
      got.push(chunk)
      soon(random, accepted)
    },
    final: (ended) => soon(random, ended),
  })
  if (random.below(6) === 0) {
    stream.cork()
    setImmediate(() => stream.uncork())
  }
  return stream
}

/** A stage that gives each chunk as it is, now or later, in pieces or as a whole. */
export function transformOf({ random, objectMode, highWaterMark }: Plan): Transform {
  if (random.below(4) === 0) return new PassThrough({ objectMode, highWaterMark })
  return new Transform({
    objectMode,
    highWaterMark,
    transform(chunk: Chunk, _encoding, done) {
      soon(random, () => {
        if (objectMode) return done(null, chunk)
        const whole = chunk as Uint8Array
        const cut = random.below(whole.length + 1)
        this.push(whole.subarray(0, cut))
        this.push(whole.subarray(cut))
        done()
      })
    },
    flush: (done) => soon(random, done),
  })
}

/** Reads a stream as the plan says: by its iterator, by `data` with pauses, or by `readable`; as bytes, or as text. Resolves with its end. */
export function readAll(plan: Plan, stream: Readable, got: Chunk[]): Promise<unknown> {
  const { random } = plan
  if (!plan.objectMode && random.below(3) === 0) stream.setEncoding('utf8')
  const take = (chunk: Chunk): boolean => {
    if (got.length >= plan.leaves) stream.destroy()
    else got.push(chunk)
    return stream.destroyed
  }
  if (random.below(3) === 0) return iterated(plan, stream, got)
  const end = endOf(stream)
  if (random.below(2) === 0) {
    stream.on('data', (chunk: Chunk) => {
      if (take(chunk) || random.below(3) > 0) return
      stream.pause()
      soon(random, () => stream.resume())
    })
  } else {
    const read = (): void => {
      for (let chunk = stream.read() as Chunk | null; chunk !== null; chunk = stream.read() as Chunk | null) {
        if (take(chunk)) return
        if (random.below(5) === 0) return void setImmediate(read) // `readable` comes only after a read of null
      }
    }
    stream.on('readable', read)
  }
  return end
}

/** The error of the stream; null where it ends without, or is destroyed so. */
export function endOf(stream: Readable | Writable): Promise<unknown> {
  return new Promise((resolve) => {
    let seen: unknown = null
    stream.once('error', (error) => (seen = error)).once('close', () => resolve(seen))
  })
}

async function iterated({ random, leaves }: Plan, stream: Readable, got: Chunk[]): Promise<unknown> {
  if (leaves === 0) stream.destroy()
  try {
    for await (const chunk of stream as AsyncIterable<Chunk>) {
      got.push(chunk)
      if (got.length >= leaves) break
      await turn(random)
    }
  } catch (error) {
    return leaves === 0 ? null : error
  }
  return null
}
