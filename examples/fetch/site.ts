/** A site on loopback to try the fetcher on: 300 pages, of which some are slow, some missing, one hangs and one resets the connection. */
import { once } from 'node:events'
import { type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { go, sleep } from 'millrace'

const PAGES = 300
const SLOW = 400

export interface Site extends AsyncDisposable {
  readonly urls: readonly string[]
}

export async function startSite(): Promise<Site> {
  const server = createServer((request, response) => answer(Number(request.url?.split('/').pop()), response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    urls: Array.from({ length: PAGES }, (_, i) => `http://127.0.0.1:${port}/pages/${i + 1}`),
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function answer(page: number, response: ServerResponse): void {
  const body = `<title>Page ${page}</title>\n${`page ${page}\n`.repeat(page)}`
  if (page === 100) return // hangs
  if (page === 200) response.socket?.resetAndDestroy()
  else if (page % 30 === 7) response.writeHead(404).end('no such page\n')
  else if (page % 15 === 3) go(answerSlowly, response, body)
  else response.end(body)
}

function* answerSlowly(response: ServerResponse, body: string): Generator<never, void> {
  yield* sleep(SLOW)
  response.end(body)
}
