/** Three upstreams: real servers on loopback that are mostly fast, sometimes slow, broken or silent. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Context } from 'millrace'
import { Random } from '../../../src/runtime/base/random.js'
import type { Ask, Upstreams } from './service.js'

export interface Site {
  readonly upstreams: Upstreams
  readonly close: () => Promise<void>
}

export class UpstreamFailed extends Error {}

export async function startUpstreams(seed: number): Promise<Site> {
  const random = new Random(seed)
  const [users, prices, stock] = await Promise.all([start(random), start(random), start(random)])
  return {
    upstreams: { users: users.ask, prices: prices.ask, stock: stock.ask },
    async close() {
      await Promise.all([users.close(), prices.close(), stock.close()])
    },
  }
}

async function start(random: Random): Promise<{ ask: Ask; close: () => Promise<void> }> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => respond(request.url ?? '', response, random))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    ask: (ctx, path) => ask(ctx, origin + path),
    async close() {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}

function respond(path: string, response: ServerResponse, random: Random): void {
  const kind = random.below(1000)
  if (kind < 900) setTimeout(() => response.end(path), random.below(5))
  else if (kind < 970) setTimeout(() => response.end(path), 30 + random.below(30))
  else if (kind < 985) response.writeHead(500).end()
  else if (kind < 995) response.destroy()
  // else silence, until the caller gives up
}

async function ask(ctx: Context, url: string): Promise<string> {
  const response = await fetch(url, { signal: ctx.signal })
  const text = await response.text()
  if (!response.ok) throw new UpstreamFailed(`${url}: status ${response.status}`)
  return text
}
