/**
 * A proxy in front of an origin: `http-proxy.ts http://127.0.0.1:8080 [port]`. Bodies pass both ways at the speed of the slower side, a client
 * that leaves aborts the request to the origin, and SIGTERM drains.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { go, type Context } from 'millrace'
import { main, requestContext, serveUntil } from 'millrace/node'
import { writeTo } from 'millrace/node/operators'
import { run } from 'millrace/operators'
import { fetchOp } from 'millrace/web'
import { fromBody } from 'millrace/web/operators'

/** `fetch` has unpacked the body. */
const UNPACKED = new Set(['content-encoding', 'content-length', 'transfer-encoding', 'connection'])

const [origin, port = '0'] = process.argv.slice(2)

main(
  function* (ctx, intake) {
    const server = createServer((request, response) => void go(forward, ctx, request, response))
    server.listen(Number(port), '127.0.0.1', () => console.log(`listening on ${(server.address() as AddressInfo).port}`))
    yield* serveUntil(server, { intake, ctx })
  },
  { drain: 10_000 },
)

function* forward(service: Context, request: IncomingMessage, response: ServerResponse): Generator<never, void> {
  using ctx = requestContext(request, response, { parent: service, timeout: 60_000 })
  const { method = 'GET', url = '/', headers } = request
  const { host: _host, connection: _connection, 'transfer-encoding': _encoding, ...passed } = headers as Record<string, string>
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const body = hasBody ? { body: Readable.toWeb(request) as ReadableStream, duplex: 'half' as const } : {}
  const found = yield* fetchOp(origin + url, { ctx, method, headers: passed, redirect: 'manual', ...body }).attempt()
  if (found._tag === 'Left') return void response.writeHead(502).end('the origin does not respond\n')

  using answer = found.right
  response.statusCode = answer.status
  answer.headers.forEach((value, name) => void (UNPACKED.has(name) || response.appendHeader(name, value)))
  yield* run(ctx, fromBody(answer).pipe(writeTo(response)))
    .join()
    .attempt() // a side that has left
}
