/** Redis as the subject of the laws of brokers: streams of its own for each run, and a worker behind a proxy that can be cut. */
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { background } from 'millrace'
import { outgoing, publishing } from '../../../src/adapters/broker/outgoing.js'
import type { Delivery } from 'millrace/broker'
import { fromRedis, plan, toRedis } from 'millrace/redis'
import type { BrokerLawLink, BrokerLawSubject, BrokerSettings, OpenBroker, StoredMessage } from 'millrace/testing'
import type { Observable, OperatorFunction } from 'rxjs'
import { afterAll, beforeAll } from 'vitest'
import { Proxy } from '../proxy.js'
import { RedisServer } from './server.js'

let runs = 0

/** Errors of connections are the business of the owner of a client: the server is killed here on purpose. */
export function clientAt(port: number, more: { readonly password?: string; readonly lazyConnect?: boolean } = {}): Redis {
  const client = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 50, ...more })
  client.on('error', () => {})
  return client
}

/** A server for the tests of a file, and a client of it. */
export function serverForTests(): { readonly server: RedisServer; readonly client: Redis } {
  const server = new RedisServer()
  const client = clientAt(0, { lazyConnect: true })
  beforeAll(async () => {
    await server.start()
    client.options.port = server.port
  })
  afterAll(async () => {
    client.disconnect()
    await server.close()
  })
  return { server, client }
}

export const openRedis =
  (server: RedisServer, use: 'log' | 'queue'): OpenBroker =>
  async ({ partitions, lease, window }: BrokerSettings): Promise<BrokerLawSubject> => {
    const run = `run ${runs++}`
    const client = clientAt(server.port)
    const name = (topic: string): string => `${run}: ${topic}`
    const ofLog = use === 'log' ? { partitions } : {}
    await plan(client, use === 'log' ? { log: name('in'), partitions } : { queue: name('in') }).apply()
    const publisher = toRedis(client, { stream: name('in'), ...ofLog })
    const links: RedisLink[] = []
    return {
      publish: (_topic, value, options) => publishing(background, outgoing(value, options), publisher).join(),
      async connect() {
        const link = new RedisLink({ name, partitions, lease, window })
        links.push(link)
        await link.open(server.port)
        return link
      },
      messages: async (topic) => (await client.xrange(name(topic), '-', '+')).map(([, fields]) => storedOf(fields)),
      kill: () => server.kill(),
      restart: () => server.start(),
      async close() {
        for (const link of links) await link.cut()
        client.disconnect()
      },
    }
  }

async function ended(client: Redis): Promise<void> {
  if (client.status === 'end') return
  const end = once(client, 'end')
  client.disconnect()
  await end
}

function storedOf(fields: readonly string[]): StoredMessage {
  const of = (name: string): string | null => (fields.includes(name) ? fields[fields.indexOf(name) + 1] : null)
  const headers = JSON.parse(of('headers') ?? '{}') as Record<string, string> // as `toRedis` stores them
  return { value: JSON.parse(of('value') ?? 'null') as unknown, key: of('key'), headers: new Map(Object.entries(headers)) }
}

interface LinkSettings extends BrokerSettings {
  readonly name: (topic: string) => string
}

class RedisLink implements BrokerLawLink {
  private _client: Redis | null = null
  private readonly _all: Redis[] = []
  private _proxy: Proxy | null = null
  private _isCut = false

  constructor(private readonly _settings: LinkSettings) {}

  async open(port: number): Promise<void> {
    this._proxy = new Proxy(port)
    const client = (this._client = clientAt(await this._proxy.listen()))
    this._all.push(client)
    const duplicate = client.duplicate.bind(client)
    client.duplicate = (override) => {
      const made = duplicate({ ...override, lazyConnect: this._isCut })
      if (this._isCut) made.disconnect() // a process that was killed makes no connection
      this._all.push(made)
      return made
    }
  }
  private get _opened(): Redis {
    return this._client as Redis // opened
  }
  from<T>({ queue, log, ...options }: Parameters<BrokerLawLink['from']>[0]): Observable<Delivery<T>> {
    const { name, partitions, lease, window } = this._settings
    const of = log === undefined ? { queue: name(queue ?? '') } : { log: name(log), partitions }
    return fromRedis<T>(this._opened, { ...options, ...of, lease, window })
  }
  to<T>({ topic }: { readonly topic: string }): OperatorFunction<Delivery<T>, Delivery<T>> {
    return toRedis<T>(this._opened, { stream: this._settings.name(topic) })
  }
  async cut(): Promise<void> {
    this._isCut = true
    this._proxy?.cut()
    await Promise.all(this._all.map(ended))
  }
  suspend(): void {
    this._proxy?.hold(true)
  }
  resume(): void {
    this._proxy?.hold(false)
  }
}
