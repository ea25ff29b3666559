/** Redis as the subject of the laws of brokers: streams of its own for each run, and a worker behind proxies that can be cut. */
import { once } from 'node:events'
import { Redis, type Cluster } from 'ioredis'
import { background } from 'millrace'
import { outgoing, publishing } from '../../../src/adapters/broker/outgoing.js'
import { streamOf } from '../../../src/adapters/redis/partition.js'
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

/** The way of a worker to the servers. */
export interface WorkerWay {
  readonly client: Redis | Cluster
  /** As the end of the process. */
  cut(): Promise<void>
  hold(isHeld: boolean): void
}

/** A server or a cluster. */
export interface RedisPlace {
  connect(): Redis | Cluster
  connectWorker(): Promise<WorkerWay>
  /** Kills the server that has a stream. */
  kill(stream: string): Promise<void>
  restart(): Promise<void>
}

export const openRedis = (server: RedisServer, use: 'log' | 'queue'): OpenBroker =>
  openAt(
    {
      connect: () => clientAt(server.port),
      connectWorker: () => ServerWay.open(server.port),
      kill: () => server.kill(),
      restart: () => server.start(),
    },
    use,
  )

export const openAt =
  (place: RedisPlace, use: 'log' | 'queue'): OpenBroker =>
  async ({ partitions, lease, window }: BrokerSettings): Promise<BrokerLawSubject> => {
    const run = `run ${runs++}`
    const client = place.connect()
    const name = (topic: string): string => `${run}: ${topic}`
    const ofLog = use === 'log' ? { partitions } : {}
    await plan(client, use === 'log' ? { log: name('in'), partitions } : { queue: name('in') }).apply()
    const publisher = toRedis(client, { stream: name('in'), ...ofLog })
    const links: RedisLink[] = []
    return {
      publish: (_topic, value, options) => publishing(background, outgoing(value, options), publisher).join(),
      async connect() {
        const link = new RedisLink({ name, partitions, lease, window }, await place.connectWorker())
        links.push(link)
        return link
      },
      messages: async (topic) => (await client.xrange(name(topic), '-', '+')).map(([, fields]) => storedOf(fields)),
      kill: () => place.kill(use === 'log' ? streamOf(name('in'), 0) : name('in')),
      restart: () => place.restart(),
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
  constructor(
    private readonly _settings: LinkSettings,
    private readonly _way: WorkerWay,
  ) {}

  from<T>({ queue, log, ...options }: Parameters<BrokerLawLink['from']>[0]): Observable<Delivery<T>> {
    const { name, partitions, lease, window } = this._settings
    const of = log === undefined ? { queue: name(queue ?? '') } : { log: name(log), partitions }
    return fromRedis<T>(this._way.client, { ...options, ...of, lease, window })
  }
  to<T>({ topic }: { readonly topic: string }): OperatorFunction<Delivery<T>, Delivery<T>> {
    return toRedis<T>(this._way.client, { stream: this._settings.name(topic) })
  }
  cut(): Promise<void> {
    return this._way.cut()
  }
  suspend(): void {
    this._way.hold(true)
  }
  resume(): void {
    this._way.hold(false)
  }
}

class ServerWay implements WorkerWay {
  private readonly _all: Redis[]
  private _isCut = false

  private constructor(
    private readonly _proxy: Proxy,
    readonly client: Redis,
  ) {
    this._all = [client]
    const duplicate = client.duplicate.bind(client)
    client.duplicate = (override) => {
      const made = duplicate({ ...override, lazyConnect: this._isCut })
      if (this._isCut) made.disconnect() // a process that was killed makes no connection
      this._all.push(made)
      return made
    }
  }

  static async open(port: number): Promise<ServerWay> {
    const proxy = new Proxy(port)
    return new ServerWay(proxy, clientAt(await proxy.listen()))
  }
  async cut(): Promise<void> {
    this._isCut = true
    this._proxy.cut()
    await Promise.all(this._all.map(ended))
  }
  hold(isHeld: boolean): void {
    this._proxy.hold(isHeld)
  }
}
