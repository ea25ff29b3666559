/** Requests, WebSockets and server-sent events with the `fetch`, `WebSocket` and `EventSource` of the engine, in a page too, over real sockets. */
import { background, chan, go, select, sleep, withCancel } from 'millrace'
import { collect, fromOp } from 'millrace/operators'
import { eventSource, eventsOf, fetchOp, OverflowError, receiverOf, StatusError, webSocket, WebSocketCloseError } from 'millrace/web'
import { fromBody } from 'millrace/web/operators'
import { concatMap, take } from 'rxjs'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { checkAll } from '../support/adapter-row.js'
import { socketAdapters } from './socket-adapters.js'
import type { Seen } from './socket-server.js'
import { standing } from './standing.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** The server that the runner starts for pages. */
    socketServer: string
  }
}

const isPage = typeof document !== 'undefined'
const started = isPage ? null : await (await import('./socket-server.js')).startServer()
const host = started?.url ?? inject('socketServer')
afterAll(() => started?.stop())

let ids = 0
/** A client of the server, with an id of its own. */
function client() {
  const id = `${Date.now()}-${ids++}`
  const at = (scheme: string) => (path: string) => `${scheme}://${host}${path}${path.includes('?') ? '&' : '?'}id=${id}`
  const http = at('http')
  const seen = async () => (await (await fetch(http('/seen'))).json()) as Seen
  return { http, ws: at('ws'), seen, until: (isTrue: (seen: Seen) => boolean) => until(async () => isTrue(await seen())) }
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (let left = 6000; !(await isTrue()); left--) {
    if (left === 0) throw new Error('it has not come true')
    await sleep(10)
  }
}

describe('fetchOp', () => {
  it('the server sees that a loser of a select has left', async () => {
    const { http, until } = client()
    const other = chan<number>()
    void go(function* () {
      yield* sleep(50)
      yield* other.send(1)
    })
    const chosen = await select({ response: fetchOp(http('/never')), other: other.receive() })
    expect(chosen.case).toBe('other')
    await until(({ open }) => open === 0)
  })

  it('the end of its context ends a body that is being read, with the cause', async () => {
    const { http, until } = client()
    const ctx = withCancel(background)
    const response = await fetchOp(http('/flood'), { ctx })
    const chunks = receiverOf(response.body as ReadableStream<Uint8Array>)
    await chunks.receive()
    const cause = new Error('over')
    ctx.cancel(cause)
    await expect((async () => { for await (const _ of chunks); })()).rejects.toBe(cause) // prettier-ignore
    await until(({ open }) => open === 0)
  })

  it('a body is paced by its reader, and a reader that leaves closes the connection', async () => {
    const { http, seen, until } = client()
    const response = await fetchOp(http('/flood'))
    const chunks = receiverOf(response.body as ReadableStream<Uint8Array>)
    await chunks.receive()
    await sleep(300)
    expect((await seen()).written).toBeLessThan(2 ** 26) // the buffers of the sockets and of the engine
    chunks.cancel()
    await until(({ open }) => open === 0)
  })

  it('a pipeline reads whole bodies, and part of one', async () => {
    const { http } = client()
    const body = fromOp(() => fetchOp(http(`/bytes?n=${2 ** 23}`))).pipe(concatMap(fromBody))
    const chunks = await collect(background, body).join()
    expect(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)).toBe(2 ** 23)
    expect(await collect(background, body.pipe(take(1))).join()).toHaveLength(1)
  })

  it('`using` frees the connection of a body that is not read', async () => {
    const { http, until } = client()
    await go(function* () {
      using response = yield* fetchOp(http('/flood'))
      return response.status
    }).join()
    await until(({ open }) => open === 0)
  })

  it('a status is an error that schedules understand, and a reset is the error of fetch', async () => {
    const { http } = client()
    const busy: unknown = await fetchOp(http('/busy'), { throwStatus: true }).then(
      () => null,
      (error: unknown) => error,
    )
    expect(busy).toBeInstanceOf(StatusError)
    expect([(busy as StatusError).status, (busy as StatusError).headers.get('retry-after')]).toEqual([503, '7'])
    const body = fromOp(() => fetchOp(http('/reset'))).pipe(concatMap(fromBody))
    await expect(collect(background, body).join()).rejects.toBeInstanceOf(Error)
    expect(await (await fetchOp(http('/echo'), { method: 'POST', body: 'said' })).text()).toBe('said')
  })
})

const ofPackage = isPage || 'WebSocket' in globalThis ? undefined : (await import('ws')).WebSocket // Node 20 has none
const connect = (url: string, options = {}) =>
  webSocket(url, {
    capacity: 1000,
    policy: 'error',
    ...(ofPackage && { create: (at: string) => new ofPackage(at) }), // it has the parts
    ...options,
  })

async function allOf(peer: { readonly messages: AsyncIterable<unknown> }): Promise<unknown[]> {
  const got: unknown[] = []
  for await (const message of peer.messages) got.push(message)
  return got
}

checkAll(socketAdapters(`ws://${host}/echo`, ofPackage && ((at) => new ofPackage(at)))) // it has the parts

describe('webSocket', () => {
  it('sends and receives strings and bytes, in order, and closes with 1000', async () => {
    const { ws, until } = client()
    const peer = connect(ws('/echo'))
    for (let i = 0; i < 50; i++) await peer.outgoing.send(String(i))
    await peer.outgoing.send(new Uint8Array([1, 2]))
    for (let i = 0; i < 50; i++) expect(await peer.messages.receive()).toEqual({ _tag: 'Some', value: String(i) })
    const bytes = await peer.messages.receive()
    expect(bytes._tag === 'Some' && new Uint8Array(bytes.value as ArrayBuffer)).toEqual(new Uint8Array([1, 2]))
    peer.outgoing.close()
    expect(await allOf(peer)).toEqual([])
    await until(({ codes }) => codes[0] === 1000)
  })

  it('ends with the close of the server, and fails with its code', async () => {
    const { ws } = client()
    expect(await allOf(connect(ws('/two')))).toEqual(['a', 'b'])
    const error: unknown = await allOf(connect(ws('/fails'))).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(WebSocketCloseError)
    expect(error).toMatchObject({ code: 1011, reason: 'no database' })
    await expect(allOf(connect('ws://127.0.0.1:1/'))).rejects.toMatchObject({ code: 1006 })
  })

  it('connects again by the schedule', async () => {
    const { ws } = client()
    expect(await allOf(connect(ws('/drops'), { reconnect: () => 1 }))).toEqual(['hello 1', 'hello 2', 'hello 3'])
  })

  it('a send waits while the server does not read', async () => {
    const { http, ws } = client()
    using peer = connect(ws('/deaf'))
    await peer.opened()
    let sent = 0
    const sending = go(function* () {
      for (;;) {
        yield* peer.outgoing.send(new Uint8Array(2 ** 20))
        sent++
      }
    })
    const before = await standing(() => sent)
    expect(before).toBeLessThan(40) // the buffers of the sockets
    await fetch(http('/hear'))
    await until(() => Promise.resolve(sent > before + 5))
    sending.cancel()
  })

  it('a full buffer fails with OverflowError and closes the socket', async () => {
    const { ws, until } = client()
    const peer = connect(ws('/many'), { capacity: 10 })
    await until(({ open, count }) => open === 0 && count === 1)
    const got: unknown[] = []
    await expect((async () => { for await (const message of peer.messages) got.push(message); })()).rejects.toBeInstanceOf(OverflowError) // prettier-ignore
    expect(got).toEqual(Array.from({ length: 10 }, (_, i) => String(i)))
  })

  it('the end of its context, and `await using`, close the socket', async () => {
    const { ws, until } = client()
    const ctx = withCancel(background)
    const peer = connect(ws('/silent'), { ctx })
    await peer.opened()
    const cause = new Error('shutdown')
    ctx.cancel(cause)
    await expect(peer.messages.receive()).rejects.toBe(cause)
    {
      await using other = connect(ws('/silent'))
      await other.opened()
    }
    await until(({ open, count }) => open === 0 && count === 2)
  })

  it('a close code that the engine does not send, as a page does not send 1001, closes all the same', async () => {
    const { ws, until } = client()
    const peer = connect(ws('/silent'))
    await peer.opened()
    peer.close(1001, 'going away')
    expect(await peer.messages.receive()).toEqual({ _tag: 'None' })
    await until(({ open, codes }) => open === 0 && codes.length === 1)
    expect(() => peer.close(1000, 'ä'.repeat(62))).toThrow(RangeError)
  })
})

describe.skipIf(typeof EventSource === 'undefined')('eventsOf', () => {
  it('receives server-sent events, in order', async () => {
    const { http, until } = client()
    const source = new EventSource(http('/events'))
    using messages = eventsOf<MessageEvent<string>>(source, 'message', { capacity: 10, policy: 'error' })
    for (const data of ['a', 'b', 'c']) expect(await messages.receive()).toMatchObject({ _tag: 'Some', value: { data } })
    source.close()
    await until(({ open }) => open === 0)
  })
})

it('eventSource reads the events of a server, and cancel closes the connection', async () => {
  const { http, until } = client()
  const events = eventSource(http('/events'))
  for (const data of ['a', 'b', 'c']) expect(await events.receive()).toMatchObject({ value: { type: 'message', data } })
  await until(({ open }) => open === 1)
  events.cancel()
  await until(({ open }) => open === 0)
})
