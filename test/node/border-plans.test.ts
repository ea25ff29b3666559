/**
 * Borders of Node to files, sockets, HTTP and child processes under random plans, against a list: every byte once and in
 * order, the end after them, the error of the source as the same object, nothing open afterwards. `PLANS=2000 npx vitest
 * run test/node/border-plans.test.ts` runs more of them; a plan that stands still is named when the test times out.
 */
import { once } from 'node:events'
import { createReadStream, createWriteStream, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, get, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline as connected } from 'node:stream/promises'
import { CanceledError, type Sender } from 'millrace'
import { command, receiverOf, senderOf } from 'millrace/node'
import { fromReadable, lines, readLines, throughDuplex, toReadable, writeFileAtomic, writeTo } from 'millrace/node/operators'
import { fromReceiver, sendTo } from 'millrace/operators'
import { map, take, tap, type Observable } from 'rxjs'
import { expect, it, onTestFailed } from 'vitest'
import type { Random } from '../../src/runtime/base/random.js'
import { collected, endOf, LateFailures, pick, received, seeded } from '../support/stream-plan.js'
import { folder } from './folder.js'
import { descriptorsOf } from './open-streams.js'
import { channelOf, joined, planOf, readableOf, transformOf, turn, type Chunk, type Plan } from './stream-plans.js'

const PLANS = Number(process.env['PLANS'] ?? 60)
const FIRST = Number(process.env['FIRST'] ?? 1)

/** A folder, a server of connections and a server of HTTP, which pass what comes to the plan under way. */
interface Place extends AsyncDisposable {
  readonly path: string
  /** A path for the file of the plan. */
  file: string
  readonly socket: string
  readonly http: string
  accepted: (socket: Socket) => void
  requested: (incoming: IncomingMessage, response: ServerResponse) => void
}

async function openPlace(): Promise<Place> {
  const home = folder()
  const [socket, http] = [home.at('socket'), home.at('http')]
  const sockets = createServer({ allowHalfOpen: true }, (each) => place.accepted(each)).listen(socket)
  const requests = createHttpServer((...both) => place.requested(...both)).listen(http)
  const place: Place = {
    path: home.path,
    file: '',
    socket,
    http,
    accepted: () => {},
    requested: () => {},
    async [Symbol.asyncDispose]() {
      requests.closeAllConnections()
      for (const server of [sockets, requests]) await new Promise((resolve) => server.close(resolve))
      home[Symbol.dispose]()
    },
  }
  for (const server of [sockets, requests]) if (!server.listening) await once(server, 'listening')
  return place
}

/** Passes the bytes of the plan through a border, and notes those that come out. Resolves with the error of the side that has the source, or null. */
type Border = (plan: Plan, got: Chunk[], place: Place) => Promise<unknown>

const ENCODINGS = ['utf8', 'latin1', 'hex', 'base64'] as const

/** The text of a stream with an encoding, as bytes. */
const bytesOf = (encoding: BufferEncoding) => map((text: string): Chunk => Buffer.from(text, encoding))

const pipelineOf = (plan: Plan): Observable<Chunk> => fromReceiver(channelOf(plan))

/** Sends the chunks of the plan, and the end. Resolves with the error, or null. */
async function sent(plan: Plan, out: Sender<Chunk> & { finished?(): PromiseLike<void> }): Promise<unknown> {
  try {
    for (const chunk of plan.chunks) {
      await out.send(chunk)
      await turn(plan.random)
    }
    out.close(plan.end === 'error' ? plan.error : undefined)
    await out.finished?.()
    return null
  } catch (error) {
    return error
  }
}

const borders: Record<string, Border> = {
  'fromReadable of a stream with an encoding': (plan, got) => {
    const encoding = pick(plan.random, ENCODINGS)
    return collected(plan, fromReadable<string>(readableOf(plan).setEncoding(encoding)).pipe(bytesOf(encoding)), got, turn)
  },
  'receiverOf a stream with an encoding': async (plan, got) => {
    const [encoding, texts]: [BufferEncoding, string[]] = [pick(plan.random, ENCODINGS), []]
    const end = await received(plan as never, receiverOf<string>(readableOf(plan).setEncoding(encoding)), texts, turn)
    got.push(...texts.map((text) => Buffer.from(text, encoding)))
    return end
  },
  'throughDuplex of a stream with an encoding': (plan, got) => {
    const encoding = pick(plan.random, ENCODINGS)
    const stage = throughDuplex<Chunk, string>(() => transformOf(plan).setEncoding(encoding))
    return collected(plan, pipelineOf(plan).pipe(stage, bytesOf(encoding)), got, turn)
  },
  'senderOf a socket to receiverOf a socket': (plan, got, place) =>
    acrossSocket(place, (socket) => sent(plan, senderOf<Chunk>(socket)), (socket) => received(plan, receiverOf<Chunk>(socket), got, turn)), // prettier-ignore
  'writeTo a socket, to fromReadable of a socket': (plan, got, place) =>
    acrossSocket(place, (socket) => endOf(pipelineOf(plan).pipe(writeTo<Chunk>(socket as never))), (socket) => collected(plan, fromReadable<Chunk>(socket), got, turn)), // prettier-ignore
  'throughDuplex of a socket': (plan, got, place) => {
    place.accepted = (socket) => socket.on('error', () => {}).pipe(socket)
    return collected(plan, pipelineOf(plan).pipe(throughDuplex<Chunk, Chunk>(() => connect({ path: place.socket, allowHalfOpen: true }))), got, turn) // prettier-ignore
  },
  'writeTo a request, to fromReadable of a request': (plan, got, place) =>
    overHttp(
      place,
      (incoming) => collected(plan, fromReadable<Chunk>(incoming), got, turn),
      async (socketPath, requested) => {
        const outgoing = request({ socketPath, method: 'POST', agent: false }).on('error', () => {})
        outgoing.on('response', (response) => response.on('error', () => {}).resume()).flushHeaders()
        await requested
        return endOf(pipelineOf(plan).pipe(writeTo<Chunk>(outgoing as never)))
      },
    ),
  'writeTo a response, to receiverOf a response': (plan, got, place) =>
    response(plan, place, (outgoing) => endOf(pipelineOf(plan).pipe(writeTo<Chunk>(outgoing as never))), (incoming) => received(plan, receiverOf<Chunk>(incoming), got, turn)), // prettier-ignore
  'toReadable to a response, to fromReadable of a response': (plan, got, place) => {
    const source = toReadable(pipelineOf(plan), { objectMode: false, highWaterMark: plan.highWaterMark })
    const send = (outgoing: ServerResponse) => connected(source, outgoing).then(() => null, (error: unknown) => error) // prettier-ignore
    return response(plan, place, send, (incoming) => collected(plan, fromReadable<Chunk>(incoming), got, turn))
  },
  'the input and the output of a child': async (plan, got) => {
    const child = command('cat')
    const [input, output] = [child.stdin as Sender<Chunk>, child.stdout]
    const source = plan.random.below(2) === 0 ? sent(plan, input) : endOf(pipelineOf(plan).pipe(sendTo(input, { close: true })))
    const sink = plan.random.below(2) === 0 ? received(plan, output, got, turn) : collected(plan, fromReceiver<Chunk>(output), got, turn)
    const [end] = await Promise.all([source, sink.then(() => output.cancel())])
    if (plan.end === 'error') child.terminate()
    await child.exit().attempt()
    return end
  },
}

/** Files have no error of a source. */
const fromFiles: Record<string, Border> = {
  'fromReadable of a file': (plan, got, { file }) => {
    writeFileSync(file, Buffer.concat(plan.chunks as Buffer[]))
    const { highWaterMark } = plan
    return collected(
      plan,
      fromReadable<Chunk>(() => createReadStream(file, { highWaterMark: highWaterMark + 1 })),
      got,
      turn,
    )
  },
}

/** Files have no reader that leaves. */
const toFiles: Record<string, Border> = {
  'writeTo a file': async (plan, got, { file }) => {
    const end = await endOf(pipelineOf(plan).pipe(writeTo<Chunk>(() => createWriteStream(file) as never)))
    if (existsSync(file)) got.push(readFileSync(file))
    return end
  },
  'senderOf a file': async (plan, got, { file }) => {
    const stream = createWriteStream(file)
    const end = await sent(plan, senderOf<Chunk>(stream))
    if (!stream.closed) await new Promise<void>((resolve) => stream.once('close', () => resolve()))
    if (existsSync(file)) got.push(readFileSync(file))
    return end
  },
  writeFileAtomic: async (plan, got, { file }) => {
    const end = await endOf(pipelineOf(plan).pipe(writeFileAtomic(file) as never))
    if (plan.end === 'error') expect(existsSync(file)).toBe(false)
    else got.push(readFileSync(file))
    return end
  },
}

/** The end of the side that responds; the other side may see no response, or half of it. */
async function response(
  plan: Plan,
  place: Place,
  send: (outgoing: ServerResponse) => Promise<unknown>,
  receive: (incoming: IncomingMessage) => Promise<unknown>,
): Promise<unknown> {
  let end: unknown = null
  const ask = (socketPath: string): Promise<unknown> =>
    new Promise((resolve) => {
      get({ socketPath, agent: false }, (incoming) => resolve(receive(incoming))).on('error', resolve)
    })
  await overHttp(place, async (_, outgoing) => (end = await send(outgoing)), ask)
  return plan.chunks.length === 0 && plan.end === 'error' && end === null ? plan.error : end
}

/** Both sides of a connection. The source begins when the other side has accepted it: a connection that fails before is of nobody. */
async function acrossSocket(
  place: Place,
  send: (socket: Socket) => Promise<unknown>,
  receive: (socket: Socket) => Promise<unknown>,
): Promise<unknown> {
  const accepted = new Promise<Socket>((resolve) => (place.accepted = (socket) => resolve(socket)))
  // a reset after the end of a side that is written is an error of the other side, which is left alone here
  const near = connect(place.socket).on('error', () => {})
  const far = await accepted
  const [end] = await Promise.all([send(near), receive(far).finally(() => far.destroy())])
  return end
}

/** Resolves with the end of the asking side. A request has reached the server before its source begins. */
async function overHttp(
  place: Place,
  serve: (incoming: IncomingMessage, response: ServerResponse) => Promise<unknown>,
  ask: (socketPath: string, requested: Promise<unknown>) => Promise<unknown>,
): Promise<unknown> {
  const requested = new Promise<[IncomingMessage, ServerResponse]>((resolve) => (place.requested = (...both) => resolve(both)))
  const served = requested.then(([incoming, response]) => serve(incoming, response).finally(() => response.end()))
  const [end] = await Promise.all([ask(place.http, requested), served])
  return end
}

/** What a side may see where the other has left. */
const LEFT = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ABORT_ERR'])

/** The fault of a plan; null for a right one. */
function faultOf(plan: Plan, got: readonly Chunk[], end: unknown): string | null {
  const [text, whole] = [joined(plan, got), joined(plan, plan.chunks)]
  const says = (what: string): string => `${what}; ${JSON.stringify({ ...plan, random: 0, text, whole, end: String(end) })}`
  if (!whole.startsWith(text)) return says('other bytes came out')
  if (got.length >= plan.leaves)
    return end === null || end === plan.error || LEFT.has((end as NodeJS.ErrnoException).code ?? '') || end instanceof CanceledError ? null : says('another end') // prettier-ignore
  if (end !== (plan.end === 'error' ? plan.error : null)) return says('the wrong end')
  return end === null && text !== whole ? says('bytes are lost') : null
}

async function eachSeed(plan: (seed: number, late: LateFailures) => Promise<string | null>): Promise<readonly string[]> {
  const faults: string[] = []
  using late = new LateFailures()
  onTestFailed(() => console.error(`the last plan had seed ${late.seed}`))
  for (let seed = FIRST; seed < FIRST + PLANS && faults.length < 3; seed++) {
    late.seed = seed
    const fault = await plan(seed, late)
    if (fault !== null) faults.push(`seed ${seed}: ${fault}`)
  }
  return [...faults, ...(await late.faults())]
}

/** These go as fast as real files, sockets and children: a limit of time here is only for a plan that stands still. */
const options = { timeout: 60_000 }

const all = [...Object.entries(borders), ...Object.entries(fromFiles), ...Object.entries(toFiles)]

it.each(all)('%s', options, async (name, border) => {
  await using place = await openPlace()
  const faults = await eachSeed(async (seed, late) => {
    place.file = join(place.path, `file-${seed}`)
    const [drawn, got]: [Plan, Chunk[]] = [planOf(seed, false), []]
    const plan: Plan = { ...drawn, ...(name in toFiles && { leaves: Infinity }), ...(name in fromFiles && { end: 'complete' }) }
    const end = await border(plan, got, place)
    late.after(plan, got.length, end)
    return faultOf(plan, got, end)
  })
  expect(faults).toEqual([])
  expect(readdirSync(place.path).filter((name) => name.endsWith('.tmp'))).toEqual([])
  await expect.poll(() => descriptorsOf(join(place.path, 'file'))).toBe(0)
})

/** Text with every kind of line end, and characters of 1 to 4 bytes. */
function textOf(random: Random): string {
  const pieces = ['a', 'é', '😀', '\n', '\r\n', '\r', '\n\n', 'word '] as const
  const text = Array.from({ length: random.below(40) }, () => pick(random, pieces)).join('')
  return `${random.below(4) === 0 ? '\ufeff' : ''}${random.below(10) === 0 ? 'x'.repeat(70_000) : ''}${text}`
}

/** As Go's scanner: a line ends with LF, or with the file; a CR before that is no part of it. */
function linesOf(text: string): string[] {
  const all = text.replace(/^\ufeff/, '').split('\n')
  if (all.at(-1) === '') all.pop()
  return all.map((line) => line.replace(/\r$/, ''))
}

it('the lines of a file', options, async () => {
  await using place = await openPlace()
  const faults = await eachSeed(async (seed) => {
    const random = seeded(seed)
    const [file, text] = [join(place.path, `file-${seed}`), textOf(random)]
    writeFileSync(file, text)
    const cut = (): Readable => createReadStream(file, { highWaterMark: 1 + random.below(5) })
    const sources = [readLines(file), fromReadable(cut).pipe(lines()), fromReadable<string>(() => cut().setEncoding('utf8')).pipe(lines())]
    const leaves = random.below(4) === 0 ? random.below(5) : Infinity
    const got: string[] = []
    const end = await endOf(pick(random, text.length > 60_000 ? sources.slice(0, 1) : sources).pipe(take(leaves), tap((line) => got.push(line)))) // prettier-ignore
    const right = linesOf(text).slice(0, leaves)
    return end === null && JSON.stringify(got) === JSON.stringify(right)
      ? null
      : JSON.stringify({ text, leaves, got, right, end: String(end) })
  })
  expect(faults).toEqual([])
  await expect.poll(() => descriptorsOf(join(place.path, 'file'))).toBe(0)
})
