/** Requests over sockets on loopback: what a server sees of a request that is given up, and of a body that is not read. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { background, chan, go, select, sleep } from 'millrace'
import { collect, fromIterable, fromOp, run } from 'millrace/operators'
import { fetchOp, receiverOf } from 'millrace/web'
import { fromBody, toReadableStream, writeToStream } from 'millrace/web/operators'
import { concatMap, take } from 'rxjs'
import { expect, it } from 'vitest'
import { bytes } from './streams.js'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

async function serving(handler: Handler) {
  /** The open sockets that have carried a request. After an abort Node's fetch opens a spare one, and closes it 3 s later. */
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    const { socket } = request
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    handler(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    sockets,
    [Symbol.dispose]() {
      server.closeAllConnections()
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

it('the server sees that a loser of a select has left, and no socket stays', async () => {
  let left = 0
  const other = chan<number>()
  using server = await serving((_request, response) => {
    response.once('close', () => left++)
    void go(() => other.send(1))
  })
  const chosen = await select({ response: fetchOp(server.url), other: other.receive() })
  expect(chosen.case).toBe('other')
  await until(() => left === 1 && server.sockets.size === 0)
})

it('a body that is not read frees its socket with `using`', async () => {
  using server = await serving((_request, response) => {
    response.write(bytes(100_000)) // and no end
  })
  await go(function* () {
    using response = yield* fetchOp(server.url)
    return response.status
  }).join()
  await until(() => server.sockets.size === 0)
})

it('a body of 8 MB is paced by its reader, and a reader that leaves closes the socket', async () => {
  let written = 0
  using server = await serving((_request, response) => {
    const more = () => {
      while (written < 64 * 2 ** 20 && response.write(bytes(2 ** 20))) written += 2 ** 20
      if (written < 64 * 2 ** 20) response.once('drain', more)
    }
    more()
  })
  const response = await fetchOp(server.url)
  const chunks = receiverOf(response.body as ReadableStream<Uint8Array<ArrayBuffer>>)
  await chunks.receive()
  await sleep(200)
  expect(written).toBeLessThan(32 * 2 ** 20) // the buffers of the sockets, and no more
  chunks.cancel()
  await until(() => server.sockets.size === 0)
})

it('a pipeline reads whole bodies, and part of one', async () => {
  using server = await serving((_request, response) => response.end(bytes(8 * 2 ** 20)))
  const body = fromOp(() => fetchOp(server.url)).pipe(concatMap(fromBody))
  const chunks = await collect(background, body).join()
  expect(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)).toBe(8 * 2 ** 20)
  expect(await collect(background, body.pipe(take(1))).join()).toHaveLength(1)
})

it('a connection that is reset in the middle fails with the error of fetch', async () => {
  using server = await serving((_request, response) => {
    response.write(bytes(1000))
    setTimeout(() => response.socket?.resetAndDestroy(), 20)
  })
  const body = fromOp(() => fetchOp(server.url)).pipe(concatMap(fromBody))
  await expect(collect(background, body).join()).rejects.toBeInstanceOf(Error)
})

it('a pipeline is the body of a request, and a stream writes a file of what comes back', async () => {
  using server = await serving((request, response) => void request.pipe(response))
  const source = toReadableStream(fromIterable(Array.from({ length: 8 }, (_, i) => bytes(2 ** 18, i))), { type: 'bytes' })
  const request = fetchOp(server.url, {
    method: 'POST',
    body: source,
    duplex: 'half',
  } as never)
  let size = 0
  const file = new WritableStream<Uint8Array>({ write: (chunk) => void (size += chunk.byteLength) })
  await run(background, fromOp(() => request).pipe(concatMap(fromBody), writeToStream(file))).join()
  expect(size).toBe(2 ** 21)
})
