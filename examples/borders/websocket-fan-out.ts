/**
 * A WebSocket server that passes each message to all clients: `websocket-fan-out.ts [port]`. A client that is slow misses the oldest of its
 * messages; the others do not wait for it.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterFunc, chan, fromPromise, range, scope, sliding, type Chan, type Context } from 'millrace'
import { eventsOf, main, receiverOf, senderOf, serveUntil } from 'millrace/node'
import { WebSocketServer, createWebSocketStream, type WebSocket } from 'ws'

/** The messages that wait for each client. */
const clients = new Set<Chan<string>>()

main(
  (ctx, intake) =>
    scope(ctx, function* everybody(s) {
      const server = createServer()
      const sockets = eventsOf<WebSocket>(new WebSocketServer({ server }), 'connection')
      server.listen(Number(process.argv[2] ?? 0), '127.0.0.1')
      yield* fromPromise(once(server, 'listening'))
      console.log(`listening on ${(server.address() as AddressInfo).port}`)
      s.go(function* accept() {
        for (const it = range(sockets); yield* it.next();) s.go(serve, intake, s.ctx, it.value)
      })
      yield* serveUntil(server, { intake, ctx })
    }),
  { drain: 1_000 },
)

function* serve(intake: Context, ctx: Context, socket: WebSocket): Generator<never, void> {
  const stop = afterFunc(intake, () => socket.close(1001, 'the server ends'))
  const waiting = chan<string>(sliding(100))
  clients.add(waiting)
  const stream = createWebSocketStream(socket, { encoding: 'utf8', decodeStrings: false })
  const sending = scope(ctx, function* client(s) {
    s.go(send, waiting, stream)
    for (const it = range(receiverOf<string>(stream)); yield* it.next();) for (const { trySend } of clients) trySend(it.value)
  })
  yield* sending.attempt() // a connection that breaks is the end of one client
  stop()
  clients.delete(waiting)
  stream.destroy()
}

function* send(waiting: Chan<string>, stream: Parameters<typeof senderOf>[0]): Generator<never, void> {
  const out = senderOf<string>(stream)
  for (const it = range(waiting); yield* it.next();) {
    if ((yield* out.send(it.value).attempt())._tag === 'Left') return // the client has left
  }
}
