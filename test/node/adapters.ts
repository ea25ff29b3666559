/** The adapters of Node, as `laws.adapter` judges them: streams, files, sockets, requests and children of the host. */
import { EventEmitter } from 'node:events'
import { createServer as createHttpServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Duplex, PassThrough, Readable } from 'node:stream'
import { pipeline as connected } from 'node:stream/promises'
import { afterFunc, background, sleep, withCancel, type Context, type Receiver, type Sender } from 'millrace'
import { command, eventsOf, ExitError, receiverOf, senderOf } from 'millrace/node'
import { fromReadable, readLines, throughDuplex, toDuplex, toReadable, writeFileAtomic, writeTo } from 'millrace/node/operators'
import { fromIterable, run, toReceiver } from 'millrace/operators'
import type { AdapterLawOptions, OpenAdapter } from 'millrace/testing'
import { map, type Observable } from 'rxjs'
import { read, row, type AdapterRow, type AdapterTable } from '../support/adapter-row.js'
import { folder } from './folder.js'
import { descriptorsOf, OpenStreams } from './open-streams.js'

const open = new OpenStreams()

/** The stream that the last adapter has opened. */
let last: { destroy(error: Error): unknown } = new PassThrough()
const destroy = (error: Error): undefined => void last.destroy(error)

function opened<S extends Readable | Duplex>(stream: S): S {
  last = stream
  return open.add(stream)
}

/** Runs a pipeline whose failure comes out at the other end. */
function start(ctx: Context, pipeline: Observable<unknown>): void {
  void run(ctx, pipeline).join().attempt().then(() => {}) // prettier-ignore
}

/** An adapter once with objects and once with bytes. */
type Open = <T>(source: AsyncIterable<T>, ctx: Context, options: { objectMode: boolean; highWaterMark: number }) => AsyncIterable<T>

function both(
  name: string,
  covers: readonly string[],
  adapter: Open,
  bounds: readonly [objects: number, bytes: number],
  more = {},
): AdapterTable {
  const shared = { resources: open.count, ...more }
  const through =
    (objectMode: boolean) =>
    <T>(source: AsyncIterable<T>, ctx: Context) =>
      adapter(source, ctx, { objectMode, highWaterMark: objectMode ? 2 : 32_768 })
  return {
    [`${name}, objects`]: row<number>(covers, through(true), { bound: bounds[0], objects: true, ...shared }),
    [`${name}, bytes`]: row<Uint8Array>(covers, through(false), { bound: bounds[1], bytes: true, ...shared }),
  }
}

/** A receiver as an iterable that is left with the loop and ends with the context. */
async function* received<T>(from: Receiver<T> & AsyncDisposable, ctx: Context): AsyncGenerator<T> {
  await using items = from
  for (;;) {
    const item = await items.receive().within(ctx)
    if (item._tag === 'None') return
    yield item.value
  }
}

/** Sends all items; the failure of the source or the cause of the context ends the stream. */
function send<T>(source: AsyncIterable<T>, out: Pick<Sender<T>, 'send' | 'close' | 'isClosed'>, ctx: Context): void {
  const close = (cause?: unknown): void => (out.isClosed ? undefined : out.close(cause))
  const stop = afterFunc(ctx, () => close(ctx.signal.reason))
  void (async () => {
    for await (const item of source) await out.send(item).within(ctx)
  })()
    .then(() => close(), close)
    .finally(stop)
}

const passThrough = { destroy }
/** A Readable.from whose iterator waits for ever is never closed: no matter of the adapter. */
const waitsForItsIterator = 'Readable.from waits for its iterator'

const BYTES = { objectMode: false, highWaterMark: 32_768 }

/** The stream holds a byte, and its receiver many chunks: they are at hand when the stream asks. */
function smallReadable(source: AsyncIterable<Uint8Array>, outer: Context): Readable {
  const ctx = withCancel(outer)
  const chunks = toReceiver(fromIterable(source), { capacity: 64, ctx })
  return opened(toReadable(chunks, { ctx: outer, objectMode: false, highWaterMark: 1 })).once('close', () => ctx.cancel())
}

const streams: AdapterTable = {
  ...both('fromReadable', ['fromReadable'], (source, ctx, options) => {
    const stream = opened(Readable.from(source, options))
    return read(fromReadable(stream), ctx)
  }, [6, 7], { resources: () => 0, destroy }), // prettier-ignore
  ...both('toReadable', ['toReadable'], (source, ctx, options) => opened(toReadable(fromIterable(source), { ctx, ...options })), [6, 7], passThrough), // prettier-ignore
  'toReadable of a buffered receiver': row<Uint8Array>(['toReadable'], (source, ctx) => smallReadable(source, ctx), {
    bound: 70,
    bytes: true,
    resources: open.count,
    destroy,
  }),
  'toReadable of a buffered receiver, as text': row<Uint8Array>(
    ['toReadable'],
    (source, ctx) => smallReadable(source, ctx).setEncoding('utf8') as AsyncIterable<never>, // text, in place of its bytes
    { bound: 70, bytes: true, resources: open.count, destroy },
  ),
  'fromReadable, as text': row<Uint8Array>(
    ['fromReadable'],
    (source, ctx) => read(fromReadable<never>(opened(Readable.from(source, BYTES)).setEncoding('utf8')), ctx),
    { bound: 7, bytes: true, destroy },
  ),
  'receiverOf, as text': row<Uint8Array>(
    ['receiverOf'],
    (source, ctx) => received(receiverOf<never>(opened(Readable.from(source, BYTES)).setEncoding('utf8')), ctx),
    { bound: 7, bytes: true, resources: open.count, destroy, except: { canceling: waitsForItsIterator } },
  ),
  ...both('writeTo', ['writeTo'], (source, ctx, options) => {
    const stream = opened(new PassThrough(options))
    start(ctx, fromIterable(source).pipe(writeTo(stream)))
    return stream
  }, [8, 8], passThrough), // prettier-ignore
  ...both('throughDuplex', ['throughDuplex'], (source, ctx, options) => {
    const make = () => opened(new PassThrough(options))
    return read(fromIterable(source).pipe(throughDuplex(make)), ctx)
  }, [12, 12], passThrough), // prettier-ignore
  ...both('toDuplex', ['toDuplex'], (source, ctx, options) => {
    const stream = opened(toDuplex((items: Observable<never>) => items.pipe(map((item) => item)), { ctx, ...options }))
    connected(Readable.from(source, options), stream).catch(() => {})
    return stream
  }, [14, 14], { destroy, except: { canceling: waitsForItsIterator } }), // prettier-ignore
  ...both('receiverOf', ['receiverOf'], (source, ctx, options) => {
    const stream = opened(Readable.from(source, options))
    return received(receiverOf(stream), ctx)
  }, [6, 7], { destroy, except: { canceling: waitsForItsIterator } }), // prettier-ignore
  ...both('senderOf', ['senderOf'], (source, ctx, options) => {
    const stream = opened(new PassThrough(options))
    send(source, senderOf(stream), ctx)
    return stream
  }, [7, 7], passThrough), // prettier-ignore
}

/** Sockets that a server has accepted and that are not closed. */
const accepted = new Set<Socket>()

function accept(socket: Socket): void {
  accepted.add(socket)
  socket.on('error', () => {}).once('close', () => accepted.delete(socket))
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  return (server.address() as AddressInfo).port // it listens on a port
}

/** The buffers of the host for a socket, in items. */
const SOCKETS = 2048

/** Resets the connections that the server has. */
function reset(): (seen: unknown) => boolean {
  for (const socket of accepted) socket.resetAndDestroy()
  return (seen) => ['ECONNRESET', 'EPIPE'].includes((seen as NodeJS.ErrnoException).code ?? '')
}

async function ofSockets(): Promise<AdapterTable> {
  const echo = await portOf(createServer({ allowHalfOpen: true }, (socket) => (accept(socket), void socket.pipe(socket))))
  const dial = (): Socket => opened(connect({ port: echo, allowHalfOpen: true }))
  const options = { bound: SOCKETS, bytes: true, destroy: reset, resources: () => open.count() + accepted.size }
  const byHand: OpenAdapter<Uint8Array> = (source, ctx) => {
    const socket = dial()
    send(source, senderOf(socket), ctx)
    return received(receiverOf<Uint8Array>(socket), ctx)
  }
  return {
    'throughDuplex of a socket': row<Uint8Array>(
      ['throughDuplex'],
      (source, ctx) => read(fromIterable(source).pipe(throughDuplex<Uint8Array, Uint8Array>(dial)), ctx),
      options,
    ),
    'receiverOf and senderOf of a socket': row<Uint8Array>(['receiverOf', 'senderOf'], byHand, options),
    'bodies of requests and responses': await ofRequests(),
  }
}

/** An upload that comes back as a download: each body passes a pipeline on either side. */
async function ofRequests(): Promise<AdapterRow> {
  const server = createHttpServer((incoming: IncomingMessage, response: ServerResponse) =>
    start(background, fromReadable<Uint8Array>(incoming).pipe(writeTo(response))),
  ).on('connection', accept)
  const port = await portOf(server)
  const upload: OpenAdapter<Uint8Array> = async function* (source, outer) {
    const ctx = withCancel(outer)
    const client = request({ port, method: 'POST', agent: false }).on('error', () => {})
    const failure = new Promise<never>((_, reject) => {
      void run(ctx, fromIterable(source).pipe(writeTo(client))).join().attempt().then((end) => end._tag === 'Left' && reject(end.left as Error)) // prettier-ignore
    })
    failure.catch(() => {})
    try {
      const response = await Promise.race([failure, new Promise<IncomingMessage>((resolve) => client.once('response', resolve))])
      try {
        yield* read(fromReadable<Uint8Array>(response), ctx)
      } catch (cause) {
        await Promise.race([failure, sleep(50)]) // the error of the source is with the side that has it
        throw cause
      }
    } finally {
      ctx.cancel()
      client.destroy()
    }
  }
  return row<Uint8Array>(['fromReadable', 'writeTo'], upload, {
    bound: 2 * SOCKETS,
    bytes: true,
    destroy: reset,
    resources: () => accepted.size,
  })
}

/** Items as lines of a file, which is written first. */
async function* throughFile(
  source: AsyncIterable<number>,
  outer: Context,
  [write, readBack]: readonly [(path: string) => ReturnType<typeof writeTo<string>>, (path: string) => Observable<string>],
): AsyncGenerator<number> {
  using place = folder()
  const ctx = withCancel(outer)
  try {
    await run(ctx, fromIterable(source).pipe(map((n) => `${n}\n`), write(place.at('items')))).join() // prettier-ignore
    yield* read(readBack(place.at('items')).pipe(map((line) => Number(line))), ctx)
  } finally {
    ctx.cancel()
    await sleep(5) // the descriptor of a file that is left
    files = descriptorsOf(place.path)
  }
}

let files = 0
const writtenFirst = 'the file is written to its end before it is read'

const ofFiles: AdapterLawOptions = {
  bound: Infinity,
  resources: () => files,
  except: { promptness: writtenFirst, leaving: writtenFirst },
}

const stored: AdapterTable = {
  'writeFileAtomic and readLines': row<number>(
    ['writeFileAtomic', 'readLines'],
    (source, ctx) => throughFile(source, ctx, [(path) => writeFileAtomic(path), (path) => readLines(path)]),
    ofFiles,
  ),
}

const emitted: AdapterTable = {
  eventsOf: row<number>(
    ['eventsOf'],
    (source, ctx) => {
      const emitter = new EventEmitter()
      emitters.push(emitter)
      const events = eventsOf<number>(emitter, 'item', { close: ['end'] })
      void emitAll(source, emitter)
      return received(Object.assign(events, { [Symbol.asyncDispose]: () => Promise.resolve(events.stop()) }), ctx)
    },
    { bound: Infinity, objects: true, resources: listeners },
  ),
}

const emitters: EventEmitter[] = []

function listeners(): number {
  return emitters.reduce((sum, emitter) => sum + emitter.eventNames().reduce((n, name) => n + emitter.listenerCount(name), 0), 0)
}

async function emitAll(source: AsyncIterable<number>, emitter: EventEmitter): Promise<void> {
  try {
    for await (const item of source) {
      if (!emitter.emit('item', item)) return
      await new Promise((resolve) => setTimeout(resolve))
    }
    emitter.emit('end')
  } catch (error) {
    emitter.emit('error', error)
  }
}

let children = 0
let pid: number | undefined

const throughChild: OpenAdapter<Uint8Array> = async function* (source, outer) {
  const ctx = withCancel(outer)
  await using cat = command('cat', [], { ctx })
  children++
  pid = cat.pid
  const { stdin } = cat
  let failure: { readonly error: unknown } | null = null
  const close = (error?: unknown): void => {
    if (error !== undefined) failure = { error }
    stdin.close(error)
  }
  const input = {
    send: stdin.send,
    close,
    get isClosed() {
      return stdin.isClosed
    },
  }
  send(source, input, ctx)
  try {
    for (;;) {
      const chunk = await cat.stdout.receive().within(ctx)
      if (failure !== null) throw (failure as { error: unknown }).error // assigned meanwhile
      if (chunk._tag === 'None') break
      yield chunk.value
    }
    await cat.exit()
  } finally {
    children--
  }
}

function kill(): (seen: unknown) => boolean {
  process.kill(pid ?? 0, 'SIGKILL')
  return (seen) => seen instanceof ExitError && seen.signal === 'SIGKILL'
}

const processes: AdapterTable = {
  command: row<Uint8Array>(['command'], throughChild, { bound: SOCKETS, bytes: true, destroy: kill, resources: () => children }),
}

export const nodeAdapters: AdapterTable = { ...streams, ...(await ofSockets()), ...stored, ...emitted, ...processes }

/** Exports through which no item of a source passes, each with the test in its place. */
export const noAdaptersOfNode: Readonly<Record<string, string>> = {
  ClientLeftError: 'an error',
  EventsLostError: 'an error',
  ExitError: 'an error',
  LineTooLongError: 'an error',
  NdjsonError: 'an error',
  SignalError: 'an error',
  dumpOnSignal: 'a report',
  keepAsyncContext: 'a switch',
  lines: 'a stage without a border: laws.operator judges it',
  main: 'a program',
  ndjson: 'a stage without a border: laws.operator judges it',
  requestContext: 'a context: test/node/request-context.test.ts',
  serveUntil: 'a server: test/node/serve-until.test.ts',
  signals: 'its items are signals of the host: test/node/signals.test.ts',
  walk: 'its items are entries of directories: test/node/walk.test.ts',
  watch: 'its items are changes of files: test/node/watch.test.ts',
}
