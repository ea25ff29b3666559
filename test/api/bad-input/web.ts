/** The places of `millrace/web` and `millrace/web/operators`, outside a bubble: streams wait by the host. */
import { background } from 'millrace'
import { fromIterable, run } from 'millrace/operators'
import {
  eventSource,
  eventsOf,
  fetchOp,
  idleTicker,
  messagesOf,
  nextEvent,
  receiverOf,
  senderOf,
  valuesOf,
  webSocket,
  type WebSocketLike,
} from 'millrace/web'
import {
  fromBody,
  fromEventTarget,
  fromObservable,
  fromReadableStream,
  lines,
  ndjson,
  throughStream,
  toReadableStream,
  toTransformStream,
  writeToStream,
} from 'millrace/web/operators'
import type { Observable, OperatorFunction } from 'rxjs'
import { optionsOf, type Table } from './kinds.js'

const readable = () => new ReadableStream<number>({ start: (controller) => controller.close() })
const writable = () => new WritableStream<number>()
/** An Observable without values. */
const silent = { subscribe: () => {} }
/** No request leaves the process. */
const fetch = async () => new Response('ok')

const stage = { name: 'text?', overflow: 'word?', sparse: 'flag?' } as const
const buffers = { capacity: 'count', policy: 'word' } as const
const buffer = { capacity: 1, policy: 'error' } as const
/** A socket that never opens; its close ends it. */
class Socket extends EventTarget implements WebSocketLike {
  binaryType = 'blob'
  readonly bufferedAmount = 0
  send(): void {}
  close(): void {
    this.dispatchEvent(new CloseEvent())
  }
}
class CloseEvent extends Event {
  readonly code = 1000
  constructor() {
    super('close')
  }
}
const sockets = { ...buffer, create: () => new Socket() }
const peer = () => webSocket('ws://localhost', sockets)

export const web: Table = {
  'EventReceiver.cancel(cause)': ['anything', (cause) => eventsOf(new EventTarget(), 'change', buffer).cancel(cause)],
  'eventSource(url)': ['text', (url) => eventSource(url, { fetch }).cancel()],
  'eventSource(options)': ['any options', (options) => eventSource('data:text/event-stream,', options).cancel()],
  'eventSource({ capacity })': ['count?', (capacity) => eventSource('http://localhost', { capacity, fetch }).cancel()],
  'eventSource({ lastEventId })': ['text?', (lastEventId) => eventSource('http://localhost', { lastEventId, fetch }).cancel()],
  'eventSource({ maxLength })': ['count?', (maxLength) => eventSource('http://localhost', { maxLength, fetch }).cancel()],
  'eventSource({ reconnect })': ['schedule?', (reconnect) => eventSource('http://localhost', { reconnect, fetch }).cancel()],
  'eventsOf(target)': ['object', (target) => void eventsOf(target, 'change', buffer)],
  'eventsOf(type)': ['text', (type) => void eventsOf(new EventTarget(), type, buffer)],
  ...optionsOf('eventsOf', 'buffer', 'options', buffers, (given) => void eventsOf(new EventTarget(), 'change', given), buffer),
  ...optionsOf('idleTicker', 'options', 'options?', { timeout: 'ms?' }, (options) => idle(() => idleTicker(options).cancel())),
  'messagesOf(port)': ['object', (port) => void messagesOf(port, buffer)],
  ...optionsOf('messagesOf', 'buffer', 'options', buffers, (given) => void messagesOf(new EventTarget(), given), buffer),
  'nextEvent(target)': ['object', (target) => void nextEvent(target, 'change')],
  'nextEvent(type)': ['text', (type) => void nextEvent(new EventTarget(), type)],
  'valuesOf(observable)': ['object', (observable) => valuesOf(observable, buffer).cancel()],
  ...optionsOf('valuesOf', 'buffer', 'options', buffers, (given) => valuesOf(silent, given).cancel(), buffer),
  'webSocket(url)': ['text', (url) => webSocket(url, sockets).close()],
  ...optionsOf(
    'webSocket',
    'options',
    'options',
    {
      ...buffers,
      protocols: 'texts?',
      create: 'function?',
      highWaterMark: 'duration?',
      reconnect: 'function?',
      ctx: 'ctx?',
    },
    (options) => webSocket('ws://localhost', options).close(),
    sockets,
  ),
  'WebSocketPeer.close(code)': ['count?', (code) => peer().close(code)],
  'WebSocketPeer.close(reason)': ['text?', (reason) => peer().close(1000, reason)],
  'fetchOp(input)': ['something', (input) => fetchOp(input, { fetch })],
  'fetchOp(options)': ['any options', (options) => void fetchOp('http://localhost', options)],
  'fetchOp({ ctx })': ['ctx?', (ctx) => fetchOp('http://localhost', { ctx, fetch })],
  'fetchOp({ fetch })': ['function?', (given) => void fetchOp('http://localhost', { fetch: given })],
  'fetchOp({ throwStatus })': ['flag?', (throwStatus) => fetchOp('http://localhost', { throwStatus, fetch })],
  'receiverOf(stream)': ['object', (stream) => void receiverOf(stream)],
  ...optionsOf('receiverOf', 'options', 'options?', { preventCancel: 'flag?' }, (options) => receiverOf(readable(), options).receive()),
  'senderOf(stream)': ['object', (stream) => void senderOf(stream)],
  'StreamReceiver.cancel(reason)': ['anything', (reason) => receiverOf(readable()).cancel(reason)],
}

/** The host of a page has idle periods, and Node has none. */
function idle(program: () => void): void {
  const host = { requestIdleCallback: () => 1, cancelIdleCallback: () => {} }
  Object.assign(globalThis, host)
  try {
    program()
  } finally {
    for (const name of Object.keys(host)) Reflect.deleteProperty(globalThis, name)
  }
}

const items = () => fromIterable([1, 2])
/** A function that makes no stream is no bad argument; its pipeline fails. */
const ended = (pipeline: Observable<unknown>) => run(background, pipeline).join().attempt()
const through = (operator: OperatorFunction<number, unknown>) => ended(items().pipe(operator))
const streams = { highWaterMark: 'duration?', ctx: 'ctx?' } as const
const writes = { preventAbort: 'flag?', preventClose: 'flag?', name: 'text?', overflow: 'word?', sparse: 'flag?' } as const

export const webOperators: Table = {
  'fromBody(message)': ['object', (message) => ended(fromBody(message))],
  'fromEventTarget(target)': ['object', (target) => void fromEventTarget(target, 'change', buffer)],
  'fromEventTarget(type)': ['text', (type) => void fromEventTarget(new EventTarget(), type, buffer)],
  ...optionsOf(
    'fromEventTarget',
    'buffer',
    'options',
    buffers,
    (given) => void fromEventTarget(new EventTarget(), 'change', given),
    buffer,
  ),
  'fromObservable(observable)': ['object', (observable) => void fromObservable(observable, buffer)],
  ...optionsOf('fromObservable', 'buffer', 'options', buffers, (given) => void fromObservable(silent, given), buffer),
  'fromReadableStream(stream)': ['function', (stream) => ended(fromReadableStream(stream))],
  ...optionsOf('fromReadableStream', 'options', 'options?', { preventCancel: 'flag?' }, (options) =>
    ended(fromReadableStream(readable, options)),
  ),
  ...optionsOf('lines', 'options', 'options?', { maxLength: 'count?', ...stage }, (options) =>
    ended(fromIterable(['']).pipe(lines(options))),
  ),
  ...optionsOf('ndjson', 'options', 'options?', { maxLength: 'count?', ...stage }, (options) =>
    ended(fromIterable(['']).pipe(ndjson(options))),
  ),
  'throughStream(pair)': ['function', (pair) => through(throughStream(pair))],
  'throughStream(options)': ['options?', (options) => through(throughStream(() => new TransformStream<number, number>(), options))],
  'toReadableStream(source)': ['iterable', (source) => read(toReadableStream(source)), 'iterable'],
  ...optionsOf('toReadableStream', 'options', 'options?', { ...streams, type: 'word?' }, (options) =>
    toReadableStream(items(), options).cancel(),
  ),
  'toTransformStream(build)': ['function', (build) => built(build)],
  ...optionsOf('toTransformStream', 'options', 'options?', streams, (options) => void toTransformStream((source) => source, options)),
  'writeToStream(stream)': ['function', (stream) => through(writeToStream(stream))],
  ...optionsOf('writeToStream', 'options', 'options?', writes, (options) => through(writeToStream(writable, options))),
}

async function read(stream: ReadableStream<unknown>): Promise<void> {
  for await (const _ of stream as unknown as AsyncIterable<unknown>);
}

/** A function that builds no pipeline is refused too, with its result. */
function built(build: never): void {
  try {
    toTransformStream(build)
  } catch (error) {
    if (!/the result of build/.test(String(error))) throw error
  }
}
