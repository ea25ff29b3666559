/**
 * The code of users that the borders call, as rows of `stores.ts`: named after the places of the API reports. Code that is called within
 * the call of the user itself is in the user's own context, and a row that only has such code is none.
 */
import { EventEmitter } from 'node:events'
import { Duplex, Readable, Transform, Writable } from 'node:stream'
import type { WebSocketLike } from 'millrace/web'
import type * as Rx from 'rxjs'
import type { Ask, Modules, Rows } from './stores-rows.js'

const nothing = (): void => {}

/** An object with a method that looks and does what it did before. */
function looking<T extends object>(object: T, names: readonly (keyof T & string)[], look: () => void): T {
  for (const name of names) {
    const plain = Reflect.get(object, name) as () => unknown // methods alone are named
    Object.defineProperty(object, name, {
      value(this: unknown, ...args: readonly unknown[]) {
        if (args[0] !== 0) look() // Node itself calls `read(0)`
        return Reflect.apply(plain, this, args) as unknown
      },
    })
  }
  return object
}

class Sink extends Writable {
  constructor() {
    super({ objectMode: true, highWaterMark: 1, write: (_chunk, _encoding, written: () => void) => void setImmediate(written) })
  }
}

class Server extends EventEmitter {
  close(closed: () => void): void {
    setImmediate(closed)
    setImmediate(() => this.emit('close'))
  }
  closeIdleConnections(): void {}
}

export const node: Rows = {
  'eventsOf({ map })': (m, look) => {
    const emitter = new EventEmitter()
    m.node.eventsOf(emitter, 'data', { map: look })
    return () => emitter.emit('data')
  },
  'eventsOf(emitter): off, at the end of a context': (m, look) => {
    const ctx = m.withCancel(m.background)
    const receiver = m.node.eventsOf(looking(new EventEmitter(), ['off'], look), 'data')
    m.afterFunc(ctx, () => receiver.stop())
    return () => ctx.cancel()
  },
  'receiverOf(readable): read': (m, look) => {
    const readable = new Readable({ objectMode: true, read: nothing })
    const receiver = m.node.receiverOf(looking(readable, ['read'], look))
    const gate = m.chan(1)
    m.go(function* () {
      yield* gate.receive()
      yield* receiver.receive()
    })
    return () => {
      gate.trySend(1)
      readable.push('chunk')
    }
  },
  'receiverOf(readable): then': (m, look) => {
    const readable = new Readable({ objectMode: true, read: nothing })
    m.node.receiverOf<string>(readable).receive().then(look, nothing)
    return () => readable.push('chunk')
  },
  'receiverOf(readable): destroy': (m, look) => {
    const gate = m.chan(1)
    m.go(async () => {
      await using _receiver = m.node.receiverOf(looking(new Readable({ read: nothing }), ['destroy'], look))
      await gate.receive()
    })
    return () => gate.trySend(1)
  },
  'senderOf(writable): write': (m, look) => {
    const sender = m.node.senderOf<number>(looking(new Sink(), ['write'], look))
    const gate = m.chan(1)
    m.go(function* () {
      yield* gate.receive()
      yield* sender.send(1)
      yield* sender.send(2)
    })
    return () => gate.trySend(1)
  },
  'senderOf(writable): then': (m, look) => {
    const writable = new Sink()
    const sender = m.node.senderOf<number>(writable)
    sender.finished().then(look, nothing)
    return () => sender.close()
  },
  'serveUntil(server)': (m, look) => {
    const [intake, ctx] = [m.withCancel(m.background), m.withCancel(m.background)]
    const server = looking(new Server(), ['close', 'closeIdleConnections'], look)
    m.node.serveUntil(server, { intake, ctx }).then(look, nothing)
    return () => intake.cancel()
  },
}

export const nodeOperators: Rows = {
  'fromReadable(readable)': (m, look) => {
    const readable = new Readable({ objectMode: true, read: nothing })
    m.nodeOps.fromReadable<number>(readable).pipe(m.rx.map(look)).subscribe({ error: nothing })
    return () => [1, null].map((chunk) => readable.push(chunk))
  },
  'throughDuplex(make)': (m, look) => {
    const items = m.chan<number>(4)
    const transform = new Transform({
      objectMode: true,
      transform: (chunk, _encoding, done: (error: null, chunk: unknown) => void) => done(null, chunk),
    })
    m.ops
      .fromReceiver(items)
      .pipe(
        m.nodeOps.throughDuplex(() => looking(transform, ['write', 'end'], look)),
        m.rx.map(look),
      )
      .subscribe({ error: nothing })
    return () => [items.trySend(1), items.trySend(2), items.close()]
  },
  'toDuplex(build)': (m, look) => {
    const duplex: Duplex = m.nodeOps.toDuplex((source) => source.pipe(m.rx.map(() => (look(), 1)), m.ops.workerPool(1, async () => (look(), 2))), { objectMode: true }) // prettier-ignore
    duplex.on('error', nothing).resume()
    return () => duplex.end(1)
  },
  'toReadable(source)': (m, look) => {
    const items = m.chan<number>(4)
    const readable: Readable = m.nodeOps.toReadable(m.ops.fromReceiver(items).pipe(m.rx.map((item) => (look(), item))), {
      objectMode: true,
    })
    readable.on('error', nothing).resume()
    return () => [items.trySend(1), items.close()]
  },
  'walk({ skip })': (m, look) => {
    const gate = m.chan(1)
    m.ops
      .fromOp(() => gate.receive())
      .pipe(
        m.rx.take(1),
        m.rx.mergeMap(() => m.nodeOps.walk('.', { maxDepth: 1, skip: () => (look(), true) })),
        m.rx.map(look),
      )
      .subscribe({ error: nothing })
    return () => gate.trySend(1)
  },
  'walk({ onError })': (m, look) => {
    const gate = m.chan(1)
    m.ops
      .fromOp(() => gate.receive())
      .pipe(
        m.rx.take(1),
        m.rx.mergeMap(() => m.nodeOps.walk('/none/at/all', { onError: look })),
      )
      .subscribe({ error: nothing })
    return () => gate.trySend(1)
  },
  'writeTo(writable)': (m, look) => {
    const items = m.chan<number>(4)
    const sink = m.nodeOps.writeTo<number>(looking(new Sink(), ['write', 'end'], look))
    m.ops.fromReceiver(items).pipe(sink).subscribe({ error: nothing, complete: look })
    return () => [items.trySend(1), items.trySend(2), items.close()]
  },
}

/** A target whose listener is removed by the package. */
const target = (look: () => void): EventTarget => looking(new EventTarget(), ['removeEventListener'], look)
const buffer = { capacity: 1, policy: 'drop-newest' } as const

class Socket extends EventTarget implements WebSocketLike {
  binaryType = 'blob'
  readonly bufferedAmount = 0
  send(): void {}
  close(): void {
    setImmediate(() => this.dispatchEvent(Object.assign(new Event('close'), { code: 1000, reason: '' })))
  }
}

export const web: Rows = {
  'eventsOf(target)': (m, look) => {
    const ctx = m.withCancel(m.background)
    const receiver = m.web.eventsOf(target(look), 'change', buffer)
    m.afterFunc(ctx, () => receiver.cancel())
    return () => ctx.cancel()
  },
  'eventsOf(target): then': (m, look) => {
    const events = new EventTarget()
    m.web.eventsOf(events, 'change', buffer).receive().then(look, nothing)
    return () => events.dispatchEvent(new Event('change'))
  },
  'eventSource({ reconnect })': (m, look) => {
    let refuse = nothing
    const fetch = () => new Promise<never>((_, reject) => (refuse = () => reject(new TypeError('fetch failed'))))
    m.web.eventSource('http://localhost', { fetch, reconnect: () => (look(), null) }).receive().then(nothing, look) // prettier-ignore
    return () => refuse()
  },
  'fetchOp({ fetch })': (m, look) => {
    const gate = m.chan(1)
    m.go(function* () {
      yield* gate.receive()
      yield* m.web.fetchOp('http://localhost', { fetch: () => (look(), Promise.resolve(new Response('body'))) }) // prettier-ignore
      look()
    })
    return () => gate.trySend(1)
  },
  'fetchOp({ fetch }): aborted, as a case that loses': (m, look) => {
    const fetch = (_: unknown, { signal }: { signal: AbortSignal }) => {
      signal.addEventListener('abort', look)
      return new Promise<Response>(nothing)
    }
    const items = m.chan<number>(1)
    m.select({ page: m.web.fetchOp('http://localhost', { fetch: fetch as never }), item: items.receive() }).then(look, nothing) // it is called with a signal
    return () => items.trySend(1)
  },
  'messagesOf(port)': (m, look) => {
    const ctx = m.withCancel(m.background)
    const receiver = m.web.messagesOf(target(look), buffer)
    m.afterFunc(ctx, () => receiver.cancel())
    return () => ctx.cancel()
  },
  'nextEvent(target)': (m, look) => {
    const events = new EventTarget()
    const gate = m.chan(1)
    m.go(function* () {
      yield* gate.receive()
      yield* m.web
        .nextEvent(looking(events, ['addEventListener', 'removeEventListener'], look), 'change')
        .timeout(1)
        .attempt()
    })
    return () => gate.trySend(1)
  },
  'nextEvent(target): as a case that loses': (m, look) => {
    const items = m.chan<number>(1)
    m.select({ change: m.web.nextEvent(target(look), 'change'), item: items.receive() }).then(look, nothing)
    return () => items.trySend(1)
  },
  'valuesOf(observable)': (m, look) => {
    const values = new m.rx.Subject<number>()
    m.web.valuesOf(values, buffer).receive().then(look, nothing)
    return () => values.next(1)
  },
  'webSocket({ create })': (m, look) => {
    const gate = m.chan(1)
    const socket = looking(new Socket(), ['send', 'close', 'addEventListener'], look)
    m.go(function* () {
      yield* gate.receive()
      const peer = m.web.webSocket('ws://localhost', { ...buffer, create: () => (look(), socket) })
      yield* m.sleep(1)
      socket.dispatchEvent(new Event('open'))
      yield* peer.outgoing.send('1')
      peer.close()
    })
    return () => gate.trySend(1)
  },
  'webSocket({ reconnect })': (m, look) => {
    const socket = new Socket()
    const peer = m.web.webSocket('ws://localhost', { ...buffer, create: () => socket, reconnect: () => (look(), null) })
    peer.messages.receive().then(look, look)
    return () => socket.dispatchEvent(Object.assign(new Event('close'), { code: 1006, reason: '' }))
  },
}

export const webOperators: Rows = {
  'fromEventTarget(target)': (m, look) => {
    const events = target(look)
    m.webOps.fromEventTarget(events, 'change', buffer).pipe(m.rx.take(1), m.rx.map(look)).subscribe({ error: nothing })
    return () => events.dispatchEvent(new Event('change'))
  },
  'fromObservable(observable)': (m, look) => {
    const values = new m.rx.Subject<number>()
    m.webOps.fromObservable(values, buffer).pipe(m.rx.take(1), m.rx.map(look)).subscribe({ error: nothing })
    return () => values.next(1)
  },
  'fromReadableStream(stream)': (m, look) => {
    const gate = m.chan<number>(4)
    const stream = new ReadableStream({ pull: async (controller) => controller.enqueue(await gate.receive()) }, { highWaterMark: 0 })
    m.webOps.fromReadableStream<unknown>(stream).pipe(m.rx.take(1), m.rx.map(look)).subscribe({ error: nothing }) // prettier-ignore
    return () => gate.trySend(1)
  },
  'throughStream(pair)': (m, look) => {
    const items = m.chan<number>(4)
    const pair = new TransformStream<number, number>()
    m.ops.fromReceiver(items).pipe(m.webOps.throughStream(pair), m.rx.map(look)).subscribe({ error: nothing })
    return () => [items.trySend(1), items.close()]
  },
  'toReadableStream(source)': (m, look) => {
    const items = m.chan<number>(4)
    const reader = m.webOps.toReadableStream(m.ops.fromReceiver(items).pipe(m.rx.map((item) => (look(), item)))).getReader()
    reader.read().then(nothing, nothing)
    return () => items.trySend(1)
  },
  'toTransformStream(build)': (m, look) => {
    const { readable, writable } = m.webOps.toTransformStream<number, number>((source) =>
      source.pipe(m.ops.workerPool(1, async (item) => (look(), item))),
    )
    readable.getReader().read().then(nothing, nothing)
    const writer = writable.getWriter()
    return () => writer.write(1)
  },
  'writeToStream(stream)': (m, look) => {
    const items = m.chan<number>(4)
    const writable = new WritableStream<number>({})
    m.ops.fromReceiver(items).pipe(m.webOps.writeToStream(writable)).subscribe({ error: nothing, complete: look })
    return () => [items.trySend(1), items.close()]
  },
}

const right = (value: number) => ({ _tag: 'Right', right: value }) as const
const left = (value: number) => ({ _tag: 'Left', left: value }) as const
type Results = Rx.OperatorFunction<ReturnType<typeof right> | ReturnType<typeof left>, unknown>

/** A stage over results that B sends. */
const through =
  (make: (m: Modules, look: () => void) => Results): Ask =>
  (m, look) => {
    const items = m.chan<ReturnType<typeof right> | ReturnType<typeof left>>(4)
    m.ops.fromReceiver(items).pipe(make(m, look), m.rx.map(look)).subscribe({ error: nothing })
    return () => [items.trySend(right(1)), items.trySend(left(2)), items.close()]
  }

const again = (look: () => void) => {
  let failures = 0
  const failing = () => {
    if (failures++ === 0) throw new Error('again')
    return async () => right(1)
  }
  return { failing, options: { onFailure: 'restart', schedule: () => (look(), 0) } } as const
}

export const fpTs: Rows = {
  'chainPoolRTE(work)': through((m, look) => m.fp.chainPoolRTE(1, () => () => async () => (look(), right(1)))),
  'chainPoolRTE({ schedule })': through((m, look) => m.fp.chainPoolRTE(1, () => again(look).failing, again(look).options)),
  'chainPoolTE(work)': through((m, look) => m.fp.chainPoolTE(1, () => async () => (look(), right(1)))),
  'chainPoolTE({ schedule })': through((m, look) => m.fp.chainPoolTE(1, again(look).failing, again(look).options)),
  'mapE(f)': through((m, look) => m.fp.mapE(look)),
  'mapLeftE(f)': through((m, look) => m.fp.mapLeftE(look)),
  'partitionE(lefts)': through((m, look) => m.fp.partitionE(m.rx.map(look), m.rx.identity)),
  'partitionE(rights)': through((m, look) => m.fp.partitionE(m.rx.identity, m.rx.map(look))),
  'workerPoolRTE(work)': through((m, look) => m.fp.workerPoolRTE(1, () => () => async () => (look(), right(1)))),
  'workerPoolRTE({ schedule })': through((m, look) => m.fp.workerPoolRTE(1, () => again(look).failing, again(look).options)),
  'workerPoolTE(work)': through((m, look) => m.fp.workerPoolTE(1, () => async () => (look(), right(1)))),
  'workerPoolTE({ schedule })': through((m, look) => m.fp.workerPoolTE(1, again(look).failing, again(look).options)),
}

/** The threads of these rows are here: the functions themselves run in a thread, which has no store of a request. */
export const threads: Rows = {
  'onThreads(functions): then': (m, look) => {
    const here = m.threads.inline()
    const gate = m.chan<number>(1)
    const { waits } = m.threads.onThreads({ url: 'file:///stores.js' }, { waits: () => gate.receive().map(() => 1) })
    waits().then(() => (look(), here[Symbol.dispose]()), nothing)
    return () => gate.trySend(1)
  },
  'ThreadPool.ready(functions)': (m, look) => {
    const { none } = m.threads.onThreads({ url: 'file:///stores.js' }, { none: () => 1 })
    const gate = m.chan<number>(1)
    m.go(function* () {
      yield* gate.receive()
      const here = m.threads.inline()
      yield* m.threads.threadPool({ size: 1 }).ready(none)
      look()
      here[Symbol.dispose]()
    })
    return () => gate.trySend(1)
  },
  'onThreads(functions): map': (m, look) => {
    const here = m.threads.inline()
    const gate = m.chan<number>(1)
    const { holds } = m.threads.onThreads({ url: 'file:///stores.js' }, { holds: () => gate.receive().map(() => 1) })
    m.go(function* () {
      yield* holds().map(look)
      look()
      here[Symbol.dispose]()
    })
    return () => gate.trySend(1)
  },
}
