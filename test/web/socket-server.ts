/**
 * A server of HTTP and WebSockets on loopback for clients of any engine: a test starts it, and for a page the runner does, outside the page.
 * What the server sees of a client is under the client's own id: `/seen?id=…`.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'

/** What the server sees of a client. */
export interface Seen {
  /** Responses and sockets that are open. */
  open: number
  /** Connections so far. */
  count: number
  /** Bytes handed to the socket. */
  written: number
  /** The codes of the closes. */
  readonly codes: number[]
  /** Ends the pause of a socket that does not read. */
  hear?: () => void
}

const allSeen = new Map<string, Seen>()

function seenOf(url: URL): Seen {
  const id = url.searchParams.get('id') ?? ''
  const seen = allSeen.get(id) ?? { open: 0, count: 0, written: 0, codes: [] }
  allSeen.set(id, seen)
  return seen
}

type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void

const handlers: Record<string, Handler> = {
  '/seen': (_request, response, url) => response.end(JSON.stringify(seenOf(url))),
  '/hear': (_request, response, url) => {
    seenOf(url).hear?.()
    response.end()
  },
  '/never': (_request, response, url) => opened(response, seenOf(url)),
  '/bytes': (_request, response, url) => response.end(new Uint8Array(Number(url.searchParams.get('n'))).fill(7)),
  '/echo': (request, response) => void request.pipe(response),
  '/busy': (_request, response) => response.writeHead(503, { 'retry-after': '7' }).end('busy'),
  '/reset': (_request, response) => {
    response.write('beginning')
    setTimeout(() => response.socket?.resetAndDestroy(), 20)
  },
  '/flood': (_request, response, url) => {
    const seen = seenOf(url)
    opened(response, seen)
    const megabyte = new Uint8Array(2 ** 20)
    const more = () => {
      while (!response.destroyed && seen.written < 2 ** 28 && response.write(megabyte)) seen.written += megabyte.length
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  },
  '/events': (_request, response, url) => {
    opened(response, seenOf(url))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const text of ['a', 'b', 'c']) response.write(`data: ${text}\n\n`)
  },
}

const socketHandlers: Record<string, (socket: WebSocket, seen: Seen) => void> = {
  '/echo': (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  '/silent': () => {},
  '/fails': (socket) => socket.close(1011, 'no database'),
  '/two': (socket) => {
    socket.send('a')
    socket.send('b')
    socket.close(1000)
  },
  '/drops': (socket, { count }) => {
    socket.send(`hello ${count}`)
    setTimeout(() => (count < 3 ? socket.terminate() : socket.close(1000)), 20)
  },
  '/many': (socket) => {
    for (let i = 0; i < 200; i++) socket.send(String(i))
  },
  '/deaf': (socket, seen) => {
    socket.pause()
    seen.hear = () => socket.resume()
  },
}

function opened(response: ServerResponse, seen: Seen): void {
  seen.open++
  seen.count++
  response.once('close', () => seen.open--)
}

function accepted(socket: WebSocket, request: IncomingMessage): void {
  const url = new URL(request.url ?? '/', 'http://host')
  const seen = seenOf(url)
  seen.open++
  seen.count++
  socket.on('close', (code) => {
    seen.open--
    seen.codes.push(code)
  })
  socketHandlers[url.pathname](socket, seen)
}

/** Returns the URL of a server that any page may ask, and its end. */
export async function startServer(): Promise<{ url: string; stop: () => void }> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://host')
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-expose-headers', 'retry-after')
    handlers[url.pathname](request, response, url)
  })
  const sockets = new WebSocketServer({ server }).on('connection', accepted)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const stop = () => {
    for (const client of sockets.clients) client.terminate()
    server.closeAllConnections()
    server.close()
  }
  return { url: `127.0.0.1:${(server.address() as AddressInfo).port}`, stop }
}
