/** The places of `millrace/web` and `millrace/web/operators` that call code of users. */
import type { Op } from 'millrace'
import { fromIterable } from 'millrace/operators'
import { eventSource, eventsOf, fetchOp, messagesOf, nextEvent, valuesOf, webSocket, type WebSocketLike } from 'millrace/web'
import { fromEventTarget, fromObservable, fromReadableStream, throughStream, toReadableStream, toTransformStream, writeToStream } from 'millrace/web/operators' // prettier-ignore
import { concat, take, throwError, type Observable, type OperatorFunction } from 'rxjs'
import { settle } from '../../support/settle.js'
import { junk, type Bad, type Rows } from './kinds.js'
import { ended as endedSoon, inTime } from './soon.js'

const buffer = { capacity: 1, policy: 'drop-newest' } as const
const ended = (pipeline: Observable<unknown>) => endedSoon(pipeline.pipe(take(2)))
const through = (operator: OperatorFunction<number, unknown>) => ended(fromIterable([1, 2, 3]).pipe(operator))

/** An object with some methods and properties of the user. */
const withParts = (object: object, parts: object) => junk(Object.defineProperties(object, Object.getOwnPropertyDescriptors(parts)))
const target = (parts: object) => withParts(new EventTarget(), parts)

async function received(open: () => ReturnType<typeof eventsOf>): Promise<unknown> {
  using receiver = open()
  return await inTime(receiver.receive().attempt())
}

class Socket extends EventTarget implements WebSocketLike {
  binaryType = 'blob'
  readonly bufferedAmount: number = 0
  constructor() {
    super()
    setImmediate(() => this.dispatchEvent(new Event('open')))
  }
  send(): void {}
  close(): void {
    setImmediate(() => this.dispatchEvent(Object.assign(new Event('close'), { code: 1000, reason: '' })))
  }
}

/** A socket of a server that refuses. */
class Refused extends EventTarget implements WebSocketLike {
  binaryType = 'blob'
  readonly bufferedAmount = 0
  constructor() {
    super()
    setImmediate(() => this.dispatchEvent(Object.assign(new Event('close'), { code: 1006, reason: '' })))
  }
  send(): void {}
  close(): void {}
}

/** A socket that closes, whatever its close does. */
const closing = (f: Bad) =>
  function (this: Socket) {
    Socket.prototype.close.call(this)
    return f()
  }

const patiently = async <T>(op: Op<T>): Promise<T> => op.timeout(5000)

/** A socket that opens and takes an item, with time for it where the code has no part in that. */
async function talked(parts: object, wait = patiently): Promise<unknown> {
  const peer = webSocket('ws://localhost', { ...buffer, policy: 'drop-newest', create: () => withParts(new Socket(), parts) })
  try {
    await wait(peer.opened())
    await wait(peer.outgoing.send('1'))
    await settle()
  } finally {
    peer.close()
  }
  return await inTime(peer.messages.receive())
}

export const web: Rows = {
  'eventsOf(target): addEventListener': (f) => received(() => eventsOf(target({ addEventListener: f }), 'change', buffer)),
  'eventsOf(target): removeEventListener': (f) => received(() => eventsOf(target({ removeEventListener: f }), 'change', buffer)),
  'eventSource({ reconnect })': async (f) => {
    using events = eventSource('http://localhost', { fetch: () => Promise.reject(new TypeError('fetch failed')), reconnect: f })
    return await inTime(events.receive())
  },
  'fetchOp({ fetch })': (f) => inTime(fetchOp('http://localhost', { fetch: f })),
  'messagesOf(port): addEventListener': (f) => received(() => messagesOf(target({ addEventListener: f }), buffer)),
  'messagesOf(port): removeEventListener': (f) => received(() => messagesOf(target({ removeEventListener: f }), buffer)),
  'messagesOf(port): start': (f) => received(() => messagesOf(target({ start: f }), buffer)),
  'nextEvent(target): addEventListener': (f) => inTime(nextEvent(target({ addEventListener: f }), 'change')),
  'nextEvent(target): removeEventListener': (f) => inTime(nextEvent(target({ removeEventListener: f }), 'change')),
  'valuesOf(observable): subscribe': (f) => received(() => valuesOf({ subscribe: f }, buffer)),
  'valuesOf(observable): unsubscribe': (f) => received(() => valuesOf({ subscribe: () => ({ unsubscribe: f }) }, buffer)),
  'valuesOf(observable): @@observable': (f) => received(() => valuesOf(withParts({ subscribe: () => {} }, { '@@observable': f }), buffer)),
  'webSocket({ create })': async (f) => {
    await using peer = webSocket('ws://localhost', { ...buffer, create: f })
    return await inTime(peer.opened())
  },
  'webSocket({ create }): addEventListener': (f) => talked({ addEventListener: f }, inTime),
  'webSocket({ create }): removeEventListener': (f) => talked({ removeEventListener: f }),
  'webSocket({ create }): send': (f) => talked({ send: f }),
  'webSocket({ create }): close': (f) => talked({ close: closing(f) }),
  'webSocket({ create }): bufferedAmount': (f) => talked({ get bufferedAmount() { return f() } }), // prettier-ignore
  'webSocket({ create }): binaryType': (f) => talked({ set binaryType(_: unknown) { f() } }), // prettier-ignore
  'webSocket({ reconnect })': async (f) => {
    const create = () => withParts(new Refused(), {})
    await using peer = webSocket('ws://localhost', { ...buffer, create, reconnect: f })
    return await inTime(peer.messages.receive())
  },
}

const lists: Record<string, (f: Bad) => object> = {
  iterator: (f) => ({ [Symbol.iterator]: f }),
  next: (f) => ({ [Symbol.iterator]: () => ({ next: f }) }),
  'async iterator': (f) => ({ [Symbol.asyncIterator]: f }),
  'next of an async iterator': (f) => ({ [Symbol.asyncIterator]: () => ({ next: f }) }),
}

async function read(stream: ReadableStream<unknown>): Promise<unknown> {
  const reader = stream.getReader()
  try {
    return [await reader.read(), await reader.read()]
  } finally {
    await reader.cancel()
  }
}

export const webOperators: Rows = {
  'fromEventTarget(target): addEventListener': (f) => ended(fromEventTarget(target({ addEventListener: f }), 'change', buffer)),
  'fromEventTarget(target): removeEventListener': (f) => ended(fromEventTarget(target({ removeEventListener: f }), 'change', buffer)),
  'fromObservable(observable): subscribe': (f) => ended(fromObservable({ subscribe: f }, buffer)),
  'fromObservable(observable): unsubscribe': (f) => ended(fromObservable({ subscribe: () => ({ unsubscribe: f }) }, buffer)),
  'fromReadableStream(stream)': (f) => ended(fromReadableStream(f)),
  'fromReadableStream(stream): pull': (f) => ended(fromReadableStream(() => new ReadableStream({ pull: f }))),
  'fromReadableStream(stream): cancel': (f) =>
    ended(fromReadableStream(() => new ReadableStream({ pull: (controller) => controller.enqueue(1), cancel: f }))),
  'throughStream(pair)': (f) => through(throughStream(f)),
  'throughStream(pair): transform': (f) => through(throughStream(() => new TransformStream({ transform: f }))),
  ...Object.fromEntries(
    Object.entries(lists).map(([name, list]) => [`toReadableStream(source): ${name}`, (f: Bad) => read(toReadableStream(junk(list(f))))]),
  ),
  'toTransformStream(build)': (f) => read(toReadableStream([1, 2]).pipeThrough(toTransformStream(f))),
  'writeToStream(stream)': (f) => through(writeToStream(f)),
  'writeToStream(stream): write': (f) => through(writeToStream(() => new WritableStream({ write: f }))),
  'writeToStream(stream): close': (f) => through(writeToStream(() => new WritableStream({ close: f }))),
  'writeToStream(stream): abort': (f) =>
    ended(
      concat(
        fromIterable([1]),
        throwError(() => 'first'),
      ).pipe(writeToStream(() => new WritableStream({ abort: f }))),
    ),
}
