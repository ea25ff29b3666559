/** Three upstreams on loopback: mostly fast, sometimes slow, now and then broken or silent. They count the aborted calls. */
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { random } from '../logs/random.js'
import type { Calls } from './report.js'
import type { Upstreams } from './service.js'

export interface Site extends AsyncDisposable {
  readonly upstreams: Upstreams
  readonly calls: Calls
}

export async function startUpstreams(seed: number): Promise<Site> {
  const calls = { received: 0, canceled: 0 }
  const chance = random(seed)
  const servers = [1, 2, 3].map(() =>
    createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      calls.received++
      response.once('close', () => void (response.writableFinished || calls.canceled++))
      respond(response, request.url ?? '', chance())
    }),
  )
  const [price, stock, reviews] = await Promise.all(servers.map(listening))
  const close = async (): Promise<void> => void (await Promise.all(servers.map(closed)))
  return { upstreams: { price, stock, reviews }, calls, [Symbol.asyncDispose]: close }
}

async function listening(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  await once(server.close(), 'close')
}

function respond(response: ServerResponse, path: string, kind: number): void {
  const body = JSON.stringify({ path })
  if (kind < 0.96) setTimeout(() => response.end(body), 5 + kind * 15)
  else if (kind < 0.99) setTimeout(() => response.end(body), 300)
  else if (kind < 0.995) response.writeHead(500).end()
  else if (kind < 0.998) response.destroy() // a hedge has the second call for that
  // else silence, until the caller gives up
}
