/** A WebSocket to a real server on loopback. Node 20 has no WebSocket, so the client is that of `ws`. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { background, CanceledError, go, range, sleep, withCancel, type Failed } from 'millrace'
import { OverflowError, webSocket, WebSocketCloseError, type WebSocketLike, type WebSocketOptions, type WebSocketPeer } from 'millrace/web'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { standing } from './standing.js'

const create = (url: string) => new WebSocket(url) as unknown as WebSocketLike // it has the parts
const connect = (url: string, options: Partial<WebSocketOptions> = {}) =>
  webSocket(url, { capacity: 100, policy: 'error', create, ...options })

async function serving(serve: (socket: WebSocket, count: number) => void) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  let count = 0
  server.on('connection', (socket) => serve(socket, ++count))
  await once(server, 'listening')
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    server,
    [Symbol.dispose]() {
      for (const client of server.clients) client.terminate()
      server.close()
    },
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let left = 6000; !isTrue(); left--) {
    if (left === 0) throw new Error('it has not come true in a minute')
    await sleep(10)
  }
}

async function allOf(peer: WebSocketPeer): Promise<unknown[]> {
  const got: unknown[] = []
  for await (const message of peer.messages) got.push(message)
  return got
}

describe('webSocket', () => {
  it('sends and receives strings and bytes, once and in order, and ends with a normal close', async () => {
    using host = await serving((socket) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
      socket.on('close', (code) => codes.push(code))
    })
    const codes: number[] = []
    const peer = connect(host.url)
    const receiving = allOf(peer)
    for (let i = 0; i < 50; i++) await peer.outgoing.send(String(i))
    await peer.outgoing.send(new Uint8Array([1, 2]))
    await until(() => peer.messages.size === 0 && codes.length === 0)
    await sleep(100)
    peer.outgoing.close()
    const got = await receiving
    expect(got.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, i) => String(i)))
    expect(new Uint8Array(got[50] as ArrayBuffer)).toEqual(new Uint8Array([1, 2]))
    await until(() => codes.length === 1)
    expect(codes).toEqual([1000])
    await expect(peer.outgoing.send('late')).rejects.toThrow('send on closed channel')
  })

  it('opened waits for the connection, and sends before it wait', async () => {
    using host = await serving((socket) => socket.on('message', (data) => socket.send(String(data))))
    await using peer = connect(host.url)
    const sending = go(() => peer.outgoing.send('early'))
    await peer.opened()
    await sending.join()
    expect(await peer.messages.receive()).toEqual({ _tag: 'Some', value: 'early' })
  })

  it('a send waits while the server does not read', async () => {
    using host = await serving((socket) => socket.pause())
    using peer = connect(host.url)
    let sent = 0
    const sending = go(function* () {
      for (;;) {
        yield* peer.outgoing.send(new Uint8Array(2 ** 20))
        sent++
      }
    })
    await peer.opened()
    const before = await standing(() => sent)
    expect(before).toBeLessThan(40) // the buffers of the sockets
    for (const socket of host.server.clients) socket.resume()
    await until(() => sent > before + 5)
    sending.cancel()
  })

  it('a full buffer fails with OverflowError and closes the socket', async () => {
    using host = await serving((socket) => {
      for (let i = 0; i < 200; i++) socket.send(String(i))
    })
    const peer = connect(host.url, { capacity: 10 })
    await until(() => host.server.clients.size === 0 && peer.messages.size === 10)
    const got: unknown[] = []
    await expect((async () => {
      for await (const message of peer.messages) got.push(message)
    })()).rejects.toBeInstanceOf(OverflowError) // prettier-ignore
    expect(got).toEqual(Array.from({ length: 10 }, (_, i) => String(i)))
  })

  it('`pause` stops the server and loses nothing', async () => {
    let sent = 0
    using host = await serving((socket) => {
      const more = () => {
        if (sent === 100) return socket.close(1000)
        socket.send(new Uint8Array(2 ** 20).fill(sent++), () => more())
      }
      more()
    })
    const peer = connect(host.url, { policy: 'pause', capacity: 2 })
    await sleep(500)
    const ahead = sent
    expect(ahead).toBeLessThan(60)
    const got = await allOf(peer)
    expect(got.map((data) => new Uint8Array(data as ArrayBuffer)[0])).toEqual(Array.from({ length: 100 }, (_, i) => i))
  })

  it('a close code is an error with its name and reason, and the error of the socket as its cause', async () => {
    using host = await serving((socket) => socket.close(1011, 'no database'))
    const peer = connect(host.url)
    const error: unknown = await allOf(peer).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(WebSocketCloseError)
    expect(error).toMatchObject({ code: 1011, reason: 'no database', meaning: 'internal error' })
    expect((error as Error).message).toContain('closed with 1011 (internal error): no database')
    const refused: unknown = await allOf(connect('ws://127.0.0.1:1/')).catch((cause: unknown) => cause)
    expect(refused).toMatchObject({ code: 1006, meaning: 'abnormal closure' })
    expect((refused as Error).cause).toMatchObject({ code: 'ECONNREFUSED' })
    await expect(connect('ws://127.0.0.1:1/').opened()).rejects.toBeInstanceOf(WebSocketCloseError)
  })

  it('connects again by the schedule, whose attempts count from the last connection that was open', async () => {
    using host = await serving((socket, count) => {
      socket.send(`hello ${count}`)
      setTimeout(() => (count < 3 ? socket.terminate() : socket.close(1000)), 20)
    })
    const failures: Failed[] = []
    const peer = connect(host.url, { reconnect: (failed) => (failures.push(failed), 1) })
    expect(await allOf(peer)).toEqual(['hello 1', 'hello 2', 'hello 3'])
    expect(failures.map(({ attempts }) => attempts)).toEqual([1, 1])
    expect(failures[0].cause).toMatchObject({ code: 1006 })
  })

  it('gives up when the schedule does, with the last error', async () => {
    const counts: number[] = []
    const reconnect = ({ attempts }: Failed) => (counts.push(attempts), attempts < 3 ? 1 : null)
    await expect(allOf(connect('ws://127.0.0.1:1/', { reconnect }))).rejects.toMatchObject({ code: 1006 })
    expect(counts).toEqual([1, 2, 3])
  })

  it('the end of its context closes the socket, both channels with the cause', async () => {
    using host = await serving(() => {})
    const ctx = withCancel(background)
    const peer = connect(host.url, { ctx })
    await peer.opened()
    const cause = new Error('shutdown')
    ctx.cancel(cause)
    await expect(peer.messages.receive()).rejects.toBe(cause)
    await expect(peer.outgoing.send('x')).rejects.toMatchObject({ message: 'send on closed channel', cause })
    await until(() => host.server.clients.size === 0)
  })

  it('`await using` closes with 1000, waits for the close, and messages end', async () => {
    const codes: number[] = []
    using host = await serving((socket) => socket.on('close', (code) => codes.push(code)))
    let messages: WebSocketPeer['messages']
    {
      await using peer = connect(host.url)
      await peer.opened()
      messages = peer.messages
    }
    expect(await messages.receive()).toEqual({ _tag: 'None' })
    await until(() => codes.length === 1)
    expect(codes).toEqual([1000])
  })

  it('close before the connection is open leaves nothing behind', async () => {
    using host = await serving(() => {})
    const peer = connect(host.url)
    peer.close()
    await expect(peer.opened()).rejects.toBeInstanceOf(CanceledError)
    expect(await peer.messages.receive()).toEqual({ _tag: 'None' })
    await until(() => host.server.clients.size === 0)
  })

  it('a goroutine ranges over the messages', async () => {
    using host = await serving((socket) => {
      socket.send('a')
      socket.send('b')
      socket.close(1000)
    })
    const peer = connect(host.url)
    const got: unknown[] = []
    await go(function* () {
      for (const it = range(peer.messages); yield* it.next();) got.push(it.value)
    }).join()
    expect(got).toEqual(['a', 'b'])
  })

  it('refuses wrong options', () => {
    expect(() => webSocket(7 as never, { capacity: 1, policy: 'error' })).toThrow('webSocket(url)')
    expect(() => webSocket('ws://a', { capacity: 1, policy: 'lose' as never })).toThrow(TypeError)
    expect(() => webSocket('ws://a', { capacity: 0, policy: 'pause' })).toThrow(RangeError)
    expect(() => webSocket('ws://a', { capacity: 1, policy: 'error', create: 1 as never })).toThrow('webSocket(url, { create })')
  })
})
