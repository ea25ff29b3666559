/**
 * A server of server-sent events: `server-sent-events.ts [port] [ms between events]`. Each client has its own pace: it gets the newest state when its socket has
 * room, and what it has missed is counted.
 */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterFunc, chan, fromPromise, range, scope, sliding, ticker, type Chan, type Context } from 'millrace'
import { main, requestContext, senderOf, serveUntil } from 'millrace/node'

const [port = '0', every = '1000'] = process.argv.slice(2)
const clients = new Set<Chan<number>>()

main(
  (ctx, intake) =>
    scope(ctx, function* everybody(s) {
      s.go(count)
      const server = createServer((request, response) => {
        const client = requestContext(request, response, { parent: intake }) // a drain ends the streams
        s.go(serve, client, response)
      })
      server.listen(Number(port), '127.0.0.1')
      yield* fromPromise(once(server, 'listening'))
      console.log(`listening on ${(server.address() as AddressInfo).port}`)
      yield* serveUntil(server, { intake, ctx })
    }),
  { drain: 1_000 },
)

function* count(): Generator<never, void> {
  const ticks = ticker(Number(every))
  for (let n = 1; ; n++) {
    yield* ticks.receive()
    for (const { trySend } of clients) trySend(n)
  }
}

function* serve(ctx: Context, response: ServerResponse): Generator<never, void> {
  const news = chan<number>(sliding(1))
  clients.add(news)
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.flushHeaders()
  const out = senderOf<string>(response)
  afterFunc(ctx, () => {
    clients.delete(news)
    news.close()
  })
  let last = 0
  for (const it = range(news); yield* it.next();) {
    const sent = yield* out.send(`id: ${it.value}\ndata: {"count":${it.value},"missed":${it.value - last - 1}}\n\n`).attempt()
    if (sent._tag === 'Left') break // the client has left
    last = it.value
  }
  response.end()
}
