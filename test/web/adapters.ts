/** The adapters of the web platform, as `laws.adapter` judges them, on every engine. */
import { fromIterable, fromOp, run } from 'millrace/operators'
import type { OpenAdapter } from 'millrace/testing'
import { afterFunc, withCancel, type Context, type Receiver } from 'millrace'
import {
  eventSource,
  eventsOf,
  fetchOp,
  messagesOf,
  nextEvent,
  receiverOf,
  senderOf,
  valuesOf,
  type MessageSource,
  type ObservableLike,
} from 'millrace/web'
import {
  fromBody,
  fromEventTarget,
  fromObservable,
  fromReadableStream,
  throughStream,
  toReadableStream,
  toTransformStream,
  writeToStream,
} from 'millrace/web/operators'
import { concatMap, map, takeWhile } from 'rxjs'
import { read, row, type AdapterTable } from '../support/adapter-row.js'
import { makers } from './platform-observable.js'
import { Target } from './target.js'

type Bytes = Uint8Array<ArrayBuffer>

/** A stream as an iterable, which Chromium has and Safari has not. */
async function* readStream<T>(stream: ReadableStream<T>): AsyncGenerator<T> {
  const reader = stream.getReader()
  let isOver = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      isOver = done
      if (done) return
      yield value
    }
  } catch (cause) {
    isOver = true
    throw cause
  } finally {
    if (!isOver) await reader.cancel(new Error('the reader leaves'))
  }
}

/** A receiver that is left with the loop. */
async function* received<T>(from: Receiver<T> & { cancel(cause?: unknown): void }, ctx: Context): AsyncGenerator<T> {
  try {
    for (;;) {
      const item = await from.receive().within(ctx)
      if (item._tag === 'None') return
      yield item.value
    }
  } catch (cause) {
    from.cancel(cause)
    throw cause
  } finally {
    from.cancel()
  }
}

/** The controller of the last stream that the platform made. */
let controller: { error(cause: unknown): void } | null = null
const destroy = (error: Error): undefined => void controller?.error(error)

/** A stream that passes on, and that a test may destroy. */
function passing<T>(): TransformStream<T, T> {
  return new TransformStream<T, T>({ start: (given) => void (controller = given) })
}

const throughSender: OpenAdapter<number> = (source, ctx) => {
  const { readable, writable } = passing<number>()
  const out = senderOf(writable)
  const close = (cause?: unknown): void => (out.isClosed ? undefined : out.close(cause))
  afterFunc(ctx, () => close(ctx.signal.reason))
  void (async () => {
    for await (const item of source) await out.send(item).within(ctx)
  })().then(() => close(), close)
  return readStream(readable)
}

const written: OpenAdapter<number> = (source, ctx) => {
  const { readable, writable } = passing<number>()
  void run(ctx, fromIterable(source).pipe(writeToStream(writable)))
    .join()
    .attempt()
    .then(() => {})
  return readStream(readable)
}

const streams: AdapterTable = {
  'fromReadableStream(toReadableStream)': row<number>(
    ['fromReadableStream', 'toReadableStream'],
    (source, ctx) => read(fromReadableStream(() => toReadableStream(source)), ctx), // prettier-ignore
    { bound: 6, objects: true },
  ),
  'toReadableStream of a pipeline': row<number>(
    ['toReadableStream'],
    (source, ctx) => readStream(toReadableStream(fromIterable(source), { ctx })),
    { bound: 6, objects: true },
  ),
  'toReadableStream of a receiver': row<number>(
    ['receiverOf', 'toReadableStream'],
    (source, ctx) => readStream(toReadableStream(receiverOf(toReadableStream(source, { ctx })), { ctx })),
    { bound: 6, objects: true },
  ),
  'a byte stream': row<Bytes>(
    ['fromReadableStream', 'toReadableStream'],
    (source, ctx) => read(fromReadableStream(() => toReadableStream(source, { type: 'bytes' })), ctx), // prettier-ignore
    { bound: 6, bytes: true },
  ),
  receiverOf: row<number>(['receiverOf'], (source, ctx) => received(receiverOf(toReadableStream(source, { ctx })), ctx), {
    bound: 6,
    objects: true,
  }),
  senderOf: row<number>(['senderOf'], throughSender, { bound: 6, objects: true, destroy }),
  throughStream: row<number>(
    ['throughStream'],
    (source, ctx) => read(fromIterable(source).pipe(throughStream(passing<number>)), ctx), // prettier-ignore
    { bound: 6, objects: true, destroy },
  ),
  toTransformStream: row<number>(
    ['toTransformStream'],
    (source, ctx) =>
      readStream(toReadableStream(source, { ctx }).pipeThrough(toTransformStream<number, number>((items) => items, { ctx }))),
    { bound: 6, objects: true },
  ),
  writeToStream: row<number>(['writeToStream'], written, { bound: 6, objects: true, destroy }),
  'fetchOp and fromBody': row<Bytes>(
    ['fetchOp', 'fromBody'],
    (source, ctx) => {
      const fetch = () => Promise.resolve(new Response(toReadableStream<Bytes>(source)))
      return read(fromOp(() => fetchOp('http://host/', { fetch, ctx })).pipe(concatMap(fromBody)), ctx)
    },
    { bound: 6, bytes: true },
  ),
}

/** A message of a border that has neither an end nor an error. */
type Message<T> = { readonly item: T } | { readonly end: true } | { readonly error: unknown }

/** Passes each item to `emit`, a turn of the host apart, until the reader has left. */
async function pump<T>(source: AsyncIterable<T>, emit: (message: Message<T>) => void, hasLeft: () => boolean): Promise<void> {
  try {
    for await (const item of source) {
      if (hasLeft()) return
      emit({ item })
      await new Promise((resolve) => setTimeout(resolve))
      if (hasLeft()) return
    }
    emit({ end: true })
  } catch (error) {
    emit({ error })
  }
}

/** The items of messages; the end and the error are messages, too. */
async function* itemsOf<T>(messages: AsyncIterable<Message<T>>): AsyncGenerator<T> {
  for await (const message of messages) {
    if ('error' in message) throw message.error
    if ('end' in message) return
    yield message.item
  }
}

const BUFFER = { capacity: 200, policy: 'error' } as const
/** The target of the last row that was opened. */
let target = new Target()

function opened(): Target {
  return (target = new Target())
}

/** Starts the pump when the listener is there; a reader whose context has ended never adds one. */
async function pumpTo<T>(there: Target, source: AsyncIterable<T>): Promise<void> {
  for (let left = 500; there.listeners === 0; left--) {
    if (left === 0) return
    await new Promise((resolve) => setTimeout(resolve))
  }
  await pump(source, (message) => there.fire('item', message), () => there.listeners === 0) // prettier-ignore
}

const detailOf = (event: Event) => (event as CustomEvent<Message<number>>).detail // as fired

/** Each item is an event of a stream of text. */
function throughText(source: AsyncIterable<number>, ctx: Context): AsyncIterable<number> {
  const encoder = new TextEncoder()
  const text = toReadableStream(fromIterable(source).pipe(map((n) => encoder.encode(`data: ${n}\n\n`))))
  const headers = { 'content-type': 'text/event-stream' }
  const fetch = () => Promise.resolve(new Response(text as BodyInit, { headers }))
  const numbers = eventSource('http://host/', { fetch, ctx, capacity: 4 })
  return numbersOf(received(numbers, ctx))
}

async function* numbersOf(all: AsyncIterable<{ readonly data: string }>): AsyncGenerator<number> {
  for await (const { data } of all) yield Number(data)
}

/** The next event of a target whose events wait for it. */
const byNextEvent: OpenAdapter<number> = async function* (source, ctx) {
  const there = opened()
  const items = source[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = nextEvent<CustomEvent<() => IteratorResult<number, undefined>>>(there, 'item').within(ctx)
      void items.next().then(
        (item) => there.fire('item', () => item),
        (cause: unknown) =>
          there.fire('item', () => {
            throw cause
          }),
      )
      const item = (await next).detail()
      if (item.done === true) return
      yield item.value
    }
  } finally {
    void items.return?.()
  }
}

/** Observables with a subscriber. */
let subscribed = 0

/** The items of a source as an Observable, which does not wait for its observer. */
function observed<T>(source: AsyncIterable<T>, make: (typeof makers)[number][1]): ObservableLike<T> {
  return make<T>((to) => {
    let hasLeft = false // race-ok: the source looks whether its reader has left, at any time
    subscribed++
    to.addTeardown(() => {
      hasLeft = true
      subscribed--
    })
    const emit = (message: Message<T>): void => {
      if ('item' in message) to.next(message.item)
      else if ('error' in message) to.error(message.error)
      else to.complete()
    }
    void pump(source, emit, () => hasLeft)
  })
}

const ofValues = { bound: Infinity, objects: true, resources: () => subscribed }

const events: AdapterTable = {
  eventSource: row<number>(['eventSource'], throughText, { bound: 12 }),
  eventsOf: row<number>(
    ['eventsOf'],
    (source, ctx) => {
      const there = opened()
      void pumpTo(there, source)
      const messages = received(eventsOf<Event>(there, 'item', BUFFER), ctx)
      return itemsOf({ [Symbol.asyncIterator]: async function* () { for await (const event of messages) yield detailOf(event) } }) // prettier-ignore
    },
    { bound: Infinity, objects: true, resources: () => target.listeners },
  ),
  fromEventTarget: row<number>(
    ['fromEventTarget'],
    (source, ctx) => {
      const there = opened()
      void pumpTo(there, source)
      const messages = fromEventTarget<Event>(there, 'item', BUFFER).pipe(map(detailOf), takeWhile((message) => !('end' in message))) // prettier-ignore
      return itemsOf(read(messages, ctx))
    },
    { bound: Infinity, objects: true, resources: () => target.listeners },
  ),
  nextEvent: row<number>(['nextEvent'], byNextEvent, { bound: 1, objects: true, resources: () => target.listeners }),
  ...Object.fromEntries(makers.flatMap(([name, make]) => [
    [`valuesOf an Observable ${name}`, row<number>(['valuesOf'], (source, ctx) => received(valuesOf(observed(source, make), BUFFER), ctx), ofValues)],
    [`fromObservable ${name}`, row<number>(['fromObservable'], (source, ctx) => read(fromObservable(observed(source, make), BUFFER), ctx), ofValues)],
  ])), // prettier-ignore
  'messagesOf a port': row<number>(['messagesOf'], (source, ctx) => {
    const { port1, port2 } = new MessageChannel()
    return messagesThrough(source, ctx, [port1, port2])
  }, ofMessages()), // prettier-ignore
  'messagesOf a BroadcastChannel': row<number>(['messagesOf'], (source, ctx) => {
    const name = `millrace-${Math.random()}`
    return messagesThrough(source, ctx, [new BroadcastChannel(name), new BroadcastChannel(name)])
  }, ofMessages()), // prettier-ignore
}

interface Closeable extends MessageSource {
  close(): void
  postMessage(message: unknown): void
}

let openPorts = 0

async function* messagesThrough(source: AsyncIterable<number>, outer: Context, [here, there]: readonly [Closeable, Closeable]) {
  const ctx = withCancel(outer)
  let hasLeft = false
  openPorts++
  void pump(source, (message) => there.postMessage(message), () => hasLeft) // prettier-ignore
  try {
    yield* itemsOf(received(messagesOf<Message<number>>(here, BUFFER), ctx))
  } finally {
    hasLeft = true
    ctx.cancel()
    here.close()
    there.close()
    openPorts--
  }
}

function ofMessages() {
  const aCopy = 'a message is a copy'
  return { bound: Infinity, resources: () => openPorts, except: { failure: aCopy, 'early failure': aCopy } }
}

export const webAdapters: AdapterTable = { ...streams, ...events }

/** Exports through which no item of a source passes, each with the test in its place. */
export const noAdaptersOfWeb: Readonly<Record<string, string>> = {
  EventStreamError: 'an error',
  LineTooLongError: 'an error',
  NdjsonError: 'an error',
  OverflowError: 'an error',
  StatusError: 'an error',
  WebSocketCloseError: 'an error',
  frameTicker: 'its items are times of the host: test/web/frame-ticker.test.ts',
  lines: 'a stage without a border: laws.operator judges it',
  ndjson: 'a stage without a border: laws.operator judges it',
  idleTicker: 'its items are times of the host: test/web/frame-ticker.test.ts',
}
