/** A site on loopback that records the times of the requests, the number at once, and the aborted ones. */
import { EventEmitter, once } from 'node:events'
import { type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface WatchedSite extends AsyncDisposable {
  readonly url: (path: string | number) => string
  /** The requested paths, in order, and the times of the requests. */
  readonly paths: readonly string[]
  readonly times: readonly number[]
  /** The times at which a client aborted an open request. */
  readonly abandoned: readonly number[]
  /** The largest number of open requests at once. */
  readonly most: number
  /** Resolves when this many requests have come, or were aborted, in all. */
  seen(what: 'requests' | 'abandoned', count: number): Promise<void>
}

export async function watchSite(answer: (path: string, response: ServerResponse) => void): Promise<WatchedSite> {
  const paths: string[] = []
  const times: number[] = []
  const abandoned: number[] = []
  const changes = new EventEmitter()
  let underWay = 0
  let most = 0

  const server = createServer((request, response) => {
    const path = (request.url ?? '').slice(1)
    paths.push(path)
    times.push(performance.now())
    most = Math.max(most, ++underWay)
    response.once('close', () => {
      underWay--
      if (!response.writableFinished) abandoned.push(performance.now())
      changes.emit('change')
    })
    changes.emit('change')
    answer(path, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    url: (path) => `http://127.0.0.1:${port}/${path}`,
    paths,
    times,
    abandoned,
    get most() {
      return most
    },
    async seen(what, count) {
      const list = what === 'requests' ? times : abandoned
      while (list.length < count) await once(changes, 'change')
    },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
