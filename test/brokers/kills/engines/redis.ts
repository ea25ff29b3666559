import { Redis } from 'ioredis'
import { plan } from 'millrace/redis'
import { partitionOf, streamOf } from '../../../../src/adapters/redis/partition.js'
import { RedisServer } from '../../redis/server.js'
import type { ServerPlace } from '../../server-process.js'
import type { KillBroker, KillEngine, KillSizes } from '../engine.js'

class RedisBroker implements KillBroker {
  /** The streams of `in`: one for each partition. */
  private readonly _streams: readonly string[]

  constructor(
    private readonly _server: RedisServer,
    private readonly _client: Redis,
    { use, partitions }: KillSizes,
  ) {
    this._streams = use === 'log' ? Array.from({ length: partitions }, (_, i) => streamOf('in', i)) : ['in']
  }

  get host(): string {
    return this._server.host
  }
  get port(): number {
    return this._server.port
  }
  kill(): Promise<void> {
    return this._server.kill()
  }
  start(): Promise<void> {
    return this._server.start()
  }
  async publish(first: number, end: number, keys: number): Promise<void> {
    const all = this._client.pipeline()
    for (let n = first; n < end; n++) {
      const key = String(n % keys)
      all.xadd(this._streams[partitionOf(key, this._streams.length)], '*', 'value', String(n), 'key', key)
    }
    for (const [error] of (await all.exec()) ?? []) if (error !== null) throw error
  }
  count(): Promise<number> {
    return this._client.xlen('out')
  }
  /** Settled messages are removed from their stream. */
  async left(): Promise<number> {
    let left = 0
    for (const stream of this._streams) left += await this._client.xlen(stream)
    return left
  }
  async values(): Promise<readonly number[]> {
    const all: number[] = []
    for (let after = '-'; ;) {
      const entries = await this._client.xrange('out', after, '+', 'COUNT', 5000)
      for (const [, fields] of entries) all.push(Number(fields[fields.indexOf('value') + 1]))
      if (entries.length < 5000) return all
      after = `(${entries[entries.length - 1][0]}`
    }
  }
  async stores(): Promise<boolean> {
    try {
      await this._client.xadd('out', '*', 'value', '-1')
      return true
    } catch {
      return false
    }
  }
  async close(): Promise<void> {
    this._client.disconnect()
    await this._server.close()
  }
}

const open =
  (settings: readonly string[]) =>
  async (sizes: KillSizes, place: ServerPlace): Promise<KillBroker> => {
    const server = new RedisServer(settings, place)
    await server.start()
    const { host, port } = server
    const client = new Redis({ host, port, retryStrategy: () => 50, maxRetriesPerRequest: 1 })
    client.on('error', () => {}) // the server is killed on purpose
    const { use, partitions } = sizes
    await plan(client, use === 'log' ? { log: 'in', partitions } : { queue: 'in' }).apply()
    return new RedisBroker(server, client, sizes)
  }

export const redis: KillEngine = {
  name: 'Redis',
  id: 'redis',
  uses: ['log', 'queue'],
  hasIds: true,
  unconfirmed: 256,
  points: 2,
  disk: 16,
  open: open([]),
}

/** With the sync of its file that is usual, and that goes on while the disk is full. */
export const redisEverySecond: KillEngine = { ...redis, name: 'Redis, everysec', open: open(['--appendfsync', 'everysec']) }
