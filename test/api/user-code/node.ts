/** The places of `millrace/node` and `millrace/node/operators` that call code of users. */
import { EventEmitter } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Readable, Transform, Writable } from 'node:stream'
import { background, withCancel } from 'millrace'
import { eventsOf, receiverOf, senderOf, serveUntil } from 'millrace/node'
import { fromReadable, throughDuplex, toDuplex, toReadable, walk, writeTo } from 'millrace/node/operators'
import { fromIterable } from 'millrace/operators'
import { take, type OperatorFunction } from 'rxjs'
import { junk, type Bad, type Rows } from './kinds.js'
import { ended, endedLate, inTime } from './soon.js'

const through = (operator: OperatorFunction<number, unknown>) => ended(fromIterable([1, 2, 3]).pipe(operator, take(3)))
const here = fileURLToPath(new URL('.', import.meta.url))

/** An emitter with some methods and properties of the user. */
function emitterWith(parts: object, kind: new () => EventEmitter = EventEmitter): never {
  return junk(Object.defineProperties(new kind(), Object.getOwnPropertyDescriptors(parts)))
}

async function events(f: { on?: Bad; off?: Bad }): Promise<unknown> {
  const emitter = emitterWith(f) as EventEmitter
  using receiver = eventsOf(emitter, 'data')
  emitter.emit('data', 1)
  return await inTime(receiver.receive())
}

class Numbers extends Readable {
  #next = 0
  constructor() {
    super({ objectMode: true })
  }
  override _read(): void {
    this.push(this.#next < 3 ? this.#next++ : null)
  }
}

async function received(parts: object): Promise<unknown> {
  await using receiver = receiverOf(emitterWith(parts, Numbers))
  return [await inTime(receiver.receive()), await inTime(receiver.receive())]
}

class Nowhere extends Writable {
  constructor() {
    super({ objectMode: true, highWaterMark: 1, write: (_chunk, _encoding, written: () => void) => written() })
  }
}

async function sent(parts: object): Promise<unknown> {
  const sender = senderOf<number>(emitterWith(parts, Nowhere))
  for (let i = 0; i < 2; i++) await inTime(sender.send(i))
  sender.close()
  return await inTime(sender.finished())
}

/** The close of a server that calls back, whatever else it does. */
const closing = (f: Bad) =>
  function (this: Server, closed: () => void) {
    setImmediate(closed)
    setImmediate(() => this.emit('close'))
    return f()
  }
/** Adds the listener, whatever else it does. */
const listening = (f: Bad) =>
  function (this: EventEmitter, event: string, listener: () => void) {
    this.addListener(event, listener)
    return f()
  }
const destroying = (f: Bad) => (error: Error | null, destroyed: (error: Error | null) => void) => {
  const result: never = f() // Node takes a throw for the end
  setImmediate(destroyed, error)
  return result
}
class Server extends EventEmitter {
  close = closing(() => junk(undefined))
}

function notListening(this: Server, closed: (error: Error) => void): void {
  // One after the other: a timer may be due before an immediate.
  setImmediate(() => {
    closed(new Error('Server is not running'))
    setImmediate(() => this.emit('close'))
  })
}

const served = (parts: object) => {
  const intake = withCancel(background)
  intake.cancel()
  return inTime(serveUntil(emitterWith(parts, Server), { intake, ctx: background }))
}

export const node: Rows = {
  'eventsOf(emitter): on': (f) => events({ on: f }),
  'eventsOf(emitter): off': (f) => events({ off: f }),
  'eventsOf({ map })': async (f) => {
    const emitter = new EventEmitter()
    using receiver = eventsOf(emitter, 'data', { map: f })
    emitter.emit('data', 1)
    const received = await inTime(receiver.receive())
    return [received]
  },
  'receiverOf(readable): _destroy': (f) => received({ _destroy: destroying(f) }),
  'receiverOf(readable): _read': (f) => received({ _read: f }),
  'senderOf(writable): write': (f) => sent({ write: f }),
  'senderOf(writable): end': (f) => sent({ end: f }),
  'serveUntil(server): on': (f) => served({ on: listening(f) }),
  'serveUntil(server): off': (f) => served({ off: f }),
  'serveUntil(server): close': (f) => served({ close: closing(f) }),
  'serveUntil(server): closeIdleConnections': (f) => served({ closeIdleConnections: f }),
  'serveUntil(server): closeAllConnections': (f) => served({ closeAllConnections: f }),
  'serveUntil(server): getConnections': (f) => served({ close: notListening, getConnections: f }),
}

const lists: Record<string, (f: Bad) => object> = {
  iterator: (f) => ({ [Symbol.iterator]: f }),
  next: (f) => ({ [Symbol.iterator]: () => ({ next: f }) }),
  'async iterator': (f) => ({ [Symbol.asyncIterator]: f }),
  'next of an async iterator': (f) => ({ [Symbol.asyncIterator]: () => ({ next: f }) }),
}

export const nodeOperators: Rows = {
  'fromReadable(readable)': (f) => ended(fromReadable(f).pipe(take(3))),
  'fromReadable(readable): read': (f) => ended(fromReadable(() => new Readable({ objectMode: true, read: f })).pipe(take(3))),
  'throughDuplex(make)': (f) => through(throughDuplex(f)),
  'throughDuplex(make): transform': (f) => through(throughDuplex(() => new Transform({ objectMode: true, transform: f }))),
  'toDuplex(build)': (f) =>
    Readable.from([1, 2])
      .pipe(toDuplex(f, { objectMode: true }))
      .take(2)
      .toArray(),
  ...Object.fromEntries(
    Object.entries(lists).map(([name, list]) => [
      `toReadable(source): ${name}`,
      (f: Bad) =>
        toReadable(junk(list(f)), { objectMode: true })
          .take(2)
          .toArray(),
    ]),
  ),
  'walk({ onError })': (f) => endedLate(walk('/none/at/all', { onError: f }).pipe(take(3))),
  'walk({ skip })': (f) => endedLate(walk(here, { skip: f }).pipe(take(3))),
  'writeTo(writable)': (f) => through(writeTo(f)),
  'writeTo(writable): write': (f) => through(writeTo(() => new Writable({ objectMode: true, write: f }))),
}
