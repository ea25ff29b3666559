import { Agent, createServer, get, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import express from 'express'
import fastify from 'fastify'
import { background, chan, go, sleep, withCancel, type CancelContext } from 'millrace'
import { serveUntil } from 'millrace/node'
import { WebSocket, WebSocketServer } from 'ws'
import { describe, expect, it } from 'vitest'
import { socketsOn } from './open-streams.js'

async function listening(server: Server): Promise<number> {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

interface Reply {
  readonly text: string
  readonly connection: string | undefined
}

function ask(port: number, agent: Agent): Promise<Reply> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += String(chunk))).on('end', () => resolve({ text, connection: response.headers.connection }))
    }).on('error', reject)
  })
}

/** The contexts of `main`, and the time that the service took to close. */
function contexts(): { ctx: CancelContext; intake: CancelContext } {
  const ctx = withCancel(background)
  return { ctx, intake: withCancel(ctx) }
}

/** Servers whose response is late. */
const servers: Record<string, (late: () => Promise<string>) => Promise<Server>> = {
  'node:http': async (late) => createServer((_request, response) => void late().then((text) => response.end(text))),
  express: async (late) => createServer(express().get('/', async (_request, response) => void response.send(await late()))),
  fastify: async (late) => {
    const app = fastify({ keepAliveTimeout: 60_000 })
    app.get('/', async () => late())
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
}

describe.each(Object.entries(servers))('%s', (_name, make) => {
  it('finishes the requests under way, closes kept connections, and frees all descriptors', async () => {
    const began = chan<void>(10)
    const goOn = chan<void>(10)
    const server = await make(async () => {
      began.trySend()
      await goOn.receive()
      return 'done'
    })
    server.keepAliveTimeout = 60_000
    const port = await listening(server)
    const { ctx, intake } = contexts()
    const serving = go(serveUntil(server, { intake, ctx }))
    const agent = new Agent({ keepAlive: true, maxSockets: 3 })
    goOn.trySend()
    expect((await ask(port, agent)).connection).not.toBe('close') // this connection is idle now
    await began.receive()
    const underWay = [ask(port, agent), ask(port, agent)]
    for (const _ of underWay) await began.receive()
    intake.cancel()
    await sleep(5)
    for (const _ of underWay) goOn.trySend()
    for (const reply of await Promise.all(underWay)) expect(reply).toEqual({ text: 'done', connection: 'close' })
    await serving.join()
    expect(server.listening).toBe(false)
    await expect(ask(port, agent)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    agent.destroy()
    await expect.poll(() => socketsOn(port)).toBe(0)
  })
})

it('the end of the drain destroys what is left, upgraded sockets too, and leaves no listener', async () => {
  const server = createServer(() => {}) // never responds
  const sockets = new WebSocketServer({ server })
  const before = server.eventNames().map((event) => server.listenerCount(event))
  const port = await listening(server)
  const { ctx, intake } = contexts()
  const serving = go(serveUntil(server, { intake, ctx }))
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  await new Promise((resolve) => socket.once('open', resolve))
  const ended = new Promise((resolve) => socket.once('close', resolve))
  const asked = new Promise((resolve) => server.once('request', resolve))
  const silent = ask(port, new Agent()).catch((error: { code: string }) => error.code)
  await asked
  intake.cancel()
  await sleep(10)
  expect(socket.readyState).toBe(WebSocket.OPEN)
  ctx.cancel()
  await serving.join()
  await ended
  expect(await silent).toBe('ECONNRESET')
  expect(server.eventNames().map((event) => server.listenerCount(event))).toEqual(before)
  sockets.close()
})

it('a port that is in use is the error of the routine', async () => {
  const first = createServer()
  const port = await listening(first)
  const second = createServer()
  const serving = go(serveUntil(second, contexts()))
  await sleep(1)
  second.listen(port, '127.0.0.1')
  await expect(serving.join()).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await new Promise((resolve) => first.close(resolve))
})

it('a server that never listened, or is closed by other code, ends the routine', async () => {
  const { ctx, intake } = contexts()
  const serving = go(serveUntil(createServer(), { intake, ctx }))
  await sleep(1)
  intake.cancel()
  await serving.join()
  const other = createServer()
  await listening(other)
  const closing = go(serveUntil(other, contexts()))
  await sleep(1)
  other.close()
  await closing.join()
})

it('a server that is closed already ends the routine with the intake', async () => {
  const server = createServer()
  await listening(server)
  await new Promise((resolve) => server.close(resolve))
  const { ctx, intake } = contexts()
  const serving = go(serveUntil(server, { intake, ctx }))
  await sleep(1)
  intake.cancel()
  await serving.join()
})

it('a canceled routine destroys the connections and closes the server first', async () => {
  const server = createServer(() => {})
  const port = await listening(server)
  const serving = go(serveUntil(server, contexts()))
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve))
  await sleep(5)
  serving.cancel()
  await serving.join().attempt()
  expect(server.listening).toBe(false)
})

it('throws TypeError for arguments of the wrong type', () => {
  expect(() => serveUntil({} as never, contexts())).toThrow(TypeError)
  expect(() => serveUntil(createServer(), null as never)).toThrow(TypeError)
  expect(() => serveUntil(createServer(), { ctx: background } as never)).toThrow(TypeError)
})

// Bun's sockets do not count their bytes, so there such a connection stays until the end of the drain.
it.skipIf('Bun' in globalThis)('closes connections on which nothing was asked: a browser or an agent opens them ahead', async () => {
  const server = createServer((_request, response) => void response.end('hello'))
  const port = await listening(server)
  const { ctx, intake } = contexts()
  const serving = go(() => serveUntil(server, { intake, ctx })).join()
  await expect.poll(() => server.listenerCount('connection')).toBe(2) // the routine has begun
  const accepted = new Promise((resolve) => server.once('connection', resolve))
  const ahead = connect(port, '127.0.0.1').resume()
  const closed = new Promise((resolve) => ahead.once('close', resolve))
  await accepted
  intake.cancel()
  await serving
  await closed
})
