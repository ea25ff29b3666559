/**
 * Random plans of web streams, from a seed: what a source gives and when, how a reader reads, how a sink takes. Each part
 * follows the Streams Standard in another way that programs use. No plan goes by time: a wait is a turn of the host.
 */
import type { Random } from '../../src/runtime/base/random.js'
import { hostTurn } from '../support/settle.js'
import { endingOf, pick, seeded, type StreamPlan } from '../support/stream-plan.js'

export type Bytes = Uint8Array<ArrayBuffer>
export type Chunk = number | Bytes

export interface Plan extends StreamPlan<Chunk> {
  /** A byte stream of Uint8Arrays, or chunks of any kind. */
  readonly isBytes: boolean
}

export function planOf(seed: number): Plan {
  const random = seeded(seed)
  const isBytes = random.below(2) === 0
  return {
    random,
    isBytes,
    highWaterMark: pick(random, [0, 1, 2, 16]),
    chunks: Array.from({ length: random.below(9) }, (_, n) => (isBytes ? bytesOf(`${n},`.repeat(1 + random.below(3))) : n)),
    ...endingOf(random, seed),
  }
}

function bytesOf(text: string): Bytes {
  return new TextEncoder().encode(text)
}

/** What a list says of the plan: bytes may be joined and cut. */
export function joined({ isBytes }: Plan, chunks: readonly Chunk[]): string {
  if (!isBytes) return chunks.map((n) => `${n as number},`).join('')
  return (chunks as readonly Bytes[]).map((chunk) => new TextDecoder().decode(chunk)).join('')
}

/** A chunk that the stream may take for itself. */
function copyOf(chunk: Chunk): Chunk {
  return typeof chunk === 'number' ? chunk : chunk.slice()
}

/** Resolves now, or in a later turn. */
export async function turn(random: Random): Promise<void> {
  const turns = [0, 0, 1, 3]
  const way = random.below(5)
  if (way === 4) return hostTurn()
  for (let n = turns[way]; n > 0; n--) await Promise.resolve()
}

/** The chunks of the plan, as they come. */
export async function* inTurns({ random, chunks, end, error }: Plan): AsyncGenerator<Chunk> {
  for (const chunk of chunks) {
    await turn(random)
    yield copyOf(chunk)
  }
  await turn(random)
  if (end === 'error') throw error
}

/** A stream that gives the chunks of the plan: at its start, or pulled, one or several in a pull, now or in later turns. */
export function readableOf(plan: Plan): ReadableStream<Chunk> {
  const { random, chunks, isBytes, highWaterMark } = plan
  let at = 0
  const give = (controller: ReadableStreamDefaultController<Chunk> | ReadableByteStreamController, most: number): void => {
    if (at > chunks.length) return
    for (let n = 0; n < most && at < chunks.length; n++) enqueue(random, controller, copyOf(chunks[at++]))
    if (at < chunks.length || (chunks.length > 0 && most === 0)) return
    at = Infinity
    if (plan.end === 'error') return controller.error(plan.error)
    controller.close()
    if ('byobRequest' in controller) controller.byobRequest?.respond(0)
  }
  const atStart = random.below(4) === 0 ? random.below(4) : 0
  const isLate = random.below(2) === 0
  const source = {
    start: (controller: ReadableStreamDefaultController<Chunk>) => (atStart > 0 ? give(controller, atStart) : undefined),
    pull: (controller: ReadableStreamDefaultController<Chunk>) => {
      const most = pick(random, [1, 1, 2, 5])
      if (!isLate) return give(controller, most)
      return turn(random).then(() => give(controller, most))
    },
  }
  if (!isBytes) return new ReadableStream<Chunk>(source, { highWaterMark })
  return new ReadableStream({ ...(source as object), type: 'bytes' }, { highWaterMark }) // the chunks are bytes
}

/** A byte stream fills the buffer of its reader, or gives a chunk of its own. */
function enqueue(random: Random, controller: ReadableStreamDefaultController<Chunk> | ReadableByteStreamController, chunk: Chunk): void {
  const request = 'byobRequest' in controller ? controller.byobRequest : null
  const view = request?.view
  if (request == null || view == null || random.below(2) === 0) return controller.enqueue(chunk as never) // as the stream is
  const bytes = chunk as Bytes // of a byte stream
  const first = Math.min(bytes.length, view.byteLength)
  new Uint8Array(view.buffer, view.byteOffset, first).set(bytes.subarray(0, first))
  request.respond(first)
  if (first < bytes.length) controller.enqueue(bytes.slice(first))
}

/** A stream that takes chunks at once or later, and notes them. It fails at the first chunk after `most`. */
export function writableOf({ random, highWaterMark, error }: Plan, got: Chunk[], most = Infinity): WritableStream<Chunk> {
  const isLate = random.below(2) === 0
  const take = (chunk: Chunk): void => {
    if (got.length >= most) throw error
    got.push(copyOf(chunk))
  }
  return new WritableStream<Chunk>(
    { write: (chunk) => (isLate ? turn(random).then(() => take(chunk)) : take(chunk)), close: () => turn(random) },
    { highWaterMark: Math.max(1, highWaterMark) },
  )
}

/** A stage that gives each chunk as it is, now or later, and bytes in pieces or as a whole. */
export function transformOf({ random, isBytes, highWaterMark }: Plan): ReadableWritablePair<Chunk, Chunk> {
  if (random.below(4) === 0) return new TransformStream<Chunk, Chunk>()
  return new TransformStream<Chunk, Chunk>(
    {
      async transform(chunk, controller) {
        await turn(random)
        if (!isBytes) return controller.enqueue(chunk)
        const whole = chunk as Bytes // by the plan
        const cut = random.below(whole.length + 1)
        controller.enqueue(whole.slice(0, cut))
        controller.enqueue(whole.slice(cut))
      },
      flush: () => turn(random),
    },
    { highWaterMark: Math.max(1, highWaterMark) },
    { highWaterMark },
  )
}

/** Reads a stream as the plan says: by a reader, with buffers of its own, by a pipe, or a branch of two. Resolves with its end. */
export async function readAll(plan: Plan, stream: ReadableStream<Chunk>, got: Chunk[]): Promise<unknown> {
  const { random, leaves, isBytes } = plan
  try {
    const way = random.below(5)
    if (way === 0) await stream.pipeTo(writableOf(plan, got, leaves))
    else if (way === 1 && leaves === Infinity) await branched(plan, stream, got)
    else if (way === 2 && isBytes && ofBytes(stream)) await readInto(plan, stream, got)
    else await readOn(plan, stream, got)
    return null
  } catch (error) {
    return error === plan.error && got.length >= leaves ? null : error
  }
}

function ofBytes(stream: ReadableStream<Chunk>): boolean {
  try {
    stream.getReader({ mode: 'byob' }).releaseLock()
    return true
  } catch {
    return false
  }
}

async function readOn({ random, leaves }: Plan, stream: ReadableStream<Chunk>, got: Chunk[]): Promise<void> {
  const reader = stream.getReader()
  while (got.length < leaves) {
    const { done, value } = await reader.read()
    if (done) return
    got.push(value)
    await turn(random)
  }
  await reader.cancel()
}

async function readInto({ random, leaves }: Plan, stream: ReadableStream<Chunk>, got: Chunk[]): Promise<void> {
  const reader = stream.getReader({ mode: 'byob' })
  while (got.length < leaves) {
    const { done, value } = await reader.read(new Uint8Array(1 + random.below(8)))
    if (done) return
    got.push(value)
    await turn(random)
  }
  await reader.cancel()
}

/** One of two branches is read; the other is read, too, or left. */
async function branched(plan: Plan, stream: ReadableStream<Chunk>, got: Chunk[]): Promise<void> {
  const [one, other] = stream.tee()
  const beside = (plan.random.below(2) === 0 ? other.cancel() : readOn(plan, other, [])).catch(() => {}) // the first branch shows the error
  await readOn(plan, one, got)
  if (plan.end === 'complete') await beside
}
