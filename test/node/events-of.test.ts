import { EventEmitter } from 'node:events'
import { after, go, range, select } from 'millrace'
import { eventsOf, EventsLostError, type EventsOptions } from 'millrace/node'
import { fromReceiver, toReceiver } from 'millrace/operators'
import { map } from 'rxjs'
import { describe, expect, it } from 'vitest'

const listeners = (emitter: EventEmitter): number => emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0)

/** All values until the end. */
async function all(emitter: EventEmitter, options?: EventsOptions<unknown>, emit?: () => void): Promise<unknown[]> {
  const got: unknown[] = []
  const events = eventsOf(emitter, 'item', options)
  const loop = go(function* () {
    for (const it = range(events); yield* it.next();) got.push(it.value)
  })
  emit?.()
  await loop.join()
  return got
}

it('receives each event in order until an event of close, and leaves no listener', async () => {
  const emitter = new EventEmitter()
  const got = await all(emitter, { close: ['end', 'close'] }, () => {
    for (let n = 0; n < 100; n++) emitter.emit('item', n)
    emitter.emit('end')
    emitter.emit('item', 'late')
  })
  expect(got).toEqual(Array.from({ length: 100 }, (_, n) => n))
  expect(listeners(emitter)).toBe(0)
})

it('an error event is thrown after the buffer, the same object', async () => {
  const emitter = new EventEmitter()
  const error = new Error('broken')
  const events = eventsOf(emitter, 'item')
  emitter.emit('item', 1)
  emitter.emit('error', error)
  expect(await events.receive()).toEqual({ _tag: 'Some', value: 1 })
  await expect(events.receive()).rejects.toBe(error)
  expect(listeners(emitter)).toBe(0)
})

it('error events can be received themselves', async () => {
  const emitter = new EventEmitter()
  using errors = eventsOf<Error>(emitter, 'error')
  emitter.emit('error', new Error('a'))
  expect(await errors.receive()).toMatchObject({ value: { message: 'a' } })
})

describe('a full buffer', () => {
  const emitMany = (options: EventsOptions<number>) => {
    const emitter = new EventEmitter()
    const events = eventsOf<number>(emitter, 'item', { capacity: 2, close: ['end'], ...options })
    for (let n = 0; n < 5; n++) emitter.emit('item', n)
    emitter.emit('end')
    return events
  }
  const rest = async (events: AsyncIterable<number>) => {
    const got: number[] = []
    for await (const item of events) got.push(item)
    return got
  }
  it('loses the oldest or the newest', async () => {
    expect(await rest(emitMany({ overflow: 'drop-oldest' }))).toEqual([3, 4])
    expect(await rest(emitMany({ overflow: 'drop-newest' }))).toEqual([0, 1])
  })
  it('by default ends the receiver with an error that says what to do', async () => {
    const events = emitMany({})
    expect(await events.receive()).toEqual({ _tag: 'Some', value: 0 })
    expect(await events.receive()).toEqual({ _tag: 'Some', value: 1 })
    await expect(events.receive()).rejects.toThrow(EventsLostError)
  })
})

it('stop and using remove the listeners; a waiting receive results in none', async () => {
  const emitter = new EventEmitter()
  const events = eventsOf(emitter, 'item')
  const waiting = go(() => events.receive())
  await after(1)
  events.stop()
  events.stop()
  expect(await waiting.join()).toEqual({ _tag: 'None' })
  {
    using _other = eventsOf(emitter, 'item')
    expect(listeners(emitter)).toBe(2)
  }
  expect(listeners(emitter)).toBe(0)
})

it('map makes the value of all arguments', async () => {
  const emitter = new EventEmitter()
  using events = eventsOf(emitter, 'item', { map: (a: number, b: number) => a + b })
  emitter.emit('item', 1, 2)
  expect(await events.receive()).toEqual({ _tag: 'Some', value: 3 })
})

it('an error of map ends the receiver after the events before it, and other listeners have the event', async () => {
  const [emitter, cause, seen] = [new EventEmitter(), new Error('map'), [] as number[]]
  const events = eventsOf(emitter, 'item', {
    map: (n: number) => {
      if (n === 2) throw cause
      return n
    },
  })
  emitter.on('item', (n: number) => seen.push(n))
  for (const n of [1, 2, 3]) emitter.emit('item', n)
  expect(await events.receive()).toEqual({ _tag: 'Some', value: 1 })
  await expect(events.receive()).rejects.toBe(cause)
  expect([seen, listeners(emitter)]).toEqual([[1, 2, 3], 1])
})

it('is a source of a pipeline and a case of select', async () => {
  const emitter = new EventEmitter()
  const events = eventsOf<number>(emitter, 'item', { close: ['end'] })
  expect((await select({ event: events.receive(), late: after(1) })).case).toBe('late')
  const doubled = toReceiver(fromReceiver(events).pipe(map((n) => 2 * n)), { capacity: 0 })
  emitter.emit('item', 2)
  emitter.emit('end')
  expect(await doubled.receive()).toEqual({ _tag: 'Some', value: 4 })
})

it('throws for bad arguments', () => {
  const emitter = new EventEmitter()
  for (const wrong of [null, undefined, 1, {}]) expect(() => eventsOf(wrong as never, 'item')).toThrow(TypeError)
  expect(() => eventsOf(emitter, 'item', { capacity: 0 })).toThrow(RangeError)
  expect(() => eventsOf(emitter, 'item', { overflow: 'keep' as never })).toThrow(TypeError)
})
