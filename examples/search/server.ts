/** The server: the page through vite, the cities, and the temperatures over a WebSocket. `npm run search` prints its address. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fromPromise, go, sleep, ticker, type Context } from 'millrace'
import { main, requestContext, serveUntil } from 'millrace/node'
import { createServer as createVite } from 'vite'
import { WebSocketServer } from 'ws'
import { servedPage } from '../pages.js'

const CITIES = ['Aachen', 'Aalborg', 'Bern', 'Berlin', 'Bergen', 'Cadiz', 'Cairo', 'Delft', 'Dublin', 'Essen', 'Exeter']
/** ms between two temperatures, and the number of them. */
const [EVERY, CHANGES] = [2, 1_000]

/** Requests as the server has seen them: their text, and whether the client left. */
const seen: { text: string; end: 'responded' | 'refused' | 'left' | null }[] = []

main(
  function* (ctx, intake) {
    const vite = yield* fromPromise(
      createVite({
        ...servedPage('search'),
        server: { middlewareMode: true, hmr: false, ws: false, watch: null, fs: { strict: false } },
      }),
    )
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://server')
      if (url.pathname === '/api/seen') response.end(JSON.stringify(seen))
      else if (url.pathname === '/api/cities') go(respond, ctx, request, response, url.searchParams.get('q') ?? '')
      else vite.middlewares(request, response)
    })
    const sockets = new WebSocketServer({ server, path: '/live' })
    sockets.on('connection', (socket) => {
      const sending = go(temperatures, (text) => socket.send(text))
      socket.on('close', () => sending.cancel())
    })
    server.listen(Number(process.argv[2] ?? 0), '127.0.0.1')
    yield* fromPromise(once(server, 'listening'))
    console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    yield* serveUntil(server, { intake, ctx: intake })
    yield* fromPromise(vite.close())
  },
  { drain: 2_000 },
)

/** Short texts are slow, as many cities match. The first request for `b` and everything that follows it is refused. */
function* respond(service: Context, request: IncomingMessage, response: ServerResponse, text: string): Generator<never, void> {
  using ctx = requestContext(request, response, { parent: service })
  const isFirst = !seen.some((entry) => entry.text === text)
  const entry: (typeof seen)[number] = { text, end: null }
  seen.push(entry)
  const waited = yield* sleep(text.length === 1 ? 2_000 : 20)
    .within(ctx)
    .attempt()
  if (waited._tag === 'Left') entry.end = 'left'
  else if (text.startsWith('b') && isFirst) {
    entry.end = 'refused'
    response.writeHead(503).end()
  } else {
    entry.end = 'responded'
    response.end(JSON.stringify(CITIES.filter((city) => city.toLowerCase().startsWith(text.toLowerCase()))))
  }
}

/** Each city counts up; at the end all have the same temperature. */
function* temperatures(send: (text: string) => void): Generator<never, void> {
  const ticks = ticker(EVERY)
  for (let n = 0; n < CHANGES; n++) {
    yield* ticks.receive()
    send(JSON.stringify({ [CITIES[n % CITIES.length]]: Math.floor(n / CITIES.length) }))
  }
  for (const city of CITIES) send(JSON.stringify({ [city]: 100 }))
}
